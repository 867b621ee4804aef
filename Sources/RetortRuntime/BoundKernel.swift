import RetortTensor

/// A kernel on raw buffers with its addresses.
struct BoundKernel: Kernel {
  let tileCount: Int
  let scratchByteCount: Int
  private let body: (Int, UnsafeMutableRawPointer) -> Void

  /// - Parameter body: runs a tile, given its number and scratch memory.
  init(
    tiles: Int, scratch: Int = 0, _ body: @escaping (Int, UnsafeMutableRawPointer) -> Void
  ) {
    tileCount = tiles
    scratchByteCount = scratch
    self.body = body
  }

  func run(tile: Int, scratch: UnsafeMutableRawPointer) { body(tile, scratch) }
}

extension TensorView {
  /// The elements' address as floats.
  var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}
