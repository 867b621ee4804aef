import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// Finds out why no cotangent arrives at some targets: because the loss does not depend on them, or
/// because every way leads through an operation that has no derivative.
struct BlockedPath {
  private let graph: Graph
  private let plan: GradientPlan
  /// From every value to what it is made of, through operations of any kind but `detach`.
  private var needs: ValueWays
  /// Operations without derivative, by their results.
  private var blockers: [Value: Node] = [:]

  /// - Throws: where the loss depends on a target only through operations without derivative.
  static func check(
    _ plan: GradientPlan, _ targets: [Value], _ graph: Graph
  ) throws(Diagnostics) {
    var search = BlockedPath(graph, plan)
    search.visit(plan.ancestors)
    guard let target = search.blocked(among: targets), let blocker = search.blocker(of: target),
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

  private init(_ graph: Graph, _ plan: GradientPlan) {
    self.graph = graph
    self.plan = plan
    needs = ValueWays(valueCount: graph.values.count, isReversed: true)
  }

  private mutating func visit(_ nodes: [Node]) {
    for node in nodes {
      if node.op is Repeat {
        needs.add(loop: node)
        visit(node.regions[0].nodes)
      } else if let op = node.op as? any TensorOp, !(op is Detach) {
        needs.add(from: node.operands, to: node.results)
        // A gradient rule that takes the index of a maximum means that it is constant nearby.
        guard case .none = type(of: op).differentiability, node.origin.derivation == nil else {
          continue
        }
        for result in node.results { blockers[result] = node }
      }
    }
  }

  /// The first target that the loss depends on through operations without derivative and not
  /// otherwise. All are looked at together: a model may have many that the loss does not read.
  private func blocked(among targets: [Value]) -> Value? {
    if blockers.isEmpty { return nil }
    let isNeeded = needs.reach(from: [plan.loss])
    let stops = blockers.filter { isNeeded[$0.key.id] }.flatMap(\.value.operands)
    if stops.isEmpty { return nil }
    let back = ValueWays.ofDerivatives(through: plan.ancestors, graph, isReversed: true)
    let (comesToStop, comesToLoss) = (back.reach(from: stops), back.reach(from: [plan.loss]))
    return targets.first { comesToStop[$0.id] && !comesToLoss[$0.id] }
  }

  /// The first operation, on the ways back from the loss, that a target comes to and does not pass.
  private func blocker(of target: Value) -> Node? {
    let comes = ValueWays.ofDerivatives(through: plan.ancestors, graph).reach(from: [target])
    let value = needs.first(from: [plan.loss]) { value in
      blockers[value]?.operands.contains { comes[$0.id] } ?? false
    }
    return value.flatMap { blockers[$0] }
  }
}
