import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct LogSoftmaxTests {
  /// Cross-entropies of the acceptance vectors' logits: 0.610996650739 and 2.19076575192.
  @Test func givesThePublishedCrossEntropies() throws {
    let logits = HostTensor([2, 5], [1.0, 3, 0.5, -1, 2.5, 2, -1, 0, 1, 4])
    let y = try LogSoftmax().numbers(logits)
    #expect(agree([-y[1], -y[5]], [0.610996650739, 2.19076575192], digits: 11))
  }

  @Test func doesNotUnderflow() throws {
    #expect(try LogSoftmax(axis: 0).numbers(HostTensor([2], [Float(0), 1000])) == [-1000, 0])
  }

  @Test func log_softmax_C1_operandIsNotReal() {
    #expect(throws: Violation("C1", "takes reals along an axis, got i32[4]", operand: 0)) {
      try LogSoftmax().inferTypes([TensorType(.i32, [4])])
    }
  }

  @Test func log_softmax_C2_axisIsOutside() {
    #expect(throws: Violation("C2", "axis -3 is outside f32[4, 7]", operand: 0)) {
      try LogSoftmax(axis: -3).inferTypes([TensorType([4, 7])])
    }
  }
}
