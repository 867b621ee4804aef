import RetortIR
import RetortKernels
import RetortTensor

/// A convolution of channels-last images with a kernel that was packed ahead of time: what the
/// stage `lowered` makes of `conv2d`, `conv2d_transpose` and `conv2d_kernel`.
///
/// A packed kernel holds its columns (the channels of the result) in *panels* of sixteen, the last
/// one filled up with zeros, so that a vector of weights is one load.
package protocol PackedConvolution: TensorOp {
  /// The extents as the convolution of images `[n, ci, h, w]` that it stands for; every constraint
  /// is checked here.
  func extents(_ operands: [TensorType]) throws(Violation) -> ConvolutionExtents
}

/// The columns of a packed kernel that lie beside each other.
package let panelColumns = PanelBlock.columns

extension ConvolutionExtents {
  /// Whether packed kernels suit: they list taps, have a phase for each residue of the stride, and
  /// copy padded bands of the image, so that a kernel of a million taps, or padding many times the
  /// image, would take time and memory that the result does not justify. Nothing is empty.
  package var suitsPacking: Bool {
    func isOrdinary(_ axis: WindowAxis) -> Bool {
      axis.input > 0 && axis.output > 0 && axis.taps <= 64 && axis.stride <= 8
        && axis.dilation <= 64 && max(axis.before, axis.after) <= 64 + axis.input
    }
    return batch > 0 && inputChannels > 0 && outputChannels > 0 && isOrdinary(rows)
      && isOrdinary(columns)
  }
}

extension PackedConvolution {
  package static var differentiability: Differentiability {
    .none(reason: "convolutions are lowered after gradients were taken")
  }

  /// The extents for operands that type inference has accepted.
  package func acceptedExtents(_ operands: [TensorType]) -> ConvolutionExtents {
    accepted(operands, by: extents)
  }

  /// Two operations for each multiply-add of the direct form, whatever the algorithm.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: acceptedExtents(operands).flops)
  }

  /// Throws unless the operand is real, of the given rank, of the first one's element type, and
  /// small enough for windows.
  static func requireOperand(
    _ operands: [TensorType], _ index: Int, rank: Int
  ) throws(Violation) {
    let operand = operands[index]
    try require(
      operand.element.isReal && operand.rank == rank && operand.element == operands[0].element
        && operand.shape.extents.allSatisfy { $0 <= WindowAxis.limit }, "C1",
      "takes a real tensor of rank \(rank) as '\(operandNames[index])', got \(operand)",
      operand: index)
  }

  /// Throws unless a kernel's panels are those that hold `channels` columns.
  static func requirePanels(
    _ panels: Int, _ columns: Int, of channels: Int
  ) throws(Violation) {
    try require(
      channels >= 0 && channels <= WindowAxis.limit
        && panels == (channels + panelColumns - 1) / panelColumns && columns == panelColumns, "C3",
      "packs \(channels) channels into panels of \(panelColumns), but 'w' has \(panels) panels of"
        + " \(columns)", operand: 1)
  }
}

extension TensorOp {
  /// Runs `float` or `double`, whichever the operands hold.
  ///
  /// The two name one generic function in the operation's own file: a build that compiles file by
  /// file makes its loops for each type only there.
  static func withReals(
    _ operands: [TensorView], _ float: () -> Void, _ double: () -> Void
  ) {
    if operands[0].type.element == .f64 { double() } else { float() }
  }
}
