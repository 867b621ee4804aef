import RetortIR
import RetortTensor
import RetortText

/// Turns the nodes of a planned graph into steps on fixed addresses.
struct ProgramBuilder {
  let graph: Graph
  let layout: ProgramLayout
  let table: KernelTable
  let bases: [UnsafeMutableRawPointer]
  /// Values that lie elsewhere, by their numbers.
  var addresses: [Int: UnsafeMutableRawPointer] = [:]
  /// Values that can be moved later.
  var movable: Set<Value> = []

  func view(_ value: Value) -> TensorView {
    if let address = addresses[value.id] { return TensorView(graph.type(of: value), address) }
    let place = layout.place(of: value)
    return TensorView(graph.type(of: value), bases[place.segment.rawValue] + place.offset)
  }

  func views(_ values: [Value]) -> [TensorView] { values.map(view) }

  /// Adds the steps of a graph's body without its `prepare` regions, or of these alone.
  func add(_ nodes: [Node], prepared: Bool, to list: StepList) {
    for node in nodes where node.op is Prepare == prepared {
      if prepared { addRegion(node, to: list) } else { add(node, to: list) }
    }
  }

  func add(_ node: Node, to list: StepList) {
    let moving = movable.isEmpty ? [] : Self.values(of: node).filter(movable.contains)
    if !moving.isEmpty { list.noteSite(node, on: moving) }
    switch node.op {
    case let loop as Repeat: add(loop, node, to: list)
    case is Fused: addFused(node, to: list)
    case let op as any TensorOp: add(op, node, to: list)
    default: preconditionFailure("\(node.opName) has no steps")
    }
  }

  /// Makes the instructions of a node again, after values were moved.
  func renew(_ site: StepList.Site, in list: StepList) {
    if let loop = site.node.op as? Repeat {
      let info = loopInfo(site.node)
      list.replace(site, with: state(loop, site.node), info.begin, info.end)
    } else {
      let new = StepList()
      add(site.node, to: new)
      list.replace(site, with: new)
    }
  }

  /// All that a node's own instructions read or write.
  private static func values(of node: Node) -> [Value] {
    node.operands + node.results + node.captures
  }

  /// - Parameter isLast: whether the node's results are complete after the step.
  private func info(_ node: Node, _ cost: Cost, isLast: Bool = true) -> StepInfo {
    StepInfo(
      name: node.results.first.map(graph.name) ?? node.opName, opName: node.opName,
      origin: node.origin, cost: cost, writes: views(node.results),
      results: isLast ? node.results.map { ($0, view($0)) } : [])
  }

  private func add(_ op: any TensorOp, _ node: Node, to list: StepList) {
    let cost = op.cost(node.operands.map(graph.type), node.results.map(graph.type))
    let kernels = table.kernels(
      for: op, views(node.operands), views(node.results), annotations: node.annotations)
    append(kernels, node, cost, to: list)
  }

  /// Adds a node's kernels. Only the last one's step has the results and tells the cost.
  private func append(
    _ kernels: [any Kernel], _ node: Node, _ cost: Cost, to list: StepList
  ) {
    for kernel in kernels.dropLast() {
      list.append(kernel, info(node, Cost.none, isLast: false))
    }
    if let last = kernels.last { list.append(last, info(node, cost)) }
  }

  // MARK: regions

  private func addFused(_ node: Node, to list: StepList) {
    if layout.splitRegions.contains(node.results[0].id) { return addRegion(node, to: list) }
    let captures = node.captures
    guard let plan = FusedPlan(node, graph) else { preconditionFailure("the region does not fuse") }
    let kernels = table.kernels(for: plan, views(captures), views(node.results))
    var cost = Cost.none
    for inner in node.regions[0].nodes {
      guard let op = inner.op as? any TensorOp else { continue }
      cost = cost + op.cost(inner.operands.map(graph.type), inner.results.map(graph.type))
    }
    let moved = Cost.moving(
      captures.map(graph.type), node.results.map(graph.type), flops: cost.flops)
    append(kernels, node, moved, to: list)
  }

  /// Runs a region's nodes one by one and copies what it yields to the node's results.
  private func addRegion(_ node: Node, to list: StepList) {
    let region = node.regions[0]
    for inner in region.nodes { add(inner, to: list) }
    let moves = MoveList(zip(region.results, node.results).map { move(view($0), view($1)) })
    let moved = moves.moves.reduce(0) { $0 + 2 * $1.byteCount }
    list.append(MoveKernel(list: moves), info(node, Cost(flops: 0, byteCount: moved)))
  }

  private func add(_ loop: Repeat, _ node: Node, to list: StepList) {
    let state = state(loop, node)
    let info = loopInfo(node)
    list.begin(state, info.begin)
    for inner in node.regions[0].nodes { add(inner, to: list) }
    list.end(state, info.end)
  }

  private func state(_ loop: Repeat, _ node: Node) -> LoopState {
    let body = node.regions[0]
    let carriedCount = node.operands.count
    let slots = views(body.arguments)
    let carried = Array(slots.dropFirst())
    let results = views(node.results)
    let yielded = views(body.results)
    return LoopState(
      count: loop.count, first: loop.first,
      index: slots[0].base.assumingMemoryBound(to: Int32.self),
      starts: MoveList(zip(views(node.operands), carried).map(move)),
      yields: MoveList(zip(yielded, carried).map(move)),
      finals: MoveList(zip(carried, results).map(move)),
      collected: zip(yielded, results).dropFirst(carriedCount).map { source, stack in
        MoveList.Move(
          source: source.base, destination: stack.base, byteCount: source.type.byteCount)
      })
  }

  private func loopInfo(_ node: Node) -> (begin: StepInfo, end: StepInfo) {
    let free = Cost.none
    return (info(node, free, isLast: false), info(node, free))
  }

  private func move(_ source: TensorView, _ destination: TensorView) -> MoveList.Move {
    MoveList.Move(
      source: source.base, destination: destination.base, byteCount: source.type.byteCount)
  }
}
