import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct OneHotTests {
  @Test func marksTheIndex() throws {
    let y = try OneHot(classes: 3).evaluate([HostTensor([2], [Int32(2), 0])])
    #expect(y[0] == HostTensor([2, 3], [Float(0), 0, 1, 1, 0, 0]))
  }

  @Test func indicesOutsideMarkNothing() throws {
    let y = try OneHot(classes: 2, type: .i64).evaluate([HostTensor([2], [Int64(-1), 2])])
    #expect(y[0] == HostTensor([2, 2], [Int64(0), 0, 0, 0]))
  }

  @Test func one_hot_C1_indicesAreReal() {
    #expect(throws: Violation("C1", "takes i32 or i64 as 'indices', got f32[2]", operand: 0)) {
      try OneHot(classes: 3).inferTypes([TensorType([2])])
    }
  }

  @Test func one_hot_C2_classesAreOutOfRange() {
    #expect(throws: Violation("C2", "takes from 0 to 2147483648 classes, got -1")) {
      try OneHot(classes: -1).inferTypes([TensorType(.i32, [2])])
    }
  }

  @Test func one_hot_C3_keysAreNoNumbers() {
    #expect(throws: Violation("C3", "gives numbers or bool, got key")) {
      try OneHot(classes: 3, type: .key).inferTypes([TensorType(.i32, [2])])
    }
  }
}
