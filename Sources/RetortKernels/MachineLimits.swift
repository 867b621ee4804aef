import COpenBLAS
import RetortTensor

/// Loops that do one thing as fast as a core can, to compare kernels with.
package enum MachineLimits {
  private static let chainCount = 12
  private static let hasWideRegisters = retort_built_for_avx512 != 0

  /// Twelve chains of fused multiply-adds that never leave the registers, each as wide as a register
  /// of the build: four cycles of latency on two units want eight chains at least.
  ///
  /// - Returns: how many floating-point operations were done, two a multiply-add, and a number that
  ///   depends on all of them.
  package static func multiplyAdd(rounds: Int) -> (flops: Int, witness: Float) {
    hasWideRegisters
      ? (2 * 16 * chainCount * rounds, chains(rounds, SIMD16<Float>.self))
      : (2 * 8 * chainCount * rounds, chains(rounds, SIMD8<Float>.self))
  }

  @inline(__always)
  private static func chains<V: SIMD>(_ rounds: Int, _: V.Type) -> Float
  where V.Scalar == Float {
    // Towards 1: x ← 0.999 x + 0.001, so that no number grows or becomes denormal.
    let factor = V(repeating: 0.999), term = V(repeating: 0.001)
    func start(_ k: Float) -> V { V(repeating: k) }
    var c0 = start(0), c1 = start(1), c2 = start(2), c3 = start(3), c4 = start(4), c5 = start(5)
    var c6 = start(6), c7 = start(7), c8 = start(8), c9 = start(9), c10 = start(10)
    var c11 = start(11)
    for _ in 0..<rounds {
      c0 = term.addingProduct(factor, c0)
      c1 = term.addingProduct(factor, c1)
      c2 = term.addingProduct(factor, c2)
      c3 = term.addingProduct(factor, c3)
      c4 = term.addingProduct(factor, c4)
      c5 = term.addingProduct(factor, c5)
      c6 = term.addingProduct(factor, c6)
      c7 = term.addingProduct(factor, c7)
      c8 = term.addingProduct(factor, c8)
      c9 = term.addingProduct(factor, c9)
      c10 = term.addingProduct(factor, c10)
      c11 = term.addingProduct(factor, c11)
    }
    // Step by step: one long sum of generic vectors takes the type checker minutes.
    var sum: V = c0
    for chain in [c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11] { sum += chain }
    return sum.sum()
  }

  /// `a[i] ← b[i] + 0.5·c[i]` over three arrays of `count` floats that lie one after another,
  /// `repeats` times. Returns the bytes read and written.
  package static func triad(
    _ base: UnsafeMutablePointer<Float>, count: Int, repeats: Int
  ) -> Int {
    let half = LaneBlock(repeating: 0.5)
    for _ in 0..<repeats {
      var i = 0
      while i + 16 <= count {
        LaneBlock.load(base + count + i).addingProduct(half, LaneBlock.load(base + 2 * count + i))
          .store(base + i)
        i += 16
      }
    }
    return 12 * (count & ~15) * repeats
  }

  /// Sums `count` floats, `repeats` times. Returns the bytes read and the last sum.
  package static func read(
    _ base: UnsafePointer<Float>, count: Int, repeats: Int
  ) -> (byteCount: Int, sum: Float) {
    var s0 = LaneBlock.zero, s1 = LaneBlock.zero, s2 = LaneBlock.zero, s3 = LaneBlock.zero
    for _ in 0..<repeats {
      var i = 0
      while i + 64 <= count {
        s0 += LaneBlock.load(base + i)
        s1 += LaneBlock.load(base + i + 16)
        s2 += LaneBlock.load(base + i + 32)
        s3 += LaneBlock.load(base + i + 48)
        i += 64
      }
    }
    return (4 * (count & ~63) * repeats, s0.sum() + s1.sum() + s2.sum() + s3.sum())
  }
}
