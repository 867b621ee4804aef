import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// Finds out why no cotangent arrives at a target: because the loss does not depend on it, or
/// because every way leads through an operation that has no derivative.
struct BlockedPath {
  /// Values that depend on the target through derivatives that exist.
  private var smooth: Set<Value> = []
  /// Values that depend on it otherwise, and the operation that is to blame.
  private var blockers: [Value: Node] = [:]
  private let graph: Graph

  /// - Throws: where the loss depends on the target only through operations without derivative.
  static func check(_ plan: GradientPlan, _ target: Value, _ graph: Graph) throws(Diagnostics) {
    var search = BlockedPath(graph: graph)
    search.smooth.insert(target)
    for node in plan.ancestors { search.spread(node) }
    guard !search.smooth.contains(plan.loss), let blocker = search.blockers[plan.loss],
      let op = blocker.op as? any TensorOp,
      case .none(let reason) = type(of: op).differentiability
    else { return }
    let value = graph.name(of: target)
    throw Diagnostics(
      "no gradient reaches '\(value)': the loss depends on it only through \(blocker.opName), "
        + "and \(reason)",
      at: plan.node.origin.range, code: "gradient/C3",
      notes: [
        .note(
          "'\(graph.name(of: blocker.results[0]))' is computed by \(blocker.opName) here",
          at: blocker.origin.range)
      ],
      hint: "take 'detach' of '\(value)' there if the gradient is meant to be zero")
  }

  private init(graph: Graph) { self.graph = graph }

  private mutating func spread(_ node: Node) {
    switch node.op {
    case is Detach: return
    case let op as any TensorOp: spread(op, node)
    case is Repeat: spread(loop: node)
    default: return
    }
  }

  private mutating func spread(_ op: any TensorOp, _ node: Node) {
    if let blocker = node.operands.first(where: { blockers[$0] != nil }).flatMap({ blockers[$0] }) {
      for result in node.results { blockers[result] = blocker }
    }
    guard node.operands.contains(where: smooth.contains) else { return }
    switch type(of: op).differentiability {
    case .differentiable:
      for result in node.results where graph.type(of: result).element.isReal {
        smooth.insert(result)
      }
    case .zero: return
    case .none:
      // A gradient rule that takes the index of a maximum means that it is constant nearby.
      guard node.origin.derivation == nil else { return }
      for result in node.results { blockers[result] = node }
    }
  }

  private mutating func spread(loop node: Node) {
    let body = node.regions[0]
    let arguments = Array(body.arguments.dropFirst())
    move(node.operands, to: arguments)
    var known = -1
    while known != smooth.count + blockers.count {
      known = smooth.count + blockers.count
      for inner in body.nodes { spread(inner) }
      move(Array(body.results.prefix(arguments.count)), to: arguments)
    }
    move(arguments, to: node.results)
    move(body.results, to: node.results)
  }

  private mutating func move(_ sources: [Value], to targets: [Value]) {
    for (source, target) in zip(sources, targets) {
      if smooth.contains(source) { smooth.insert(target) }
      if let blocker = blockers[source], blockers[target] == nil { blockers[target] = blocker }
    }
  }
}
