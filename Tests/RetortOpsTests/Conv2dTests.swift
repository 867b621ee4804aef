import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct Conv2dTests {
  /// Acceptance vectors: stride 2 with padding right and below, and all round.
  @Test func matchesThePublishedVectors() throws {
    let x = HostTensor.acceptance([1, 1, 4, 4])
    let w = HostTensor.acceptance([1, 1, 3, 3], offset: 100)
    let below = try Conv2d(Sliding(stride: [2], padding: [0, 0, 1, 1])).numbers(x, w)
    #expect(
      agree(below, [1.59221146269, 1.54621463359, 1.30330260694, 1.13402541452], digits: 11))
    let around = try Conv2d(Sliding(stride: [2], padding: [1])).numbers(x, w)
    #expect(
      agree(around, [0.828843385544, 1.65291821046, 1.43384141841, 2.66939543426], digits: 11))
  }

  @Test func theSinglePrecisionFormAddsUpInDouble() throws {
    let x = HostTensor([1, 3, 1, 1], [Float(0x1p24), 1, 1])
    let w = HostTensor([1, 3, 1, 1], [Float(1), 1, 1])
    #expect(try Conv2d().numbers(x, w) == [0x1p24 + 2])
  }

  @Test func groupsSeeTheirOwnChannelsOnly() throws {
    let x = HostTensor([1, 2, 1, 2], [1.0, 2, 10, 20])
    let w = HostTensor([2, 1, 1, 1], [3.0, 5])
    #expect(try Conv2d(Sliding(groups: 2)).numbers(x, w) == [3, 6, 50, 100])
  }

  @Test func dilationSpreadsTheTaps() throws {
    let x = HostTensor([1, 1, 1, 5], [1.0, 2, 3, 4, 5])
    let w = HostTensor([1, 1, 1, 2], [1.0, 10])
    #expect(try Conv2d(Sliding(dilation: [1, 3])).numbers(x, w) == [41, 52])
  }

  @Test func imagesWithoutPixelsHaveCotangentsWithoutElements() throws {
    let w = HostTensor([1, 1, 1, 1], [2.0])
    let flat = HostTensor(zeros: TensorType(.f64, [1, 1, 0, 3]))
    let tall = Conv2d(Sliding(stride: [2, 1], padding: [1, 0, 1, 0]))
    #expect(try tall.cotangents(flat, w) == [[], [0]])
    let narrow = HostTensor(zeros: TensorType(.f64, [1, 1, 3, 0]))
    let wide = Conv2d(Sliding(stride: [1, 2], padding: [0, 1, 0, 1]))
    #expect(try wide.cotangents(narrow, w) == [[], [0]])
  }

  @Test func oneNumberStandsForTheList() {
    var op = Conv2d()
    let isKnown = [
      op.setAttribute("stride", to: .integer(2)), op.setAttribute("padding", to: .integers([1])),
    ]
    #expect(isKnown == [true, true])
    #expect(op.signature == "conv2d(stride: [2, 2], padding: [1, 1, 1, 1])")
  }

  /// The stem of PreActResNet-18: 3·64·9 multiply-adds at each of 32·32 positions.
  @Test func costsTwoOperationsForEachMultiplyAdd() throws {
    let op = Conv2d(Sliding(padding: [1]))
    let types = [TensorType([1, 3, 32, 32]), TensorType([64, 3, 3, 3])]
    let results = try op.inferTypes(types)
    #expect(op.cost(types, results).flops == 2 * 1_769_472)
  }

  @Test func conv2d_C1_operandsAreReal() {
    #expect(
      throws: Violation(
        "C1", "takes a real tensor of rank 4 as 'w', got f32[3]", operand: 1)
    ) { try Conv2d().inferTypes([TensorType([1, 1, 4, 4]), TensorType([3])]) }
    #expect(
      throws: Violation(
        "C1", "takes one element type, but 'x' is f32[1, 1, 4, 4] and 'w' is f64[1, 1, 3, 3]",
        operand: 1)
    ) { try Conv2d().inferTypes([TensorType([1, 1, 4, 4]), TensorType(.f64, [1, 1, 3, 3])]) }
  }

  @Test func conv2d_C2_attributesAreOutOfRange() {
    let types = [TensorType([1, 1, 4, 4]), TensorType([1, 1, 3, 3])]
    #expect(throws: Violation("C2", "takes one or 4 numbers as 'padding', got [1, 1]")) {
      try Conv2d(Sliding(padding: [1, 1])).inferTypes(types)
    }
    #expect(
      throws: Violation("C2", "takes numbers from 1 to 2147483648 as 'stride', got [0, 0]")
    ) { try Conv2d(Sliding(stride: [0])).inferTypes(types) }
    #expect(
      throws: Violation(
        "C2", "takes numbers from 1 to 2147483648 as 'dilation', got [\(Int.max), \(Int.max)]")
    ) { try Conv2d(Sliding(dilation: [.max])).inferTypes(types) }
    #expect(throws: Violation("C2", "takes numbers from 1 to 2147483648 as 'groups', got [0]")) {
      try Conv2d(Sliding(groups: 0)).inferTypes(types)
    }
  }

  @Test func conv2d_C3_groupsDoNotDivideTheOutputs() {
    #expect(
      throws: Violation(
        "C3", "divides output channels into 2 groups, but 'w' has 3", operand: 1)
    ) {
      try Conv2d(Sliding(groups: 2)).inferTypes([
        TensorType([1, 2, 4, 4]), TensorType([3, 1, 3, 3]),
      ])
    }
    #expect(
      throws: Violation("C3", "needs at least one tap, but 'w' is [1, 1, 0, 3]", operand: 1)
    ) { try Conv2d().inferTypes([TensorType([1, 1, 4, 4]), TensorType([1, 1, 0, 3])]) }
  }

  @Test func conv2d_C4_inputChannelsDiffer() {
    #expect(throws: Violation("C4", "expects 64 input channels, but 'x' has 32", operand: 0)) {
      try Conv2d().inferTypes([TensorType([8, 32, 16, 16]), TensorType([64, 64, 3, 3])])
    }
  }

  @Test func conv2d_C5_windowIsLargerThanTheImage() {
    #expect(
      throws: Violation(
        "C5",
        "slides a kernel of 3×3 with dilation [2, 1] over an image of 4×4 with padding"
          + " [0, 0, 0, 0], which is smaller", operand: 0)
    ) {
      try Conv2d(Sliding(dilation: [2, 1])).inferTypes([
        TensorType([1, 1, 4, 4]), TensorType([1, 1, 3, 3]),
      ])
    }
  }
}
