import RetortIR
import RetortOps
import RetortTensor

/// An algorithm of a convolution or of its adjoint in the image.
package enum ConvolutionForm: String, CaseIterable, Hashable, Sendable {
  case direct, winograd2, winograd4

  /// Outputs of a Winograd tile along an axis.
  package var tile: Int? {
    switch self {
    case .direct: nil
    case .winograd2: 2
    case .winograd4: 4
    }
  }
}

/// A convolution without groups as far as its time depends on it: extents, how the kernel slides,
/// and whether the gradient in the image is sought.
package struct ConvolutionCase: Hashable, Sendable {
  package let extents: ConvolutionExtents
  package let sliding: Sliding
  package let isAdjoint: Bool

  package init(_ extents: ConvolutionExtents, _ sliding: Sliding, isAdjoint: Bool) {
    self.extents = extents
    self.sliding = sliding
    self.isAdjoint = isAdjoint
  }

  /// The same of another number of images.
  package func with(batch: Int) -> ConvolutionCase {
    ConvolutionCase(extents.with(batch: batch), sliding, isAdjoint: isAdjoint)
  }

  /// The forms that compute it: Winograd's for kernels of 3×3 without steps only.
  package var forms: [ConvolutionForm] {
    let hasTiles =
      extents.rows.taps == 3 && extents.columns.taps == 3 && sliding.stride == [1, 1]
      && sliding.dilation == [1, 1] && (!isAdjoint || sliding.padding.allSatisfy { $0 <= 2 })
    return hasTiles ? ConvolutionForm.allCases : [.direct]
  }

  /// What is read: images with their channels last, and a kernel `[co, ci, kh, kw]`.
  package var operandTypes: [TensorType] {
    let image = isAdjoint ? extents.outputShapeLast : extents.imageShapeLast
    return [TensorType(.f32, image), TensorType(.f32, extents.kernelShape)]
  }

  /// What packs the kernel for a form.
  package func packing(_ form: ConvolutionForm) -> any TensorOp {
    if let tile = form.tile { return PackWinograd(tile: tile, swap: isAdjoint) }
    return PackKernel(swap: isAdjoint)
  }

  /// What computes channels-last images with the packed kernel.
  package func lowered(_ form: ConvolutionForm) -> any PackedConvolution {
    let channels = isAdjoint ? extents.inputChannels : extents.outputChannels
    if let tile = form.tile {
      let padding = isAdjoint ? sliding.padding.map { 2 - $0 } : sliding.padding
      return WinogradConv2d(channels: channels, tile: tile, padding: padding)
    }
    guard isAdjoint else { return PackedConv2d(channels: channels, sliding) }
    return PackedConv2dTranspose(
      channels: channels, sliding, height: extents.rows.input, width: extents.columns.input)
  }
}

extension ConvolutionCase: CustomStringConvertible {
  /// `7 × 512×4×4 → 512×4×4 by 3×3`, with stride, padding and dilation where there are any, and
  /// `gradient` of the adjoint, which goes from right to left.
  package var description: String {
    let (rows, columns) = (extents.rows, extents.columns)
    var text =
      "\(extents.batch) × \(extents.inputChannels)×\(rows.input)×\(columns.input) → "
      + "\(extents.outputChannels)×\(rows.output)×\(columns.output) by \(rows.taps)×\(columns.taps)"
    let windows = [
      ("stride", sliding.stride, 1), ("padding", sliding.padding, 0),
      ("dilation", sliding.dilation, 1),
    ]
    for (name, values, usual) in windows where values.contains(where: { $0 != usual }) {
      let isEven = Set(values).count == 1
      text += " \(name) \(isEven ? "\(values[0])" : values.map(String.init).joined(separator: "×"))"
    }
    return isAdjoint ? text + " gradient" : text
  }
}
