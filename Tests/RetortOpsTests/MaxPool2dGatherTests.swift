import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct MaxPool2dGatherTests {
  @Test func picksWhereTheFirstMaximaAre() throws {
    let x = HostTensor([1, 1, 2, 4], [1.0, 5, 5, 2, 5, 4, -1, 5])
    let v = HostTensor([1, 1, 2, 4], [0.0, 1, 2, 3, 4, 5, 6, 7])
    #expect(try MaxPool2dGather(PoolWindow([2])).numbers(x, v) == [1, 2])
  }

  @Test func max_pool2d_gather_C1_operandIsNoImage() {
    #expect(
      throws: Violation("C1", "takes a real tensor of rank 4 as 'v', got f32[]", operand: 1)
    ) {
      try MaxPool2dGather(PoolWindow([2])).inferTypes([
        TensorType([1, 1, 4, 4]), TensorType([]),
      ])
    }
  }

  @Test func max_pool2d_gather_C2_C3_C4_windowDoesNotFit() {
    let types = [TensorType([1, 1, 4, 4]), TensorType([1, 1, 4, 4])]
    #expect(throws: Violation("C2", "takes one or 4 numbers as 'padding', got []")) {
      try MaxPool2dGather(PoolWindow([2], padding: [])).inferTypes(types)
    }
    #expect(
      throws: Violation("C3", "takes less padding than the window of 2×2, got [2, 2, 2, 2]")
    ) { try MaxPool2dGather(PoolWindow([2], padding: [2])).inferTypes(types) }
    #expect(
      throws: Violation(
        "C4",
        "slides a window of 5×5 over an image of 4×4 with padding [0, 0, 0, 0], which is"
          + " smaller", operand: 0)
    ) { try MaxPool2dGather(PoolWindow([5])).inferTypes(types) }
  }

  @Test func max_pool2d_gather_C5_shapesDiffer() {
    #expect(
      throws: Violation(
        "C5", "expects 'v' of f32[1, 1, 4, 4], got f32[1, 1, 2, 2]", operand: 1)
    ) {
      try MaxPool2dGather(PoolWindow([2])).inferTypes([
        TensorType([1, 1, 4, 4]), TensorType([1, 1, 2, 2]),
      ])
    }
  }
}
