import RetortIR
import RetortTensor

/// One local rewrite: looks at a node and, through the editor, at what defines its operands.
struct Rule: Sendable {
  let name: String
  let exactness: Exactness
  /// The names of the operations that it looks at.
  let opNames: [String]
  /// Values to take the place of the node's results, or nil to leave it.
  let rewrite: @Sendable (inout GraphEditor, Node) -> [Value]?

  init(
    _ name: String, on ops: [any Op.Type], exactness: Exactness = .bitwise,
    rewrite: @escaping @Sendable (inout GraphEditor, Node) -> [Value]?
  ) {
    self.name = name
    self.exactness = exactness
    opNames = ops.map { $0.name }
    self.rewrite = rewrite
  }
}

/// A pass that is a table of rules. The first rule that matches a node wins.
protocol RewritePass: Pass {
  var rules: [Rule] { get }
}

extension RewritePass {
  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    let rules = rules
    var table: [String: [Int]] = [:]
    for (index, rule) in rules.enumerated() {
      for name in rule.opNames { table[name, default: []].append(index) }
    }
    var counts = [Int](repeating: 0, count: rules.count)
    let result = GraphEditor.edit(graph) { editor, node in
      guard let candidates = table[node.opName] else { return nil }
      for index in candidates {
        if let values = rules[index].rewrite(&editor, node) {
          counts[index] += 1
          return values
        }
      }
      return nil
    }
    for (rule, count) in zip(rules, counts) { record.fire(rule.name, rule.exactness, times: count) }
    return counts.allSatisfy { $0 == 0 } ? graph : result
  }
}
