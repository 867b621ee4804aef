/// Two graphs are equal if they print the same: same inputs, outputs, operations, attributes, types,
/// names and order. Value numbers and origins do not count.
extension Graph: Equatable {
  package static func == (a: Graph, b: Graph) -> Bool {
    guard a.name == b.name, a.inputs.count == b.inputs.count, a.outputs.count == b.outputs.count
    else { return false }
    var comparison = Comparison(a: a, b: b)
    for (x, y) in zip(a.inputs, b.inputs) {
      guard x.name == y.name, x.role == y.role, comparison.define(x.value, y.value) else {
        return false
      }
    }
    guard comparison.same(a.body, b.body) else { return false }
    return zip(a.outputs, b.outputs).allSatisfy { $0.name == $1.name && $0.role == $1.role }
  }

  private struct Comparison {
    let a: Graph
    let b: Graph
    var images: [Value: Value] = [:]

    mutating func define(_ x: Value, _ y: Value) -> Bool {
      images[x] = y
      return a.type(of: x) == b.type(of: y) && a.name(of: x) == b.name(of: y)
    }

    mutating func define(_ xs: [Value], _ ys: [Value]) -> Bool {
      guard xs.count == ys.count else { return false }
      return zip(xs, ys).allSatisfy { define($0, $1) }
    }

    func uses(_ xs: [Value], _ ys: [Value]) -> Bool {
      xs.count == ys.count && zip(xs, ys).allSatisfy { images[$0] == $1 }
    }

    mutating func same(_ x: Block, _ y: Block) -> Bool {
      guard define(x.arguments, y.arguments), x.nodes.count == y.nodes.count else { return false }
      for (left, right) in zip(x.nodes, y.nodes) {
        guard left.op.signature == right.op.signature, left.annotations == right.annotations,
          uses(left.operands, right.operands), left.regions.count == right.regions.count
        else { return false }
        for (inner, other) in zip(left.regions, right.regions) {
          guard same(inner, other) else { return false }
        }
        guard define(left.results, right.results) else { return false }
      }
      return uses(x.results, y.results)
    }
  }
}
