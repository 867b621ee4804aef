import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct ScatterAddTests {
  @Test func addsWhatMeets() throws {
    let updates = HostTensor([3, 2], [1.0, 2, 3, 4, 5, 6])
    let indices = HostTensor([3], [Int32(2), 0, 2])
    let x = try ScatterAdd(axis: 0, extent: 3).numbers(updates, indices)
    #expect(x == [3, 4, 0, 0, 6, 8])
  }

  @Test func theAxisIsThatOfTheResult() throws {
    let updates = HostTensor([2, 1, 2], [1.0, 2, 3, 4])
    let indices = HostTensor([1, 2], [Int32(1), 9])
    let x = try ScatterAdd(axis: -1, extent: 2).evaluate([updates, indices])
    #expect(x[0] == HostTensor([2, 2], [0.0, 3, 0, 7]))
  }

  @Test func integersWrapAround() throws {
    let updates = HostTensor([2], [Int32.max, 1])
    let x = try ScatterAdd(axis: 0, extent: 1).evaluate([updates, HostTensor([2], [Int32(0), 0])])
    #expect(x[0] == HostTensor([1], [Int32.min]))
  }

  @Test func scatter_add_C1_elementTypesAreWrong() {
    #expect(
      throws: Violation("C1", "takes numbers as 'updates', got bool[2]", operand: 0)
    ) {
      try ScatterAdd(axis: 0, extent: 1).inferTypes([
        TensorType(.bool, [2]), TensorType(.i32, [2]),
      ])
    }
    #expect(throws: Violation("C1", "takes i32 or i64 as 'indices', got u32[2]", operand: 1)) {
      try ScatterAdd(axis: 0, extent: 1).inferTypes([TensorType([2]), TensorType(.u32, [2])])
    }
  }

  @Test func scatter_add_C2_axisIsOutside() {
    #expect(throws: Violation("C2", "axis 1 is outside the result of rank 1", operand: 0)) {
      try ScatterAdd(axis: 1, extent: 1).inferTypes([TensorType([2]), TensorType(.i32, [2])])
    }
    #expect(throws: Violation("C2", "axis 0 is outside the result of rank 0", operand: 0)) {
      try ScatterAdd(axis: 0, extent: 1).inferTypes([TensorType([2]), TensorType(.i32, [2, 1])])
    }
  }

  @Test func scatter_add_C3_extentsDiffer() {
    #expect(
      throws: Violation(
        "C3", "expects the extents of i32[3] at axis 0 of 'updates', got f32[2, 3]", operand: 0)
    ) {
      try ScatterAdd(axis: 0, extent: 4).inferTypes([TensorType([2, 3]), TensorType(.i32, [3])])
    }
  }

  @Test func scatter_add_C4_extentIsEmpty() {
    #expect(throws: Violation("C4", "adds 2 slices along an axis of extent 0", operand: 1)) {
      try ScatterAdd(axis: 0, extent: 0).inferTypes([TensorType([2]), TensorType(.i32, [2])])
    }
  }
}
