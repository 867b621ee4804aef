import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// Writes one round of gradients while a graph is copied.
struct ReverseSweep {
  private let graph: Graph
  private let plans: [Int: GradientPlan]
  /// The loops that must collect their carried values, by their first results.
  private let recorded: Set<Int>
  /// Every turn's carried values of a loop that was emitted so, by its first result.
  private var saved: [Int: [Value]] = [:]
  private var rewriter: GraphRewriter
  private let valueLimit: Int
  /// The gradient that is being written.
  private var place: SourceRange?

  init(_ graph: Graph, _ plans: [Int: GradientPlan], valueLimit: Int) {
    self.graph = graph
    self.plans = plans
    self.valueLimit = valueLimit
    var recorded = Set<Int>()
    for plan in plans.values {
      for node in plan.ancestors where node.op is Repeat && plan.activity.isReached(node) {
        recorded.insert(node.results[0].id)
      }
    }
    self.recorded = recorded
    rewriter = GraphRewriter(graph)
  }

  mutating func run() throws -> Graph {
    try copy(graph.body.nodes) { [recorded] in recorded.contains($0.results[0].id) }
    return rewriter.finish()
  }

  // MARK: forward

  /// Copies nodes; loops for which `isRecorded` holds collect what they carry.
  private mutating func copy(_ nodes: [Node], _ isRecorded: (Node) -> Bool) throws {
    for node in nodes {
      if node.op is Gradient, let plan = plans[node.results[0].id] {
        try expand(plan)
      } else if node.op is Repeat {
        try copy(loop: node, isRecorded)
      } else {
        rewriter.add(node, operands: node.operands.map { rewriter[$0] }, regions: [])
      }
    }
  }

  private mutating func copy(loop node: Node, _ isRecorded: (Node) -> Bool) throws {
    let body = node.regions[0]
    let arguments = rewriter.builder.openBlock(
      arguments: body.arguments.map { (graph.name(of: $0), graph.type(of: $0)) })
    for (old, new) in zip(body.arguments, arguments) { rewriter.setImage(of: old, to: new) }
    try copy(body.nodes, isRecorded)
    var yielded = body.results.map { rewriter[$0] }
    var names = node.results.map { graph.name(of: $0) }
    /// Where each carried value's turns are among the results.
    var stacks: [Int] = []
    if !node.results.isEmpty, isRecorded(node) {
      for (old, new) in zip(body.arguments, arguments).dropFirst() {
        let collected = body.results[node.operands.count...]
        if let index = collected.firstIndex(of: old) {
          stacks.append(index)
        } else {
          try checkTurns(of: old, node)
          stacks.append(yielded.count)
          yielded.append(new)
          names.append(graph.name(of: old) + "_turns")
        }
      }
    }
    let region = rewriter.builder.closeBlock(results: yielded)
    let outer = rewriter.builder.origin
    rewriter.builder.origin = node.origin
    let results = rewriter.builder.addAll(
      node.op, node.operands.map { rewriter[$0] }, regions: [region], names: names)
    rewriter.builder.origin = outer
    for (old, new) in zip(node.results, results) { rewriter.setImage(of: old, to: new) }
    if !node.results.isEmpty { saved[node.results[0].id] = stacks.map { results[$0] } }
  }

  /// Refuses to keep a loop's value of every turn where no tensor holds them.
  private func checkTurns(of value: Value, _ loop: Node) throws(Diagnostics) {
    let type = graph.type(of: value)
    let extents = [(loop.op as! Repeat).count] + type.shape.extents
    guard Shape.checked(extents) != nil else {
      throw Diagnostics(
        "the gradient keeps \(extents[0]) turns of '\(graph.name(of: value))',"
          + " \(type), which no memory holds", at: loop.origin.range,
        hint: "let the loop turn less often")
    }
    guard extents.count <= Shape.rankLimit else {
      throw Diagnostics(
        "a tensor has at most \(Shape.rankLimit) dimensions, the turns of"
          + " '\(graph.name(of: value))' that the gradient keeps have \(extents.count)",
        at: loop.origin.range)
    }
  }

  // MARK: backward

  /// Cotangents in the new graph by the number of the old value.
  private typealias Cotangents = [Int: Value]

  private mutating func expand(_ plan: GradientPlan) throws {
    place = plan.node.origin.range
    rewriter.builder.origin = plan.node.origin.derived("gradient")
    var cotangents: Cotangents = [:]
    if plan.activity.isReached(plan.loss) {
      cotangents[plan.loss.id] = rewriter.builder.fill(1, like: rewriter[plan.loss])
    }
    try reverse(plan.ancestors, plan.activity, &cotangents)
    rewriter.builder.origin = plan.node.origin.derived("gradient")
    let missing = plan.targets.filter { cotangents[$0.id] == nil }
    if !missing.isEmpty { try BlockedPath.check(plan, missing, graph) }
    var owned = Set<Value>()
    for (target, result) in zip(plan.targets, plan.node.results) {
      if let cotangent = cotangents[target.id] {
        rewriter.setImage(of: result, to: cotangent)
        if cotangent != cotangents[plan.loss.id], owned.insert(cotangent).inserted {
          rewriter.builder.rename(cotangent, to: graph.name(of: result))
        }
      } else {
        let zero = rewriter.builder.fill(0, like: rewriter[target])
        rewriter.builder.rename(zero, to: graph.name(of: result))
        rewriter.setImage(of: result, to: zero)
      }
    }
    rewriter.builder.origin = Origin()
  }

  private mutating func reverse(
    _ nodes: [Node], _ activity: Activity, _ cotangents: inout Cotangents
  ) throws {
    for node in nodes.reversed() {
      let seeds = node.results.map { cotangents[$0.id] }
      guard seeds.contains(where: { $0 != nil }) else { continue }
      try checkSize()
      rewriter.builder.origin = Self.derived(node)
      if let loop = node.op as? Repeat {
        try reverse(loop: loop, node, seeds, activity, &cotangents)
      } else if let op = node.op as? any TensorOp {
        try reverse(op, node, seeds, activity, &cotangents)
      }
    }
  }

  /// Between two looks at most a loop's body is copied, which the limit bounds too.
  private func checkSize() throws(Diagnostics) {
    guard rewriter.builder.valueCount > valueLimit else { return }
    throw Diagnostics(
      "with this gradient the graph has more than \(valueLimit) values", at: place,
      hint: "ask for fewer gradients; one of a gradient is several times as long: nest fewer in"
        + " each other, or 'detach' one where the next takes it for a constant")
  }

  /// A gradient of what is itself part of a gradient says both.
  private static func derived(_ node: Node) -> Origin {
    let earlier = node.origin.derivation.map { " in \($0)" } ?? ""
    return node.origin.derived("gradient of \(node.opName)\(earlier)")
  }

  private mutating func reverse(
    _ op: any TensorOp, _ node: Node, _ seeds: [Value?], _ activity: Activity,
    _ cotangents: inout Cotangents
  ) throws {
    let primal = Primal(
      inputs: node.operands.map { rewriter[$0] }, outputs: node.results.map { rewriter[$0] },
      seeds: seeds, wanted: node.operands.map(activity.isReached))
    guard primal.wanted.contains(true) else { return }
    let known = rewriter.builder.valueCount
    let parts = op.gradient(&rewriter.builder, primal)
    for id in known..<rewriter.builder.valueCount {
      let rank = rewriter.builder.shape(of: Value(id: id)).rank
      guard rank <= Shape.rankLimit else {
        throw Diagnostics(
          "a tensor has at most \(Shape.rankLimit) dimensions, one in the gradient of"
            + " \(node.opName) has \(rank)", at: place)
      }
    }
    guard parts.count == node.operands.count else {
      throw InternalError("the gradient of \(node.opName) has \(parts.count) parts")
    }
    for (index, operand) in node.operands.enumerated() where primal.wanted[index] {
      guard let part = parts[index] else { continue }
      guard rewriter.builder.type(of: part) == graph.type(of: operand) else {
        throw InternalError(
          "the gradient of \(node.opName) gives \(rewriter.builder.type(of: part)) for operand "
            + "\(index), which is \(graph.type(of: operand))")
      }
      let isShared =
        primal.inputs.contains(part) || primal.outputs.contains(part) || seeds.contains(part)
      accumulate(part, into: operand, &cotangents, isShared: isShared)
    }
  }

  private mutating func accumulate(
    _ part: Value, into operand: Value, _ cotangents: inout Cotangents, isShared: Bool = false
  ) {
    let name = "d_" + graph.name(of: operand)
    if let earlier = cotangents[operand.id] {
      cotangents[operand.id] = rewriter.builder.add(Add(), [earlier, part], name: name)
    } else {
      cotangents[operand.id] = part
      if !isShared { rewriter.builder.rename(part, to: name) }
    }
  }

  // MARK: loops

  /// The loop that runs `node` backwards: carries the cotangents of the carried values, and the
  /// sums of those of captured ones; each turn computes the turn's forward values again.
  private mutating func reverse(
    loop: Repeat, _ node: Node, _ seeds: [Value?], _ activity: Activity,
    _ cotangents: inout Cotangents
  ) throws {
    let body = node.regions[0]
    let carried = activity.carried(node)
    let captures = activity.captures[node.results[0].id] ?? []
    if loop.count == 0 {
      for index in carried {
        guard let seed = seeds[index], activity.isReached(node.operands[index]) else { continue }
        accumulate(seed, into: node.operands[index], &cotangents, isShared: true)
      }
      return
    }
    let inner = BackwardLoop(
      loop: loop, node: node, seeds: seeds, carried: carried, captures: captures)
    let sums = carried.map { body.arguments[$0 + 1] } + captures
    let starts = inner.starts(&rewriter)
    let names = sums.map { "d_" + graph.name(of: $0) }
    let arguments = rewriter.builder.openBlock(
      arguments: [("turn", TensorType(.i32, []))]
        + zip(names, sums).map { ($0, graph.type(of: $1)) })
    let next = try backwardTurn(inner, arguments, activity)
    let region = rewriter.builder.closeBlock(results: next)
    let results = rewriter.builder.addAll(
      Repeat(count: loop.count), starts, regions: [region], names: names)
    for (slot, index) in carried.enumerated() where activity.isReached(node.operands[index]) {
      accumulate(results[slot], into: node.operands[index], &cotangents, isShared: true)
    }
    for (slot, value) in captures.enumerated() {
      accumulate(results[carried.count + slot], into: value, &cotangents, isShared: true)
    }
  }

  /// One turn backwards: the forward values again, then their cotangents. Gives the next cotangents
  /// of the carried values, then the next sums for the captured ones.
  private mutating func backwardTurn(
    _ inner: BackwardLoop, _ arguments: [Value], _ activity: Activity
  ) throws -> [Value] {
    let (node, carried) = (inner.node, inner.carried)
    let body = node.regions[0]
    let origin = rewriter.builder.origin
    let turn = forwardTurn(inner.loop, node, arguments[0])
    try copy(body.nodes) { activity.isReached($0) }
    rewriter.builder.origin = origin

    var local: Cotangents = [:]
    for (slot, index) in carried.enumerated() where activity.isReached(body.results[index]) {
      accumulate(arguments[slot + 1], into: body.results[index], &local, isShared: true)
    }
    for index in node.operands.count..<node.results.count {
      guard let stack = inner.seeds[index], activity.isReached(body.results[index]) else {
        continue
      }
      accumulate(
        rewriter.builder.gather(stack, turn, axis: 0), into: body.results[index], &local)
    }
    try reverse(body.nodes, activity, &local)
    rewriter.builder.origin = origin
    var next: [Value] = []
    for index in carried {
      next.append(
        local[body.arguments[index + 1].id]
          ?? rewriter.builder.fill(0, like: rewriter[node.results[index]]))
    }
    for (slot, value) in inner.captures.enumerated() {
      let sum = arguments[carried.count + 1 + slot]
      next.append(local[value.id].map { rewriter.builder.add(Add(), [sum, $0]) } ?? sum)
    }
    return next
  }

  /// Gives the body's arguments the values that they had in the turn that is run backwards; the
  /// turn's number from 0 is returned.
  private mutating func forwardTurn(_ loop: Repeat, _ node: Node, _ counter: Value) -> Value {
    let body = node.regions[0]
    let last = rewriter.builder.fill(Double(loop.count - 1), like: counter)
    let turn = rewriter.builder.sub(last, counter)
    let index = loop.first == 0 ? turn : rewriter.builder.add(turn, Double(loop.first))
    rewriter.setImage(of: body.arguments[0], to: index)
    for (argument, stack) in zip(body.arguments.dropFirst(), saved[node.results[0].id]!) {
      let value = rewriter.builder.gather(stack, turn, axis: 0)
      rewriter.builder.rename(value, to: graph.name(of: argument))
      rewriter.setImage(of: argument, to: value)
    }
    return turn
  }
}

/// What is known of a loop that is to be run backwards.
private struct BackwardLoop {
  let loop: Repeat
  let node: Node
  /// The cotangents of its results.
  let seeds: [Value?]
  /// The carried values that have cotangents.
  let carried: [Int]
  /// The outer values whose cotangents the turns add up.
  let captures: [Value]

  /// The cotangents behind the last turn, and zeros for the sums.
  func starts(_ rewriter: inout GraphRewriter) -> [Value] {
    var values: [Value] = []
    for index in carried {
      values.append(
        seeds[index] ?? rewriter.builder.fill(0, like: rewriter[node.results[index]]))
    }
    for value in captures { values.append(rewriter.builder.fill(0, like: rewriter[value])) }
    return values
  }
}
