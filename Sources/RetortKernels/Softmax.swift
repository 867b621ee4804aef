import RetortTensor

/// Softmax along the middle axis of `[outer, axis, inner]`: `yᵢ = exp(xᵢ − m) / Σⱼ exp(xⱼ − m)`, or
/// its logarithm `xᵢ − m − ln Σⱼ exp(xⱼ − m)`, with `m = maxⱼ xⱼ`.
///
/// `y` may be `x`. Sums run in an order that depends on the axis alone.
package struct SoftmaxKernel: Sendable, Hashable {
  package let outer: Int
  package let axisExtent: Int
  package let inner: Int
  package let isLogarithmic: Bool

  package init(outer: Int, axisExtent: Int, inner: Int, isLogarithmic: Bool = false) {
    self.outer = outer
    self.axisExtent = axisExtent
    self.inner = inner
    self.isLogarithmic = isLogarithmic
  }

  private var unitsPerRow: Int { inner == 1 ? 1 : (inner + 15) / 16 }
  private var unitsPerTile: Int { max(1, 8192 / max(1, axisExtent * min(inner, 16))) }
  private var unitCount: Int { outer * unitsPerRow }

  package var tileCount: Int {
    axisExtent == 0 ? 0 : (unitCount + unitsPerTile - 1) / unitsPerTile
  }

  package func run(tile: Int, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>) {
    for unit in tile * unitsPerTile..<min((tile + 1) * unitsPerTile, unitCount) {
      if inner == 1 {
        row(x + unit * axisExtent, y + unit * axisExtent)
      } else {
        let (row, block) = unit.quotientAndRemainder(dividingBy: unitsPerRow)
        let offset = row * axisExtent * inner + block * 16
        columns(x + offset, y + offset, min(16, inner - block * 16))
      }
    }
  }

  private func row(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    let largest = LaneBlock(repeating: ReductionKernel.row(.maximum, x, axisExtent))
    var total = LaneBlock.zero
    var i = 0
    while i < axisExtent {
      let count = min(16, axisExtent &- i)
      var block = LaneBlock.load(x + i, count: count) - largest
      for lane in count..<16 { block[lane] = -.infinity }
      total += block.exponential()
      i &+= 16
    }
    let sum = LaneBlock(repeating: total.sum())
    i = 0
    while i < axisExtent {
      let count = min(16, axisExtent &- i)
      let block = LaneBlock.load(x + i, count: count) - largest
      finish(block, sum).store(y + i, count: count)
      i &+= 16
    }
  }

  private func columns(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    var largest = LaneBlock(repeating: -.infinity)
    for i in 0..<axisExtent {
      largest = LaneBlock.maximum(largest, LaneBlock.load(x + i &* inner, count: count))
    }
    var sum = LaneBlock.zero
    for i in 0..<axisExtent {
      sum += (LaneBlock.load(x + i &* inner, count: count) - largest).exponential()
    }
    for i in 0..<axisExtent {
      let block = LaneBlock.load(x + i &* inner, count: count) - largest
      finish(block, sum).store(y + i &* inner, count: count)
    }
  }

  @inline(__always)
  private func finish(_ shifted: LaneBlock, _ sum: LaneBlock) -> LaneBlock {
    isLogarithmic ? shifted - sum.logarithm() : shifted.exponential() / sum
  }
}
