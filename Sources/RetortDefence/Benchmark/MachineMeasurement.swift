import RetortDriver
import RetortFormats
import RetortIR
import RetortKernels
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor

/// What this machine can do at most, so that other figures read as fractions of it.
package struct MachineMeasurement {
  /// One limit.
  package struct Limit: Sendable {
    package let name: String
    package let threadCount: Int
    package let unit: String
    /// The best of several tries.
    package let value: Double

    package var json: JSONValue {
      .object([
        "what": .string(name), "threads": .number(threadCount), "unit": .string(unit),
        "best": .number(value, decimals: 2),
      ])
    }
  }

  private static let tries = 7
  private static let clock = ContinuousClock()

  /// Fused multiply-adds, Retort's own and OpenBLAS's product of 2048³, and streams of arrays that
  /// fit the second-level cache, the third, and neither; with one thread, then with all.
  package static func limits(
    threadCount: Int, _ visit: (Limit) throws -> Void
  ) throws {
    for threads in Set([1, threadCount]).sorted() {
      let pool = ThreadPool(threadCount: threads)
      func limit(_ name: String, _ unit: String, _ value: Double) -> Limit {
        Limit(name: name, threadCount: threads, unit: unit, value: value)
      }
      try visit(limit("fma_peak", "GFLOP/s", multiplyAdds(pool)))
      for backend in [Backend.simd, .blas] {
        let name = backend == .simd ? "own_product_2048" : "openblas_product_2048"
        try visit(limit(name, "GFLOP/s", try product(backend, pool)))
      }
      for (place, kibibytes) in [("L2", 192), ("L3", 3072), ("DRAM", 131_072)] {
        let (read, triad) = try streams(kibibytes: kibibytes, pool)
        try visit(limit("read_\(place)", "GB/s", read))
        try visit(limit("triad_\(place)", "GB/s", triad))
      }
    }
  }

  /// Thousand millions a second, the best of several tries. `work` says how much it does.
  private static func best(_ work: () -> Int) -> Double {
    var best = 0.0
    for _ in 0..<tries {
      let start = clock.now
      let amount = work()
      best = max(best, Double(amount) / ((clock.now - start) / .nanoseconds(1)))
    }
    return best
  }

  private static func multiplyAdds(_ pool: ThreadPool) -> Double {
    let rounds = 4_000_000
    let flops = MachineLimits.multiplyAdd(rounds: 1).flops * rounds
    return best {
      pool.run(tiles: pool.threadCount) { _, _ in
        // Asked of the result, so that the loop stays.
        precondition(MachineLimits.multiplyAdd(rounds: rounds).witness < 1e9)
      }
      return flops * pool.threadCount
    }
  }

  private static func product(_ backend: Backend, _ pool: ThreadPool) throws -> Double {
    let side = 2048
    let type = TensorType(.f32, [side, side])
    var builder = GraphBuilder(name: "product")
    let a = builder.input("a", type), b = builder.input("b", type)
    let c = builder.add(MatMul(), [a, b])
    let graph = builder.finish(outputs: [GraphOutput(value: c, name: "c", role: .result)])
    let program = try Program(
      try Pipeline.run(graph, through: .planned).graph,
      options: ProgramOptions(backend: backend, pool: pool))
    for input in graph.inputs {
      BenchmarkData.write(input: input, program.view(ofInput: input.name)!)
    }
    return best {
      program.run()
      return 2 * side * side * side
    }
  }

  /// Each thread on arrays of its own.
  private static func streams(
    kibibytes: Int, _ pool: ThreadPool
  ) throws -> (read: Double, triad: Double) {
    // A try goes over half a gibibyte a thread.
    let count = kibibytes * 256, repeats = max(1, 524_288 / kibibytes / 3)
    let byteCount = 3 * 4 * count
    let arena = try Arena(byteCount: byteCount * pool.threadCount)
    func array(_ worker: Int) -> UnsafeMutablePointer<Float> {
      (arena.base + worker * byteCount).assumingMemoryBound(to: Float.self)
    }
    // Zero pages are one page until they are written.
    for worker in 0..<pool.threadCount { array(worker).update(repeating: 1, count: 3 * count) }
    let read = best {
      pool.run(tiles: pool.threadCount) { tile, _ in
        let (_, sum) = MachineLimits.read(array(tile), count: 3 * count, repeats: repeats)
        precondition(sum >= 0)
      }
      return 4 * (3 * count & ~63) * repeats * pool.threadCount
    }
    let triad = best {
      pool.run(tiles: pool.threadCount) { tile, _ in
        _ = MachineLimits.triad(array(tile), count: count, repeats: repeats)
      }
      return 12 * count * repeats * pool.threadCount
    }
    return (read, triad)
  }
}
