import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct MaxPool2dScatterTests {
  @Test func tiesGoToTheFirstMaximum() throws {
    let x = HostTensor([1, 1, 2, 4], [1.0, 5, 5, 2, 5, 4, -1, 5])
    let dy = HostTensor([1, 1, 1, 2], [10.0, 20])
    let dx = try MaxPool2dScatter(PoolWindow([2])).numbers(x, dy)
    #expect(dx == [0, 10, 20, 0, 0, 0, 0, 0])
  }

  @Test func overlappingWindowsAddUp() throws {
    let x = HostTensor([1, 1, 1, 3], [1.0, 5, 2])
    let dy = HostTensor([1, 1, 1, 2], [10.0, 20])
    let window = PoolWindow([1, 2], stride: [1])
    #expect(try MaxPool2dScatter(window).numbers(x, dy) == [0, 30, 0])
  }

  @Test func max_pool2d_scatter_C1_elementTypesDiffer() {
    #expect(
      throws: Violation(
        "C1", "takes one element type, but 'x' is f32[1, 1, 4, 4] and 'dy' is f64[1, 1, 2, 2]",
        operand: 1)
    ) {
      try MaxPool2dScatter(PoolWindow([2])).inferTypes([
        TensorType([1, 1, 4, 4]), TensorType(.f64, [1, 1, 2, 2]),
      ])
    }
  }

  @Test func max_pool2d_scatter_C2_C3_C4_windowDoesNotFit() {
    let types = [TensorType([1, 1, 4, 4]), TensorType([1, 1, 2, 2])]
    #expect(throws: Violation("C2", "takes one or 2 numbers as 'window', got []")) {
      try MaxPool2dScatter(PoolWindow([])).inferTypes(types)
    }
    #expect(
      throws: Violation("C3", "takes less padding than the window of 2×2, got [2, 2, 2, 2]")
    ) { try MaxPool2dScatter(PoolWindow([2], padding: [2])).inferTypes(types) }
    #expect(
      throws: Violation(
        "C4",
        "slides a window of 5×5 over an image of 4×4 with padding [0, 0, 0, 0], which is"
          + " smaller", operand: 0)
    ) { try MaxPool2dScatter(PoolWindow([5])).inferTypes(types) }
  }

  @Test func max_pool2d_scatter_C5_cotangentHasAnotherShape() {
    #expect(
      throws: Violation(
        "C5", "expects 'dy' of f32[1, 1, 2, 2], got f32[1, 1, 2, 3]", operand: 1)
    ) {
      try MaxPool2dScatter(PoolWindow([2])).inferTypes([
        TensorType([1, 1, 4, 4]), TensorType([1, 1, 2, 3]),
      ])
    }
  }
}
