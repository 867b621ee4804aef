import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct ShapingTests {
  private let x = tensor([1, 2, 3, 4, 5, 6], [2, 3])

  @Test func reshapeKeepsTheOrder() throws {
    let y = try Reshape([3, -1]).evaluate(x)[0]
    #expect(y.shape == [3, 2] && y.doubles == x.doubles)
  }

  @Test func transposeReordersAxes() throws {
    let y = try Transpose([1, 0]).evaluate(x)[0]
    #expect(y.shape == [3, 2] && y.doubles == [1, 4, 2, 5, 3, 6])
    // Axis i of the result is axis permutation[i]: extents 2, 3, 4 become 4, 2, 3.
    #expect(
      try Transpose([2, 0, 1]).inferTypes([TensorType([2, 3, 4])]) == [TensorType([4, 2, 3])])
  }

  @Test func broadcastRepeats() throws {
    #expect(try Broadcast([2, 2]).numbers(vector(1, 2)) == [1, 2, 1, 2])
    #expect(try Broadcast([2, 2]).numbers(tensor([1, 2], [2, 1])) == [1, 1, 2, 2])
    #expect(try Broadcast([2, 2]).cotangents(vector(1, 2)) == [[2, 2]])
  }

  @Test func sliceTakesEveryStep() throws {
    #expect(try Slice([1], start: [0], stop: [3], step: [2]).numbers(x) == [1, 3, 4, 6])
    #expect(try Slice([0, -1], start: [1, 1], stop: [2, 3]).numbers(x) == [5, 6])
    #expect(
      try Slice([1], start: [0], stop: [3], step: [2]).cotangents(x) == [[1, 0, 1, 1, 0, 1]])
  }

  /// Padding gives back whatever a slice of the largest extent leaves out.
  @Test func gradientsOfSlicesReachTheLargestExtent() throws {
    let limit = WindowAxis.limit
    let x = TensorType([limit])
    for slice in [
      Slice([0], start: [0], stop: [0]), Slice([0], start: [limit], stop: [limit]),
      Slice([0], start: [0], stop: [limit], step: [limit]),
      Slice([0], start: [limit - 1], stop: [limit]),
    ] {
      let gradient = try OpGradient(of: slice, [x]).graph
      #expect(gradient.body.results.map(gradient.type) == [x])
    }
    let pad = Pad([0], low: [limit], high: [limit], interior: [limit])
    #expect(try OpGradient(of: pad, [TensorType([2])]).graph.body.results.count == 1)
  }

  @Test func padPutsAValueAround() throws {
    #expect(
      try Pad([0], low: [1], high: [2], interior: [1], value: 9).numbers(vector(1, 2))
        == [9, 1, 9, 2, 9, 9])
    #expect(try Pad([1], low: [0], high: [1]).numbers(x) == [1, 2, 3, 0, 4, 5, 6, 0])
  }

  @Test func reverseTurnsAxesRound() throws {
    #expect(try Reverse([1]).numbers(x) == [3, 2, 1, 6, 5, 4])
    #expect(try Reverse([0, 1]).numbers(x) == [6, 5, 4, 3, 2, 1])
  }

  @Test func concatenateJoins() throws {
    let y = tensor([7, 8], [2, 1])
    #expect(try Concatenate(axis: 1).numbers(x, y) == [1, 2, 3, 7, 4, 5, 6, 8])
    #expect(try Concatenate(axis: 0).numbers(vector(1), vector(2, 3)) == [1, 2, 3])
  }

  @Test func manyOperandsAreJoined() {
    let count = 20_000
    let parts = (0..<count).map { HostTensor([1], [Float($0)]) }
    let whole = Concatenate(axis: 0).evaluate(parts, [TensorType([count])])
    #expect(whole == [HostTensor([count], (0..<count).map { Float($0) })])
  }

  @Test func movementTakesEveryElementType() throws {
    let keys = HostTensor([2, 1], [Key(1, 2), Key(3, 4)])
    #expect(try Reverse([0]).evaluate(keys)[0].elements(as: Key.self) == [Key(3, 4), Key(1, 2)])
    let flags = HostTensor([2], [true, false])
    #expect(
      try Pad([0], low: [1], high: [0], value: 1).evaluate(flags)[0].elements(as: Bool.self)
        == [true, true, false])
  }
}
