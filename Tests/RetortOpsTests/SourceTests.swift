import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct SourceTests {
  @Test func fillRepeatsANumber() throws {
    #expect(try Fill(0.1, [2]).numbers() == [Double(Float(0.1)), Double(Float(0.1))])
    #expect(try Fill(-3, [], .i64).evaluate()[0].elements(as: Int64.self) == [-3])
    #expect(try Fill(1, [2], .bool).evaluate()[0].elements(as: Bool.self) == [true, true])
  }

  @Test func constantsAreRowMajor() throws {
    let y = try Constant([1, 2, 3, 4], [2, 2], .i32).evaluate()[0]
    #expect(y.elements(as: Int32.self) == [1, 2, 3, 4] && y.shape == [2, 2])
  }

  @Test func iotaCountsAlongAnAxis() throws {
    #expect(try Iota([2, 3], axis: 1).numbers() == [0, 1, 2, 0, 1, 2])
    #expect(try Iota([2, 3], axis: 0, .f32).numbers() == [0, 0, 0, 1, 1, 1])
  }

  @Test func broadcastingAlignsFromTheLastAxis() throws {
    var b = GraphBuilder(name: "broadcasting")
    let x = b.input("x", TensorType(.f64, [2, 3])), y = b.input("y", TensorType(.f64, [2, 1]))
    let sum = b.add(x, y)
    let scaled = b.mul(sum, 2)
    let graph = b.finish(outputs: [GraphOutput(value: scaled, name: "z")])
    let result = GraphEvaluator(graph).run([
      tensor([1, 2, 3, 4, 5, 6], [2, 3]), tensor([10, 20], [2, 1]),
    ])
    #expect(result[0].doubles == [22, 24, 26, 48, 50, 52])
  }

  @Test func evaluatorRunsLoops() {
    var b = GraphBuilder(name: "loop")
    let start = b.input("start", TensorType(.i32, []))
    let arguments = b.openBlock(arguments: [
      ("i", TensorType(.i32, [])), ("total", TensorType(.i32, [])),
    ])
    let next = b.add(arguments[1], arguments[0])
    let body = b.closeBlock(results: [next, next])
    let results = b.addAll(Repeat(count: 3, first: 5), [start], regions: [body])
    let graph = b.finish(outputs: [
      GraphOutput(value: results[0], name: "last"), GraphOutput(value: results[1], name: "all"),
    ])
    let values = GraphEvaluator(graph).run([HostTensor(Int32(1))])
    #expect(values[0].doubles == [19])
    #expect(values[1].doubles == [6, 12, 19])
  }
}
