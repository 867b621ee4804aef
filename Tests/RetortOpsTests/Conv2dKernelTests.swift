import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct Conv2dKernelTests {
  @Test func correlatesTheImageWithTheOutput() throws {
    let x = HostTensor([1, 1, 1, 4], [1.0, 2, 3, 4])
    let y = HostTensor([1, 1, 1, 3], [1.0, 10, 100])
    #expect(try Conv2dKernel(kernel: [1, 2], Sliding()).numbers(x, y) == [321, 432])
    let padded = Conv2dKernel(kernel: [1, 2], Sliding(stride: [1, 2], padding: [0, 1, 0, 1]))
    #expect(try padded.numbers(x, y) == [420, 31])
  }

  @Test func addsUpOverTheBatch() throws {
    let x = HostTensor([2, 1, 1, 1], [1.0, 2])
    let y = HostTensor([2, 2, 1, 1], [3.0, 4, 5, 6])
    #expect(try Conv2dKernel(kernel: [1], Sliding()).numbers(x, y) == [13, 16])
  }

  @Test func imagesWithoutPixelsHaveCotangentsWithoutElements() throws {
    let x = HostTensor(zeros: TensorType(.f64, [1, 1, 0, 3]))
    let y = HostTensor([1, 1, 1, 3], [1.0, 2, 3])
    let op = Conv2dKernel(kernel: [1], Sliding(stride: [2, 1], padding: [1, 0, 1, 0]))
    #expect(try op.cotangents(x, y) == [[], [0, 0, 0]])
  }

  @Test func conv2d_kernel_C1_operandsAreReal() {
    #expect(
      throws: Violation("C1", "takes a real tensor of rank 4 as 'y', got f32[]", operand: 1)
    ) {
      try Conv2dKernel(kernel: [3], Sliding()).inferTypes([
        TensorType([1, 1, 4, 4]), TensorType([]),
      ])
    }
  }

  @Test func conv2d_kernel_C2_attributesAreOutOfRange() {
    #expect(
      throws: Violation("C2", "takes numbers from 1 to 2147483648 as 'kernel', got [0, 3]")
    ) {
      try Conv2dKernel(kernel: [0, 3], Sliding()).inferTypes([
        TensorType([1, 1, 4, 4]), TensorType([1, 1, 2, 2]),
      ])
    }
  }

  @Test func conv2d_kernel_C3_groupsDoNotDivideTheChannels() {
    #expect(
      throws: Violation("C3", "divides channels into 2 groups, but 'y' has 3", operand: 1)
    ) {
      try Conv2dKernel(kernel: [3], Sliding(groups: 2)).inferTypes([
        TensorType([1, 2, 4, 4]), TensorType([1, 3, 2, 2]),
      ])
    }
  }

  @Test func conv2d_kernel_C4_batchesDiffer() {
    #expect(
      throws: Violation("C4", "expects as many images in 'x' and 'y', got 2 and 1", operand: 1)
    ) {
      try Conv2dKernel(kernel: [3], Sliding()).inferTypes([
        TensorType([2, 1, 4, 4]), TensorType([1, 1, 2, 2]),
      ])
    }
  }

  @Test func conv2d_kernel_C5_extentsDoNotFit() {
    #expect(
      throws: Violation(
        "C5", "takes 'y' of the extents that conv2d with a kernel of 3×3 gives for 4×4, got 3×2",
        operand: 1)
    ) {
      try Conv2dKernel(kernel: [3], Sliding()).inferTypes([
        TensorType([1, 1, 4, 4]), TensorType([1, 1, 3, 2]),
      ])
    }
  }
}
