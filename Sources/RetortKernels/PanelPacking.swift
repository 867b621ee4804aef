import RetortTensor

/// Weights `[O, C, kh, kw]` in the order in which direct convolutions read them:
/// `[panels][kh][kw][depth][16]`, sixteen columns beside each other, missing ones 0.
///
/// Forward the columns are filters and the depth channels; for the adjoint the other way round, each
/// tap keeping its place. A tile is a panel.
package struct PanelPacking: Sendable, Hashable {
  private let columns: Int
  private let depth: Int
  private let taps: Int
  private let columnStride: Int
  private let depthStride: Int

  package static func forward(_ g: ChannelsLastGeometry) -> PanelPacking {
    PanelPacking(filters: g.filters, channels: g.channels, taps: g.taps)
  }
  package static func adjoint(_ g: ChannelsLastGeometry) -> PanelPacking {
    PanelPacking(filters: g.filters, channels: g.channels, taps: g.taps, adjoint: true)
  }

  package init(filters: Int, channels: Int, taps: Int, adjoint: Bool = false) {
    columns = adjoint ? channels : filters
    depth = adjoint ? filters : channels
    columnStride = adjoint ? taps : channels * taps
    depthStride = adjoint ? channels * taps : taps
    self.taps = taps
  }

  package var tileCount: Int { (columns + PanelBlock.columns - 1) / PanelBlock.columns }
  package var elementCount: Int { tileCount * taps * depth * PanelBlock.columns }

  package func run(
    tile: Int, weights: UnsafePointer<Float>, packed: UnsafeMutablePointer<Float>
  ) {
    let first = tile * PanelBlock.columns
    let count = min(PanelBlock.columns, columns - first)
    let source = weights + first * columnStride
    var to = packed + tile * taps * depth * PanelBlock.columns
    for tap in 0..<taps {
      for k in 0..<depth {
        let from = source + (k &* depthStride &+ tap)
        var group = LaneBlock.zero
        for column in 0..<count { group[column] = from[column &* columnStride] }
        group.store(to)
        to += PanelBlock.columns
      }
    }
  }
}
