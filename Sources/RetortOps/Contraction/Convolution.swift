import RetortIR
import RetortTensor

/// How a kernel slides over images: the attributes that the three convolutions share.
package struct Sliding: Hashable, Sendable {
  /// Vertical and horizontal.
  package var stride: [Int] { didSet { stride = stride.spread(to: 2) } }
  /// Rows of zeros above, columns left, rows below, columns right.
  package var padding: [Int] { didSet { padding = padding.spread(to: 4) } }
  /// Distance of the taps, vertical and horizontal.
  package var dilation: [Int] { didSet { dilation = dilation.spread(to: 2) } }
  /// Channels fall into this many groups; a group's outputs see its own inputs only.
  package var groups: Int

  package init(
    stride: [Int] = [1, 1], padding: [Int] = [0, 0, 0, 0], dilation: [Int] = [1, 1],
    groups: Int = 1
  ) {
    self.stride = stride.spread(to: 2)
    self.padding = padding.spread(to: 4)
    self.dilation = dilation.spread(to: 2)
    self.groups = groups
  }

  /// Throws unless every attribute has its number of entries in range.
  func check(_ label: String) throws(Violation) {
    try stride.requireWindow("stride", count: 2, atLeast: 1, label)
    try padding.requireWindow("padding", count: 4, atLeast: 0, label)
    try dilation.requireWindow("dilation", count: 2, atLeast: 1, label)
    try [groups].requireWindow("groups", count: 1, atLeast: 1, label)
  }

  /// The axes of the window, or nil where it does not fit the padded image.
  func axes(
    height: Int, width: Int, kernel: [Int]
  ) -> (rows: WindowAxis, columns: WindowAxis)? {
    guard
      let rows = WindowAxis(
        input: height, taps: kernel[0], stride: stride[0], before: padding[0], after: padding[2],
        dilation: dilation[0]),
      let columns = WindowAxis(
        input: width, taps: kernel[1], stride: stride[1], before: padding[1], after: padding[3],
        dilation: dilation[1])
    else { return nil }
    return (rows, columns)
  }
}

/// Every extent of a convolution of images `x: [n, ci, h, w]` with a kernel
/// `w: [co, ci / groups, kh, kw]` to `y: [n, co, oh, ow]`, whichever of the three is sought.
package struct ConvolutionExtents: Hashable, Sendable {
  package let batch: Int
  package let inputChannels: Int
  package let outputChannels: Int
  package let groups: Int
  package let rows: WindowAxis
  package let columns: WindowAxis

  /// The same of another number of images.
  package func with(batch: Int) -> ConvolutionExtents {
    ConvolutionExtents(
      batch: batch, inputChannels: inputChannels, outputChannels: outputChannels, groups: groups,
      rows: rows, columns: columns)
  }

  package var groupInputs: Int { inputChannels / groups }
  package var groupOutputs: Int { outputChannels / groups }
  package var imageShape: Shape { [batch, inputChannels, rows.input, columns.input] }
  package var outputShape: Shape { [batch, outputChannels, rows.output, columns.output] }
  /// Of the same images with their channels last.
  package var imageShapeLast: Shape { [batch, rows.input, columns.input, inputChannels] }
  package var outputShapeLast: Shape { [batch, rows.output, columns.output, outputChannels] }
  package var kernelShape: Shape { [outputChannels, groupInputs, rows.taps, columns.taps] }

  /// Multiply-adds, those on padding included: `|y| · ci / groups · kh · kw`.
  package var flops: Int { Cost.product(2, multiplyAddCount) }

  package var multiplyAddCount: Int {
    Cost.product(outputShape.elementCount, groupInputs, rows.taps, columns.taps)
  }
}

/// A convolution, or its adjoint in the image or in the kernel. The three are the partial
/// derivatives of one form that is linear in image, kernel and output cotangent, so the gradient
/// of each is made of the other two, to any order.
package protocol Convolution: TensorOp {
  var sliding: Sliding { get set }

  /// The extents; every constraint is checked here.
  func extents(_ operands: [TensorType]) throws(Violation) -> ConvolutionExtents
}

extension Convolution {
  static var slidingAttributes: [Attribute<Self>] {
    [
      Attribute("stride", \.sliding.stride, "vertical and horizontal step of the window"),
      Attribute("padding", \.sliding.padding, "zeros around the image: top, left, bottom, right"),
      Attribute("dilation", \.sliding.dilation, "vertical and horizontal distance of the taps"),
      Attribute("groups", \.sliding.groups, "number of groups of channels"),
    ]
  }

  /// The extents for operands that type inference has accepted.
  package func acceptedExtents(_ operands: [TensorType]) -> ConvolutionExtents {
    accepted(operands, by: extents)
  }

  /// Two operations for each multiply-add.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    Cost.moving(operands, results, flops: acceptedExtents(operands).flops)
  }
}

extension TensorOp {
  /// Throws unless the operands are real, of one element type and of rank 4, with extents that
  /// windows can address.
  static func requireImages(_ operands: [TensorType], _ label: String) throws(Violation) {
    for (index, operand) in operands.enumerated() {
      try require(
        operand.element.isReal && operand.rank == 4, label,
        "takes a real tensor of rank 4 as '\(operandNames[index])', got \(operand)",
        operand: index)
      try require(
        operand.element == operands[0].element, label,
        "takes one element type, but '\(operandNames[0])' is \(operands[0]) and"
          + " '\(operandNames[index])' is \(operand)", operand: index)
      try require(
        operand.shape.extents.allSatisfy { $0 <= WindowAxis.limit }, label,
        "takes extents of at most \(WindowAxis.limit) in '\(operandNames[index])', got \(operand)",
        operand: index)
    }
  }
}
