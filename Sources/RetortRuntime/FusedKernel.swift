import RetortIR
import RetortKernels
import RetortTensor

/// A fused elementwise region as one kernel: a chunk of elements at a time goes through all
/// instructions while it lies in the first-level cache, and results are written once.
///
/// A result may lie exactly where a captured tensor of the same shape lies.
struct FusedKernel: Kernel {
  private let program: FusedProgram
  /// Elements of a tile: a function of shapes alone, so that tiles do not depend on the thread
  /// count.
  private let tile: Int
  private let sums: TileSums?

  init(_ plan: FusedPlan, operands: [TensorView], results: [TensorView]) {
    program = FusedProgram(plan, operands: operands, results: results)
    tile = 16 * program.chunk
    sums = TileSums(plan, tiles: (plan.elementCount + tile - 1) / tile)
  }

  /// What adds up the tiles' sums, to be run afterwards.
  func finish(_ results: [TensorView]) -> [any Kernel] { sums.map { [$0.finish(results)] } ?? [] }

  var tileCount: Int { (program.elementCount + tile - 1) / tile }
  var scratchByteCount: Int { program.scratchByteCount }

  func run(tile number: Int, scratch: UnsafeMutableRawPointer) {
    let start = number * tile
    program.run(
      start..<min(start + tile, program.elementCount),
      FusedProgram.Site(scratch: scratch, sums: sums?.start(tile: number)))
  }
}

/// A convolution and the elementwise region behind it as one kernel: each block of the result goes
/// through the region's instructions while it lies in the second-level cache.
///
/// Scratch: the convolution's, then the block, then registers.
struct HeadedKernel: Kernel {
  private let head: any ChannelsLastKernel
  private let x: UnsafePointer<Float>
  private let weights: UnsafePointer<Float>
  private let channels: Int
  private let program: FusedProgram
  private let blockOffset: Int
  private let registerOffset: Int
  private let sums: TileSums?

  init(
    _ head: any ChannelsLastKernel, x: TensorView, weights: TensorView, channels: Int,
    _ plan: FusedPlan, operands: [TensorView], results: [TensorView]
  ) {
    self.head = head
    program = FusedProgram(plan, operands: operands, results: results)
    sums = TileSums(plan, tiles: head.tileCount)
    self.x = UnsafePointer(x.floats)
    self.weights = UnsafePointer(weights.floats)
    self.channels = channels
    let largest = (0..<head.tileCount).reduce(0) { largest, tile in
      let block = head.block(ofTile: tile)
      return max(largest, block.pixels.count * block.channels.count)
    }
    blockOffset = MemoryPlan.aligned(head.scratchByteCount)
    registerOffset = MemoryPlan.aligned(blockOffset + 4 * largest)
  }

  /// What adds up the tiles' sums, to be run afterwards.
  func finish(_ results: [TensorView]) -> [any Kernel] { sums.map { [$0.finish(results)] } ?? [] }

  var tileCount: Int { head.tileCount }
  var scratchByteCount: Int { registerOffset + program.scratchByteCount }

  func run(tile: Int, scratch: UnsafeMutableRawPointer) {
    let block = head.block(ofTile: tile)
    let buffer = scratch + blockOffset
    let width = block.channels.count
    head.run(
      tile: tile, x: x, weights: weights, target: buffer.assumingMemoryBound(to: Float.self),
      targetStride: width, scratch: scratch)
    let first = block.pixels.lowerBound * channels + block.channels.lowerBound
    let site = FusedProgram.Site(
      scratch: scratch + registerOffset, head: buffer - 4 * first, sums: sums?.start(tile: tile))
    if width == channels {
      program.run(first..<block.pixels.upperBound * channels, site)
    } else {
      program.run(
        rows: block.pixels.count, first: first, length: width, stride: channels,
        headStride: width, site)
    }
  }
}
