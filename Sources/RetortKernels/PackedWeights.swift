/// The order of weights for `DirectConvolution` and `DirectInputGradient`, in tiles of one panel
/// each.
///
/// Shapes: `w: [O, C, kh, kw]`; packed `[panels, kh, kw, depth, 16]`. For the convolution columns are
/// `O` and depth is `C`; for the adjoint in the image it is the other way round. Columns past the
/// last are 0.
package struct PackedWeights: Sendable, Hashable {
  package let filters: Int
  package let channels: Int
  package let taps: Int
  package let forInputGradient: Bool

  package init(filters: Int, channels: Int, taps: Int, forInputGradient: Bool = false) {
    self.filters = filters
    self.channels = channels
    self.taps = taps
    self.forInputGradient = forInputGradient
  }

  private var columns: Int { forInputGradient ? channels : filters }
  private var depth: Int { forInputGradient ? filters : channels }
  package var tileCount: Int { (columns + PanelBlock.columns - 1) / PanelBlock.columns }

  package func run(
    tile: Int, w: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  ) {
    let panel = packed + tile * taps * depth * PanelBlock.columns
    let first = tile * PanelBlock.columns
    let columnStride = (forInputGradient ? 1 : channels) * taps
    let depthStride = (forInputGradient ? channels : 1) * taps
    for inner in 0..<depth {
      for lane in 0..<PanelBlock.columns {
        let isColumn = first + lane < columns
        let source = w + (isColumn ? (first + lane) * columnStride + inner * depthStride : 0)
        for tap in 0..<taps {
          panel[(tap * depth + inner) * PanelBlock.columns + lane] = isColumn ? source[tap] : 0
        }
      }
    }
  }
}
