import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct AvgPool2dAdjointTests {
  @Test func spreadsEachCotangentOverItsWindow() throws {
    let dy = HostTensor([1, 1, 1, 3], [6.0, 12, 18])
    let window = PoolWindow([1, 3], stride: [1], padding: [0, 1, 0, 1])
    let counted = AvgPool2dAdjoint(window, height: 1, width: 3)
    #expect(try counted.numbers(dy) == [6, 12, 10])
    let uncounted = AvgPool2dAdjoint(window, countPadding: false, height: 1, width: 3)
    #expect(try uncounted.numbers(dy) == [7, 16, 13])
  }

  @Test func avg_pool2d_adjoint_C1_operandIsNoImage() {
    #expect(
      throws: Violation("C1", "takes a real tensor of rank 4 as 'dy', got f32[]", operand: 0)
    ) { try AvgPool2dAdjoint(PoolWindow([2]), height: 2, width: 2).inferTypes([TensorType([])]) }
  }

  @Test func avg_pool2d_adjoint_C2_C3_C4_windowDoesNotFit() {
    let types = [TensorType([1, 1, 2, 2])]
    #expect(
      throws: Violation(
        "C2", "takes numbers from 1 to 2147483648 as 'height, width', got [4, 0]")
    ) { try AvgPool2dAdjoint(PoolWindow([2]), height: 4, width: 0).inferTypes(types) }
    #expect(
      throws: Violation("C3", "takes less padding than the window of 2×2, got [2, 2, 2, 2]")
    ) {
      try AvgPool2dAdjoint(PoolWindow([2], padding: [2]), height: 4, width: 4).inferTypes(types)
    }
    #expect(
      throws: Violation(
        "C4",
        "slides a window of 5×5 over an image of 4×4 with padding [0, 0, 0, 0], which is"
          + " smaller", operand: 0)
    ) { try AvgPool2dAdjoint(PoolWindow([5]), height: 4, width: 4).inferTypes(types) }
  }

  @Test func avg_pool2d_adjoint_C5_cotangentHasAnotherShape() {
    #expect(
      throws: Violation(
        "C5", "expects 'dy' of f32[1, 1, 2, 3] for an image of 4×6, got f32[1, 1, 2, 2]",
        operand: 0)
    ) {
      try AvgPool2dAdjoint(PoolWindow([2]), height: 4, width: 6).inferTypes([
        TensorType([1, 1, 2, 2])
      ])
    }
  }
}
