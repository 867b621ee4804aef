import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct Conv2dTransposeTests {
  /// Acceptance vector: kernel 4, stride 2, padding 1.
  @Test func matchesThePublishedVector() throws {
    let y = HostTensor.acceptance([1, 2, 2, 2])
    let w = HostTensor.acceptance([2, 1, 4, 4], offset: 200)
    let x = try Conv2dTranspose(Sliding(stride: [2], padding: [1])).numbers(y, w)
    #expect(x.count == 16)
    #expect(agree([x.reduce(0, +)], [10.6476702559], digits: 10))
    #expect(
      agree(
        Array(x.prefix(4)), [0.0312843891, 0.4585347097, 0.5297788726, 0.4842455553],
        digits: 10))
  }

  @Test func spreadsEachPixelOverTheKernel() throws {
    let y = HostTensor([1, 1, 1, 2], [1.0, 10])
    let w = HostTensor([1, 1, 1, 3], [1.0, 2, 3])
    #expect(try Conv2dTranspose(Sliding(stride: [1, 2])).numbers(y, w) == [1, 2, 13, 20, 30])
    let wider = Conv2dTranspose(Sliding(stride: [1, 2]), width: 6)
    #expect(try wider.numbers(y, w) == [1, 2, 13, 20, 30, 0])
  }

  @Test func givesTheSmallestImageUnlessToldOtherwise() throws {
    let types = [TensorType([1, 2, 4, 4]), TensorType([2, 3, 4, 4])]
    let sliding = Sliding(stride: [2], padding: [1])
    #expect(try Conv2dTranspose(sliding).inferTypes(types) == [TensorType([1, 3, 8, 8])])
    let larger = Conv2dTranspose(sliding, height: 9)
    #expect(try larger.inferTypes(types) == [TensorType([1, 3, 9, 8])])
  }

  @Test func conv2d_transpose_C1_operandsAreReal() {
    #expect(
      throws: Violation(
        "C1", "takes a real tensor of rank 4 as 'y', got i32[1, 1, 4, 4]", operand: 0)
    ) {
      try Conv2dTranspose().inferTypes([
        TensorType(.i32, [1, 1, 4, 4]), TensorType([1, 1, 3, 3]),
      ])
    }
  }

  @Test func conv2d_transpose_C2_attributesAreOutOfRange() {
    #expect(
      throws: Violation(
        "C2", "takes numbers from 0 to 2147483648 as 'height, width', got [-1, 0]")
    ) {
      try Conv2dTranspose(Sliding(), height: -1).inferTypes([
        TensorType([1, 1, 4, 4]), TensorType([1, 1, 3, 3]),
      ])
    }
  }

  @Test func conv2d_transpose_C3_groupsDoNotDivideTheChannels() {
    #expect(
      throws: Violation("C3", "divides channels into 2 groups, but 'w' has 3", operand: 1)
    ) {
      try Conv2dTranspose(Sliding(groups: 2)).inferTypes([
        TensorType([1, 3, 4, 4]), TensorType([3, 1, 3, 3]),
      ])
    }
  }

  @Test func conv2d_transpose_C4_channelsDiffer() {
    #expect(throws: Violation("C4", "expects 5 channels, but 'y' has 3", operand: 0)) {
      try Conv2dTranspose().inferTypes([TensorType([1, 3, 4, 4]), TensorType([5, 1, 3, 3])])
    }
  }

  @Test func conv2d_transpose_C5_extentsDoNotFit() {
    let types = [TensorType([1, 1, 4, 4]), TensorType([1, 1, 3, 3])]
    #expect(
      throws: Violation(
        "C5", "takes 'y' of the extents that conv2d gives for an image of 8×6, got 4×4",
        operand: 0)
    ) { try Conv2dTranspose(Sliding(), height: 8).inferTypes(types) }
    #expect(
      throws: Violation(
        "C5", "makes images of -2×-2 from 4×4 with a kernel of 3×3 and padding [4, 4, 4, 4]",
        operand: 0)
    ) { try Conv2dTranspose(Sliding(padding: [4])).inferTypes(types) }
  }
}
