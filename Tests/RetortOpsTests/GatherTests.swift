import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct GatherTests {
  private let x = HostTensor([2, 3], [1.0, 2, 3, 4, 5, 6])

  @Test func picksSlicesInTheOrderOfTheIndices() throws {
    #expect(try Gather().numbers(x, HostTensor([2], [Int32(1), 0])) == [4, 5, 6, 1, 2, 3])
    let columns = try Gather(axis: -1).evaluate([x, HostTensor([2, 1], [Int64(2), 0])])
    #expect(columns[0] == HostTensor([2, 2, 1], [3.0, 1, 6, 4]))
  }

  @Test func indicesOutsideReadTheNearestSlice() throws {
    let indices = HostTensor([3], [Int32(-7), 1, 9])
    #expect(try Gather(axis: 1).numbers(x, indices) == [1, 2, 3, 4, 5, 6])
  }

  @Test func picksKeysAndBooleans() throws {
    let keys = HostTensor([3], [Key(0, 1), Key(2, 3), Key(4, 5)])
    let picked = try Gather().evaluate([keys, HostTensor(Int32(2))])
    #expect(picked[0] == HostTensor(Key(4, 5)))
    let flags = try Gather().evaluate([
      HostTensor([2], [true, false]), HostTensor([3], [Int32(1), 0, 0]),
    ])
    #expect(flags[0] == HostTensor([3], [false, true, true]))
  }

  @Test func gather_C1_axisIsOutside() {
    #expect(throws: Violation("C1", "axis 2 is outside f32[2, 3]", operand: 0)) {
      try Gather(axis: 2).inferTypes([TensorType([2, 3]), TensorType(.i32, [1])])
    }
  }

  @Test func gather_C2_indicesAreReal() {
    #expect(throws: Violation("C2", "takes i32 or i64 as 'indices', got f32[1]", operand: 1)) {
      try Gather().inferTypes([TensorType([2, 3]), TensorType([1])])
    }
  }

  @Test func gather_C3_axisIsEmpty() {
    #expect(
      throws: Violation(
        "C3", "picks from axis 0 of f32[0, 3], which is empty, with i32[2]", operand: 0)
    ) { try Gather().inferTypes([TensorType([0, 3]), TensorType(.i32, [2])]) }
  }
}
