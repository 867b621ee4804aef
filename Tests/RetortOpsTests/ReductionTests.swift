import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct ReductionTests {
  private let x = tensor([1, 2, 3, 4, 5, 6], [2, 3])

  @Test func sumsAndMeans() throws {
    #expect(try Sum(axes: []).numbers(x) == [21])
    #expect(try Sum(axes: [0]).numbers(x) == [5, 7, 9])
    #expect(try Sum(axes: [-1]).numbers(x) == [6, 15])
    #expect(try Sum(axes: [1], keep: true).evaluate(x)[0].shape == [2, 1])
    #expect(try Mean(axes: [1, 0]).numbers(x) == [3.5])
    #expect(try Mean(axes: [0]).numbers(x) == [2.5, 3.5, 4.5])
  }

  @Test func sumOfNothingIsZeroAndItsMeanNaN() throws {
    let empty = tensor([], [2, 0])
    #expect(try Sum(axes: [1]).numbers(empty) == [0, 0])
    #expect(try Mean(axes: [1]).numbers(empty).allSatisfy(\.isNaN))
    #expect(try Sum(axes: [0]).numbers(empty) == [])
  }

  @Test func integerSumsWrapAround() throws {
    let x = HostTensor([2], [Int32.max, 1])
    #expect(try Sum(axes: []).evaluate(x)[0].elements(as: Int32.self) == [.min])
  }

  /// One after the other in 32 bits, the small numbers would all be lost.
  @Test func floatsAreAddedInDouble() throws {
    let x = HostTensor([4], [Float(0x1p24), 1, 1, 1])
    #expect(try Sum(axes: []).numbers(x) == [0x1p24 + 4])  // 2²⁴ + 3 rounded to even
  }

  @Test func extremaAlongAnAxis() throws {
    let x = tensor([3, 1, 2, 0, 5, 4], [2, 3])
    #expect(try ReduceMax(axis: 1).numbers(x) == [3, 5])
    #expect(try ReduceMin(axis: 0).numbers(x) == [0, 1, 2])
    #expect(try ReduceMax(axis: -1, keep: true).evaluate(x)[0].shape == [2, 1])
    #expect(try ArgMax(axis: 1).evaluate(x)[0].elements(as: Int32.self) == [0, 1])
    #expect(try ArgMin(axis: 0).evaluate(x)[0].elements(as: Int32.self) == [1, 0, 0])
  }

  @Test func firstOfEqualElementsCounts() throws {
    let x = vector(1, 3, 3, 1)
    #expect(try ArgMax(axis: 0).numbers(x) == [1])
    #expect(try ArgMin(axis: 0).numbers(x) == [0])
    #expect(try ReduceMax(axis: 0).cotangents(x) == [[0, 1, 0, 0]])
    #expect(try ReduceMin(axis: 0).cotangents(x) == [[1, 0, 0, 0]])
  }

  @Test func firstNaNBeatsEverything() throws {
    let x = vector(1, .nan, 5, .nan)
    #expect(try ArgMax(axis: 0).numbers(x) == [1])
    #expect(try ArgMin(axis: 0).numbers(x) == [1])
    #expect(try ReduceMax(axis: 0).numbers(x)[0].isNaN)
    #expect(try ArgMax(axis: 0).numbers(vector(.nan, 1, .nan)) == [0])
  }
}
