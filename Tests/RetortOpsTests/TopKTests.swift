import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct TopKTests {
  @Test func tiesKeepTheirOrder() throws {
    let y = try TopK(k: 3).evaluate([HostTensor([2, 4], [1.0, 3, 3, 2, 0, 0, 0, 0])])
    #expect(y[0] == HostTensor([2, 3], [3.0, 3, 2, 0, 0, 0]))
    #expect(y[1] == HostTensor([2, 3], [Int32(1), 2, 3, 0, 1, 2]))
  }

  @Test func aNaNComesFirst() throws {
    let y = try TopK(k: 3).evaluate([HostTensor([4], [1.0, .nan, .infinity, .nan])])
    #expect(y[1] == HostTensor([3], [Int32(1), 3, 2]))
  }

  @Test func integersAreOrderedToo() throws {
    let y = try TopK(k: 1).evaluate([HostTensor([3], [Int64.min, .max, .max - 1])])
    #expect(y[0] == HostTensor([1], [Int64.max]))
  }

  @Test func cotangentsStayInTheirPlaces() throws {
    let x = vector(-1, 0, -2, 4)
    let slopes = try TopK(k: 2).cotangents(x, seed: vector(0.25, .infinity))
    #expect(slopes == [[0, .infinity, 0, 0.25]])
    let others = try TopK(k: 2).cotangents(x, seed: vector(.nan, 1))[0]
    #expect(others[3].isNaN)
    #expect(Array(others[..<3]) == [0, 1, 0])
  }

  @Test func top_k_C1_operandHasNoAxis() {
    #expect(throws: Violation("C1", "takes numbers along an axis, got f32[]", operand: 0)) {
      try TopK(k: 1).inferTypes([TensorType([])])
    }
  }

  @Test func top_k_C2_axisIsShorter() {
    #expect(throws: Violation("C2", "picks 5 of an axis of extent 4", operand: 0)) {
      try TopK(k: 5).inferTypes([TensorType([3, 4])])
    }
  }

  @Test func top_k_C3_gradientIsTooLarge() {
    #expect(
      throws: Violation(
        "C3", "picks 4 of f32[1048576, 262144], which no memory holds side by side", operand: 0)
    ) { try TopK(k: 4).inferTypes([TensorType([1 << 20, 1 << 18])]) }
  }
}
