import RetortRuntime
import Synchronization
import Testing

@Test func everyTileRunsExactlyOnce() {
  for threads in [1, 2, 3, 7] {
    let pool = ThreadPool(threadCount: threads)
    for tiles in [0, 1, 2, 5, 100, 1000] {
      let counts = (0..<tiles).map { _ in Counter() }
      pool.run(tiles: tiles) { tile, worker in
        counts[tile].value.add(1, ordering: .relaxed)
        #expect(worker >= 0 && worker < threads)
      }
      #expect(counts.allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
    }
  }
}

@Test func workersRunOneTileAtATime() {
  let pool = ThreadPool(threadCount: 4)
  let busy = (0..<4).map { _ in Counter() }
  let clashes = Counter()
  pool.run(tiles: 500) { _, worker in
    if busy[worker].value.add(1, ordering: .relaxed).newValue > 1 {
      clashes.value.add(1, ordering: .relaxed)
    }
    busy[worker].value.subtract(1, ordering: .relaxed)
  }
  #expect(clashes.value.load(ordering: .relaxed) == 0)
}

@Test func manyShortTasksFollowOneAnother() {
  let pool = ThreadPool(threadCount: 3)
  let total = Counter()
  for _ in 0..<3000 {
    pool.run(tiles: 4) { _, _ in total.value.add(1, ordering: .relaxed) }
  }
  #expect(total.value.load(ordering: .relaxed) == 12_000)
}

@Test func aPoolEndsWithItsThreadsAsleep() {
  for _ in 0..<20 {
    let pool = ThreadPool(threadCount: 3)
    pool.run(tiles: 3) { _, _ in }
  }
}

private final class Counter: Sendable {
  let value = Atomic<Int>(0)
}
