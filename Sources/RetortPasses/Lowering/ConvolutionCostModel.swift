import RetortOps

/// Which algorithm computes a convolution: a pure function of its extents.
///
/// The time of a form is estimated as its multiply-adds at the speed of two cores plus its weights
/// from memory once. Winograd's F(4×4, 3×3) takes a quarter of the direct form's products but four
/// times its weights, F(2×2, 3×3) 4/9 and 16/9; so small maps of many channels at small batches
/// take tile 2, nearly all else tile 4. Below `leastChannels` the transforms would cost more than
/// they save.
package struct ConvolutionCostModel: Sendable, Hashable {
  /// Direct forms only: their results differ from the definition's by rounding in another order.
  package var isExact = false
  /// The batch to choose for; nil takes the graph's own. Where an image's result must not depend
  /// on its company, one number serves all batches.
  package var imageCount: Int?
  /// Eight images in seven views.
  package static let typicalImageCount = 56
  /// Multiply-adds a second, and bytes a second from memory, of the machine the numbers are for.
  package var multiplyAddRate = 85e9
  package var byteRate = 25e9
  package var leastChannels = 8

  package init(isExact: Bool = false, imageCount: Int? = nil) {
    self.isExact = isExact
    self.imageCount = imageCount
  }

  /// The tile of the Winograd form, or nil for the direct one.
  /// - Parameter isAdjoint: whether the input gradient is sought.
  package func winogradTile(
    _ extents: ConvolutionExtents, sliding: Sliding, isAdjoint: Bool
  ) -> Int? {
    guard !isExact, extents.rows.taps == 3, extents.columns.taps == 3,
      sliding.stride == [1, 1], sliding.dilation == [1, 1],
      !isAdjoint || sliding.padding.allSatisfy({ $0 <= 2 }),
      min(extents.inputChannels, extents.outputChannels) >= leastChannels
    else { return nil }
    let rows = isAdjoint ? extents.rows.input : extents.rows.output
    let columns = isAdjoint ? extents.columns.input : extents.columns.output
    let images = Double(imageCount ?? extents.batch)
    let pairs = Double(extents.inputChannels * extents.outputChannels)
    func time(products: Int, weights: Int) -> Double {
      images * Double(products) * pairs / multiplyAddRate + Double(weights) * pairs * 4 / byteRate
    }
    func tiles(_ tile: Int) -> Int {
      ((rows + tile - 1) / tile) * ((columns + tile - 1) / tile)
    }
    let direct = time(products: 9 * rows * columns, weights: 9)
    let two = time(products: 16 * tiles(2), weights: 16)
    let four = time(products: 36 * tiles(4), weights: 36)
    if min(two, four) >= direct { return nil }
    return four <= two ? 4 : 2
  }
}
