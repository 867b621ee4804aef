import RetortOps

/// Which algorithm computes a convolution: a pure function of its extents and of what was measured.
///
/// The time of a form is estimated as its multiply-adds at the speed of two cores plus its weights
/// from memory once. Winograd's F(4×4, 3×3) takes a quarter of the direct form's products but four
/// times its weights, F(2×2, 3×3) 4/9 and 16/9; so small maps of many channels at small batches
/// take tile 2, nearly all else tile 4. Below `leastChannels` the transforms would cost more than
/// they save. A measured choice goes before the estimate.
package struct ConvolutionCostModel: Sendable, Hashable {
  /// Direct forms only: their results differ from the definition's by rounding in another order.
  package var isExact = false
  /// The batch to choose for; nil takes the graph's own. Where an image's result must not depend
  /// on its company, one number serves all batches.
  package var imageCount: Int?
  /// Eight images in seven views.
  package static let typicalImageCount = 56
  /// The fastest forms as they were measured, by the case at the batch to choose for.
  package var measured: [ConvolutionCase: ConvolutionForm] = [:]
  /// Multiply-adds a second, and bytes a second from memory, of the machine the numbers are for.
  private static let multiplyAddRate = 85e9
  private static let byteRate = 25e9
  private static let leastChannels = 8

  package init(isExact: Bool = false, imageCount: Int? = nil) {
    self.isExact = isExact
    self.imageCount = imageCount
  }

  /// The case at the batch to choose for.
  package func subject(_ problem: ConvolutionCase) -> ConvolutionCase {
    imageCount.map(problem.with(batch:)) ?? problem
  }

  package func form(of problem: ConvolutionCase) -> ConvolutionForm {
    let forms = problem.forms
    if isExact || forms == [.direct] { return .direct }
    let problem = subject(problem)
    if let form = measured[problem], forms.contains(form) { return form }
    let extents = problem.extents
    guard min(extents.inputChannels, extents.outputChannels) >= Self.leastChannels else {
      return .direct
    }
    let times = forms.map { time(of: $0, problem) }
    // The larger tile of equal ones, and the direct form of all.
    if times.min() == times[0] { return .direct }
    return times[2] <= times[1] ? .winograd4 : .winograd2
  }

  /// Seconds, estimated.
  private func time(of form: ConvolutionForm, _ problem: ConvolutionCase) -> Double {
    let (extents, isAdjoint) = (problem.extents, problem.isAdjoint)
    let rows = isAdjoint ? extents.rows.input : extents.rows.output
    let columns = isAdjoint ? extents.columns.input : extents.columns.output
    let side = form.tile ?? 1
    let points = form.tile.map { ($0 + 2) * ($0 + 2) } ?? 9
    let squares = ((rows + side - 1) / side) * ((columns + side - 1) / side)
    let pairs = Double(extents.inputChannels * extents.outputChannels)
    return Double(extents.batch) * Double(points * squares) * pairs / Self.multiplyAddRate
      + Double(points) * pairs * 4 / Self.byteRate
  }
}
