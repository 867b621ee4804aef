import Glibc
import RetortKernels

/// The most that the processor can compute, measured: what profiles rate figures against.
package enum ProcessorPeak {
  /// Operations a second that the pool's threads reach together with fused multiply-adds in
  /// registers: the best of the launches that fit into the time.
  package static func measure(_ pool: ThreadPool, milliseconds: Int = 50) -> Double {
    let rounds = 20_000
    let tiles = 8 * pool.threadCount
    let deadline = ContinuousClock.now + .milliseconds(milliseconds)
    // One place a worker, apart, so that no store is shared.
    var sums = [Float](repeating: 0, count: 32 * pool.threadCount)
    var best = 0.0
    repeat {
      let start = ContinuousClock.now
      sums.withUnsafeMutableBufferPointer { sums in
        nonisolated(unsafe) let sums = sums
        pool.run(tiles: tiles) { _, worker in
          sums[32 * worker] += MachineLimits.multiplyAdd(rounds: rounds).witness
        }
      }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      let flops = tiles * MachineLimits.multiplyAdd(rounds: 1).flops * rounds
      best = max(best, Double(flops) / seconds)
    } while ContinuousClock.now < deadline
    return sums.allSatisfy(\.isFinite) ? best : 0
  }
}
