import RetortIR
import RetortOps

extension Graph {
  /// Floating-point operations of one run, loops with all their turns, counted as direct
  /// convolutions whatever form was chosen. What is prepared once is not counted.
  package var operationCount: Int { count(body.nodes) }

  private func count(_ nodes: [Node]) -> Int {
    nodes.reduce(0) { total, node in
      if node.op is Prepare { return total }
      if let loop = node.op as? Repeat {
        return Cost.sum(total, Cost.product(loop.count, count(node.regions[0].nodes)))
      }
      if let op = node.op as? any TensorOp {
        return Cost.sum(
          total, op.cost(node.operands.map(type), node.results.map(type)).flops)
      }
      return node.regions.reduce(total) { Cost.sum($0, count($1.nodes)) }
    }
  }
}
