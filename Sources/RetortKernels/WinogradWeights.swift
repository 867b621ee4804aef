import RetortTensor

/// The transform of 3 × 3 weights for `WinogradKernel`, in tiles of one panel each.
///
/// Shapes: `w: [O, C, 3, 3]`; packed `[points², panels, depth, 16]`, `U = G w Gᵀ` per (column,
/// depth). For the convolution columns are `O` and depth is `C`; for the adjoint in the image it is
/// the other way round and the taps are mirrored. Columns past the last are 0.
package struct WinogradWeights: Sendable, Hashable {
  /// Outputs along one side of a square: 2 or 4.
  package let side: Int
  package let filters: Int
  package let channels: Int
  package let forInputGradient: Bool

  package init(side: Int, filters: Int, channels: Int, forInputGradient: Bool = false) {
    precondition(side == 2 || side == 4, "F(2×2, 3×3) or F(4×4, 3×3)")
    self.side = side
    self.filters = filters
    self.channels = channels
    self.forInputGradient = forInputGradient
  }

  private var columns: Int { forInputGradient ? channels : filters }
  private var depth: Int { forInputGradient ? filters : channels }
  private var panels: Int { (columns + PanelBlock.columns - 1) / PanelBlock.columns }
  private var positions: Int { (side + 2) * (side + 2) }

  /// `[points², panels, depth, 16]`.
  package var extents: [Int] { [positions, panels, depth, PanelBlock.columns] }
  package var elementCount: Int { positions * panels * depth * PanelBlock.columns }
  package var tileCount: Int { panels }

  package func run(
    tile: Int, w: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  ) {
    if side == 4 {
      transform(panel: tile, line: InlineArray<6, LaneBlock>.self, w, packed)
    } else {
      transform(panel: tile, line: InlineArray<4, LaneBlock>.self, w, packed)
    }
  }

  /// Sixteen filters at once: their taps are gathered, then transformed along columns and rows.
  @inline(__always)
  private func transform<let points: Int>(
    panel: Int, line: InlineArray<points, LaneBlock>.Type, _ w: UnsafePointer<Float>,
    _ packed: UnsafeMutablePointer<Float>
  ) {
    let first = panel * PanelBlock.columns
    let width = min(PanelBlock.columns, columns - first)
    let columnStride = forInputGradient ? 9 : channels * 9
    let depthStride = forInputGradient ? channels * 9 : 9
    let positionStride = panels * depth * PanelBlock.columns
    var target = packed + first * depth
    for k in 0..<depth {
      let source = w + first * columnStride + k * depthStride
      var taps = InlineArray<9, LaneBlock>(repeating: .zero)
      for tap in 0..<9 {
        let from = source + (forInputGradient ? 8 - tap : tap)
        if width == PanelBlock.columns {
          for lane in 0..<PanelBlock.columns { taps[tap][lane] = from[lane &* columnStride] }
        } else {
          for lane in 0..<width { taps[tap][lane] = from[lane &* columnStride] }
        }
      }
      var lines = InlineArray<3, InlineArray<points, LaneBlock>>(
        repeating: InlineArray(repeating: .zero))
      for v in 0..<3 { lines[v] = Self.transform(taps[v], taps[3 + v], taps[6 + v]) }
      for i in 0..<points {
        let line: InlineArray<points, LaneBlock> = Self.transform(
          lines[0][i], lines[1][i], lines[2][i])
        for j in 0..<points { line[j].store(target + (i * points + j) &* positionStride) }
      }
      target += PanelBlock.columns
    }
  }

  /// `G w` for one filter of three taps.
  @inline(__always)
  private static func transform<let points: Int>(
    _ w0: LaneBlock, _ w1: LaneBlock, _ w2: LaneBlock
  ) -> InlineArray<points, LaneBlock> {
    var u = InlineArray<points, LaneBlock>(repeating: .zero)
    let ends = w0 + w2
    u[points - 1] = w2
    if points == 4 {
      u[0] = w0
      u[1] = (ends + w1) * 0.5
      u[2] = (ends - w1) * 0.5
      return u
    }
    let endsOf2 = w0.addingProduct(LaneBlock(repeating: 4), w2)
    let middle = w1 + w1
    u[0] = w0 * 0.25
    u[1] = (ends + w1) * (-1 / 6)
    u[2] = (ends - w1) * (-1 / 6)
    u[3] = (endsOf2 + middle) * (1 / 24)
    u[4] = (endsOf2 - middle) * (1 / 24)
    return u
  }
}
