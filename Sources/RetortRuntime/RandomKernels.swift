import RetortIR
import RetortKernels
import RetortOps
import RetortTensor

/// Draws from keys, f32 and whole numbers.
enum RandomKernels {
  /// The kernel of a random operation; nil for others.
  static func kernel(
    _ op: any TensorOp, _ operands: [TensorView], _ y: TensorView
  ) -> (any Kernel)? {
    guard let key = operands.first, key.type.element == .key else { return nil }
    let keys = key.base.assumingMemoryBound(to: Key.self)
    let keyCount = key.elementCount
    let draw = RandomDraw(
      keyCount: keyCount, countPerKey: keyCount == 0 ? 0 : y.elementCount / keyCount)
    switch op {
    case is Bits:
      let words = y.base.assumingMemoryBound(to: UInt32.self)
      return BoundKernel(tiles: draw.tileCount) { tile, _ in
        draw.bits(tile: tile, keys: keys, y: words)
      }
    case let op as Uniform where y.type.element == .f32:
      let (low, high, floats) = (Float(op.low), Float(op.high), y.floats)
      return BoundKernel(tiles: draw.tileCount) { tile, _ in
        draw.uniform(tile: tile, keys: keys, low: low, high: high, y: floats)
      }
    case is Normal where y.type.element == .f32:
      let floats = y.floats
      return BoundKernel(tiles: draw.tileCount) { tile, _ in
        draw.normal(tile: tile, keys: keys, y: floats)
      }
    case let op as Permutation:
      let kernel = RandomPermutation(keyCount: keyCount, count: op.count)
      let places = y.base.assumingMemoryBound(to: Int32.self)
      return BoundKernel(tiles: kernel.tileCount, scratch: kernel.scratchByteCount) {
        kernel.run(tile: $0, keys: keys, y: places, scratch: $1)
      }
    default: return nil
    }
  }
}
