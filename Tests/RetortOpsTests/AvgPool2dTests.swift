import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct AvgPool2dTests {
  /// Acceptance vector: window 3, stride 2, padding 1, which counts.
  @Test func matchesThePublishedVector() throws {
    let op = AvgPool2d(PoolWindow([3], stride: [2], padding: [1]))
    let expected = [
      0.129599438773, 0.20826348771, 0.148085211507, 0.263720805912, 0.388599925416,
      0.291449465013, 0.222028302443, 0.346906783214, 0.240514075177,
    ]
    #expect(agree(try op.numbers(.acceptance([1, 1, 5, 5])), expected, digits: 11))
    let single = try op.numbers(.acceptance([1, 1, 5, 5], as: .f32))
    #expect(zip(single, expected).allSatisfy { abs($0 - $1) <= 1e-6 * $1 })
  }

  @Test func paddingMayBeLeftOut() throws {
    let x = HostTensor([1, 1, 1, 3], [6.0, 12, 18])
    let window = PoolWindow([1, 3], stride: [1], padding: [0, 1, 0, 1])
    #expect(try AvgPool2d(window).numbers(x) == [6, 12, 10])
    #expect(try AvgPool2d(window, countPadding: false).numbers(x) == [9, 12, 15])
  }

  @Test func avg_pool2d_C1_operandIsNoImage() {
    #expect(
      throws: Violation(
        "C1", "takes a real tensor of rank 4 as 'x', got i32[1, 1, 4, 4]", operand: 0)
    ) { try AvgPool2d(PoolWindow([2])).inferTypes([TensorType(.i32, [1, 1, 4, 4])]) }
  }

  @Test func avg_pool2d_C2_C3_C4_windowDoesNotFit() {
    let types = [TensorType([1, 1, 4, 4])]
    #expect(throws: Violation("C2", "takes one or 2 numbers as 'stride', got [1, 1, 1]")) {
      try AvgPool2d(PoolWindow([2], stride: [1, 1, 1])).inferTypes(types)
    }
    #expect(
      throws: Violation("C3", "takes less padding than the window of 1×1, got [0, 1, 0, 0]")
    ) { try AvgPool2d(PoolWindow([1], padding: [0, 1, 0, 0])).inferTypes(types) }
    #expect(
      throws: Violation(
        "C4",
        "slides a window of 5×5 over an image of 4×4 with padding [0, 0, 0, 0], which is"
          + " smaller", operand: 0)
    ) { try AvgPool2d(PoolWindow([5])).inferTypes(types) }
  }
}
