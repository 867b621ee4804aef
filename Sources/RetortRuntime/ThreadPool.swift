import Glibc
import Synchronization

/// Persistent threads that share out the tiles of one task at a time.
///
/// Which thread runs a tile is left to chance; tiles must therefore be independent, and their
/// number must not depend on the thread count. A run allocates nothing. Runs asked for by several
/// threads follow one another; a tile must not start a run on its own pool.
package final class ThreadPool: Sendable {
  /// `(context, tile, worker)`: workers are numbered from 0, the caller's thread, below
  /// `threadCount`, and a worker runs one tile at a time.
  package typealias Body = @convention(c) (UnsafeRawPointer, Int, Int) -> Void

  /// The calling thread included.
  package let threadCount: Int
  private let crew: Crew
  private let threads: [pthread_t]

  /// Starts `threadCount - 1` threads; by default one a processor that is online.
  package init(threadCount: Int = ThreadPool.processorCount) {
    precondition(threadCount >= 1, "a pool has at least the calling thread")
    let crew = Crew()
    self.crew = crew
    var threads: [pthread_t] = []
    // Results do not depend on the count, so what the system gives is enough.
    while threads.count + 1 < threadCount, let thread = Self.start(crew, threads.count + 1) {
      threads.append(thread)
    }
    self.threads = threads
    self.threadCount = threads.count + 1
  }

  deinit {
    crew.stop()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// The most threads that a user can ask for: more than any machine has processors for.
  package static let threadLimit = 1024

  /// The processors that are online; glibc's call for those that the process may use is not imported.
  package static var processorCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

  /// Runs `body` once for each tile in `0..<tiles` and returns when all are done.
  package func run(tiles: Int, context: UnsafeRawPointer, _ body: Body) {
    if tiles <= 1 || threadCount == 1 {
      for tile in 0..<tiles { body(context, tile, 0) }
    } else {
      crew.run(tiles: tiles, helpers: threadCount - 1, context: context, body)
    }
  }

  /// As above for a closure `(tile, worker)`.
  package func run(tiles: Int, _ body: (Int, Int) -> Void) {
    withoutActuallyEscaping(body) { escapable in
      var closure = escapable
      withUnsafePointer(to: &closure) { pointer in
        run(tiles: tiles, context: UnsafeRawPointer(pointer)) { context, tile, worker in
          context.assumingMemoryBound(to: ((Int, Int) -> Void).self).pointee(tile, worker)
        }
      }
    }
  }

  /// Nil where the system gives no further thread.
  private static func start(_ crew: Crew, _ worker: Int) -> pthread_t? {
    let ticket = Unmanaged.passRetained(Ticket(crew: crew, worker: worker))
    var thread = pthread_t()
    let status = pthread_create(
      &thread, nil,
      { argument in
        let ticket = Unmanaged<Ticket>.fromOpaque(argument!).takeRetainedValue()
        ticket.crew.work(ticket.worker)
        return nil
      }, ticket.toOpaque())
    guard status == 0 else {
      ticket.release()
      return nil
    }
    return thread
  }

  private final class Ticket {
    let crew: Crew
    let worker: Int
    init(crew: Crew, worker: Int) {
      self.crew = crew
      self.worker = worker
    }
  }
}

/// What the threads of a pool share.
///
/// The tiles left and the number of the task stand in one word, so that a thread which wakes up
/// late can never take a tile of a task it does not know. The other fields of a task are read only
/// between claiming a tile and reporting it done; the task cannot end before.
private final class Crew: @unchecked Sendable {
  private let open = Atomic<UInt64>(0)
  private let done = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let callerSleeps = Atomic<Bool>(false)
  private let stopping = Atomic<Bool>(false)

  private var body: ThreadPool.Body = { _, _, _ in }
  private var context: UnsafeRawPointer
  private var total = 0
  private var task: UInt64 = 0

  private let turn: UnsafeMutablePointer<pthread_mutex_t>
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let wake: UnsafeMutablePointer<pthread_cond_t>
  private let finished: UnsafeMutablePointer<pthread_cond_t>

  /// How often a thread looks again before it sleeps: some tens of microseconds, about what waking
  /// it would cost.
  private static let spins = 20_000

  init() {
    turn = .allocate(capacity: 1)
    lock = .allocate(capacity: 1)
    wake = .allocate(capacity: 1)
    finished = .allocate(capacity: 1)
    context = UnsafeRawPointer(lock)
    pthread_mutex_init(turn, nil)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(wake, nil)
    pthread_cond_init(finished, nil)
  }

  deinit {
    pthread_cond_destroy(finished)
    pthread_cond_destroy(wake)
    pthread_mutex_destroy(lock)
    pthread_mutex_destroy(turn)
    finished.deallocate()
    wake.deallocate()
    lock.deallocate()
    turn.deallocate()
  }

  func run(
    tiles: Int, helpers: Int, context: UnsafeRawPointer, _ body: ThreadPool.Body
  ) {
    precondition(tiles <= Int(UInt32.max), "too many tiles")
    pthread_mutex_lock(turn)
    self.body = body
    self.context = context
    total = tiles
    task &+= 1
    done.store(0, ordering: .relaxed)
    open.store(task << 32 | UInt64(tiles), ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 {
      pthread_mutex_lock(lock)
      if tiles > helpers {
        pthread_cond_broadcast(wake)
      } else {
        for _ in 1..<tiles { pthread_cond_signal(wake) }
      }
      pthread_mutex_unlock(lock)
    }
    while performNext(worker: 0) {}
    waitUntilDone(tiles)
    pthread_mutex_unlock(turn)
  }

  func work(_ worker: Int) {
    while !stopping.load(ordering: .acquiring) {
      if performNext(worker: worker) { continue }
      var looks = 0
      while !hasWork, looks < Self.spins { looks += 1 }
      if !hasWork { sleep() }
    }
  }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    pthread_mutex_lock(lock)
    pthread_cond_broadcast(wake)
    pthread_mutex_unlock(lock)
  }

  private var hasWork: Bool {
    open.load(ordering: .sequentiallyConsistent) & 0xFFFF_FFFF != 0
      || stopping.load(ordering: .relaxed)
  }

  /// Claims a tile and runs it; false if none is left.
  private func performNext(worker: Int) -> Bool {
    var state = open.load(ordering: .acquiring)
    while true {
      let left = Int(state & 0xFFFF_FFFF)
      guard left > 0 else { return false }
      let (exchanged, original) = open.weakCompareExchange(
        expected: state, desired: state - 1, ordering: .acquiringAndReleasing)
      guard exchanged else {
        state = original
        continue
      }
      let tiles = total
      body(context, tiles - left, worker)
      let (_, now) = done.add(1, ordering: .sequentiallyConsistent)
      if now == tiles, callerSleeps.load(ordering: .sequentiallyConsistent) {
        pthread_mutex_lock(lock)
        pthread_cond_signal(finished)
        pthread_mutex_unlock(lock)
      }
      return true
    }
  }

  private func sleep() {
    pthread_mutex_lock(lock)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while !hasWork { pthread_cond_wait(wake, lock) }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(lock)
  }

  private func waitUntilDone(_ tiles: Int) {
    var looks = 0
    while done.load(ordering: .acquiring) < tiles {
      looks += 1
      guard looks >= Self.spins else { continue }
      pthread_mutex_lock(lock)
      callerSleeps.store(true, ordering: .sequentiallyConsistent)
      while done.load(ordering: .sequentiallyConsistent) < tiles {
        pthread_cond_wait(finished, lock)
      }
      callerSleeps.store(false, ordering: .sequentiallyConsistent)
      pthread_mutex_unlock(lock)
    }
  }
}
