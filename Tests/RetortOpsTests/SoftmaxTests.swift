import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct SoftmaxTests {
  /// Logarithms of 1, 2 and 5.
  private let logarithms = [0, 0.6931471805599453, 1.6094379124341003]

  @Test func resultsAreSharesOfTheExponentials() throws {
    let y = try Softmax().numbers(HostTensor([3], logarithms))
    #expect(agree(y, [0.125, 0.25, 0.625], digits: 14))
    let columns = try Softmax(axis: 0).numbers(HostTensor([2, 2], [0.0, 0, 0, logarithms[1]]))
    #expect(agree(columns, [0.5, 1 / 3.0, 0.5, 2 / 3.0], digits: 14))
  }

  @Test func largeNumbersDoNotOverflow() throws {
    let y = try Softmax().numbers(HostTensor([3], [Float(1000), 1000, -1000]))
    #expect(y == [0.5, 0.5, 0])
  }

  @Test func nothingFiniteGivesNaN() throws {
    let y = try Softmax().numbers(HostTensor([2], [-Double.infinity, -.infinity]))
    #expect(y.allSatisfy { $0.isNaN })
  }

  @Test func softmax_C1_operandHasNoAxis() {
    #expect(throws: Violation("C1", "takes reals along an axis, got f32[]", operand: 0)) {
      try Softmax().inferTypes([TensorType([])])
    }
  }

  @Test func softmax_C2_axisIsOutside() {
    #expect(throws: Violation("C2", "axis 2 is outside f32[4, 7]", operand: 0)) {
      try Softmax(axis: 2).inferTypes([TensorType([4, 7])])
    }
  }
}
