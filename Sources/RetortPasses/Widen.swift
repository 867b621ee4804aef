import RetortIR
import RetortTensor

/// Makes every `f32` of a graph an `f64`: inputs, results, and the `type` that an operation is
/// asked for. What the widened graph computes is the oracle for the narrow one.
package struct Widen: Pass {
  package static let name = "widen"
  package static let summary = "makes every f32 an f64"

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var result = graph
    var count = 0
    for index in result.values.indices where result.values[index].type.element == .f32 {
      result.values[index].type.element = .f64
      count += 1
    }
    result.body = try Self.widen(graph.body)
    record.fire("value", times: count)
    // The widened types must be what the operations infer.
    try Verifier().verify(result)
    return result
  }

  private static func widen(_ block: Block) throws -> Block {
    var block = block
    for index in block.nodes.indices {
      block.nodes[index].op = widen(block.nodes[index].op)
      if !block.nodes[index].regions.isEmpty {
        block.nodes[index].regions = try block.nodes[index].regions.map(widen)
      }
    }
    return block
  }

  private static func widen<O: Op>(_ op: O) -> any Op {
    var op = op
    for (name, value) in op.attributeValues where value == .element(.f32) {
      _ = op.setAttribute(name, to: .element(.f64))
    }
    return op
  }
}
