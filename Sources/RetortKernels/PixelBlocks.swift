import COpenBLAS
import RetortTensor

/// A stretch of one sum: `depth` neighbouring floats of the images against as many rows of a panel.
struct PanelSegment: Sendable, Hashable {
  /// Offset in floats from a pixel's place.
  var source: Int
  /// Offset in floats from the panel's start.
  var weights: Int
  var depth: Int
}

/// Products of pixels, wherever they lie, by one panel of sixteen columns.
///
/// Each pixel of a block has a pointer of its own, which stays in a register while an index shared
/// by all runs along the segments. So neighbours in a row, across rows and across images form
/// blocks alike, and a map of 4×4 pixels costs no more a pixel than one of 32×32.
enum PixelBlocks {
  /// Pixels of a full block. Twelve pointers would not leave AVX-512 builds a register for the
  /// index, and ten accumulators cover the latency already.
  static var rows: Int { retort_built_for_avx512 != 0 ? 10 : 6 }

  /// Where a list of pixels lies, and where their results go.
  struct Pixels {
    /// Offsets in floats from the images' base.
    let sources: UnsafePointer<Int>
    /// Numbers of the target's pixels.
    let targets: UnsafePointer<Int>
    let count: Int
  }

  /// Adds the segments to sixteen (or fewer) columns of each pixel's result; from zero if `first`.
  /// Along a segment the images advance by `sourceStep` floats, the panel by sixteen.
  ///
  /// An element's sum runs through the segments in order, rounded once a product, whatever the block
  /// that its pixel belongs to.
  @inline(__always)
  static func add(
    _ segments: UnsafeBufferPointer<PanelSegment>, of pixels: Pixels, base: UnsafePointer<Float>,
    panel: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, targetStride: Int,
    columns: Int, first: Bool, sourceStep: Int = 1
  ) {
    var pixel = 0
    @inline(__always)
    func step<let count: Int>(_ block: InlineArray<count, LaneBlock>) {
      add(
        block, segments, pixels.sources + pixel, pixels.targets + pixel, base, panel, target,
        targetStride, columns, first, sourceStep)
      pixel &+= count
    }
    if rows == 10 {
      while pixel &+ 10 <= pixels.count { step(InlineArray<10, LaneBlock>(repeating: .zero)) }
    }
    while pixel &+ 6 <= pixels.count { step(InlineArray<6, LaneBlock>(repeating: .zero)) }
    if pixel &+ 4 <= pixels.count { step(InlineArray<4, LaneBlock>(repeating: .zero)) }
    if pixel &+ 2 <= pixels.count { step(InlineArray<2, LaneBlock>(repeating: .zero)) }
    if pixel < pixels.count { step(InlineArray<1, LaneBlock>(repeating: .zero)) }
  }

  @inline(__always)
  private static func add<let count: Int>(
    _ zeros: InlineArray<count, LaneBlock>, _ segments: UnsafeBufferPointer<PanelSegment>,
    _ sources: UnsafePointer<Int>, _ targets: UnsafePointer<Int>, _ base: UnsafePointer<Float>,
    _ panel: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>, _ targetStride: Int,
    _ columns: Int, _ first: Bool, _ sourceStep: Int
  ) {
    var sums = zeros
    var places = InlineArray<count, UnsafePointer<Float>>(repeating: base)
    for row in 0..<count { places[row] = base + sources[row] }
    if !first {
      for row in 0..<count {
        sums[row] = LaneBlock.load(target + targets[row] &* targetStride, count: columns)
      }
    }
    for segment in segments {
      var index = segment.source
      var b = panel + segment.weights
      for _ in 0..<segment.depth {
        let right = LaneBlock.load(b)
        for row in 0..<count {
          sums[row] = sums[row].addingProduct(LaneBlock(repeating: places[row][index]), right)
        }
        index &+= sourceStep
        b += PanelBlock.columns
      }
    }
    for row in 0..<count {
      sums[row].store(target + targets[row] &* targetStride, count: columns)
    }
  }
}
