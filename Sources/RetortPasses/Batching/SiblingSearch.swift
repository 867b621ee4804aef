import RetortIR
import RetortOps
import RetortTensor

/// Finds the nodes of one block that can become one, by scheduling it.
///
/// A node whose operands are there is *ready*, and done at once unless it may have siblings.
/// *Contractions* with siblings (`ContractionQueue`) are parked, and so are *followers*: nodes that
/// compute row by row and read rows of stacks that were found before. When nothing else is ready,
/// followers become one with those that do the same to neighbouring rows of the same stacks (or are
/// done alone), and after them the contractions of the most promising family. What is parked at one
/// time cannot depend on one another, so the nodes that become one never make a cycle.
///
/// The rows of a stack stand in the order of *views*. A contraction starts a view where it reads
/// none; everything computed from one view belongs to it. On the way back several views' gradients
/// come in any order, and tell their view by the masks that they meet.
/// - Complexity: O(n log n) for n nodes and operands.
struct SiblingSearch {
  /// What followers that become one have in common.
  private struct FollowerKey: Hashable {
    enum Operand: Hashable {
      /// Rows of a stack, so far behind the first operand's.
      case rows(stack: Int, offset: Int)
      case replica(Int)
      case value(Value)
      /// Rows that no stack holds yet.
      case apart(row: TensorType)
    }

    let signature: String
    let operands: [Operand]
    let annotations: [Annotation]
  }

  private struct Follower {
    let node: Int
    let start: Int
  }

  /// How many nodes are looked at for the view of a gradient.
  private static let lookaheadLimit = 24

  let block: SiblingBlock
  private let graph: Graph
  private let number: Int
  private(set) var replicas: Replicas
  private(set) var stacks: [SiblingStack] = []
  /// Values that are made as rows of a stack, and nowhere else.
  private(set) var homes: [Value: StackRun] = [:]
  /// Values that a stack holds, made there or joined.
  private var runs: [Value: StackRun] = [:]
  private var joints: [[SiblingStack.Operand]: Int] = [:]
  /// By node: its view, or -1 where it has none or several.
  private var views: [Int]
  private var missing: [Int]
  /// By node: the users that `meetingView` looks at.
  private var meetings: [[Int]] = []
  private var ready = MinHeap<Int>()
  private var queue: ContractionQueue
  private var followers: [[Follower]] = []
  private var followerKeys: [FollowerKey] = []
  private var followerNumbers: [FollowerKey: Int] = [:]

  /// - Parameter number: the block's, for `Replicas`.
  init(_ block: SiblingBlock, _ graph: Graph, _ replicas: Replicas, number: Int) {
    self.block = block
    self.graph = graph
    self.number = number
    self.replicas = replicas
    queue = ContractionQueue(block, graph)
    views = [Int](repeating: -1, count: block.nodes.count)
    missing = block.sources.map { $0.count { $0 >= 0 } }
    if queue.isEmpty {
      for node in block.nodes where ElementwiseOps.isReadingMode(node.op) {
        self.replicas.note(node, graph, in: number)
      }
    } else {
      meetings = Self.meetings(block)
      schedule()
    }
  }

  private mutating func schedule() {
    for index in block.nodes.indices where missing[index] == 0 { ready.insert(index) }
    repeat {
      while let index = ready.popMinimum() { visit(index) }
      if releaseFollowers() { continue }
      guard let siblings = queue.next() else { return }
      merge(siblings)
    } while true
  }

  private mutating func visit(_ index: Int) {
    if queue.park(index) || parkFollower(index) { return }
    let node = block.nodes[index]
    if let run = alias(node) {
      homes[node.results[0]] = run
      runs[node.results[0]] = run
    } else {
      let isCut = node.operands.contains { homes[$0] != nil }
      replicas.note(node, graph, in: number, isCut: isCut)
    }
    finish(index, view: commonView(index))
  }

  private mutating func finish(_ index: Int, view: Int) {
    views[index] = view
    for user in block.users[index] {
      missing[user] -= 1
      if missing[user] == 0 { ready.insert(user) }
    }
  }

  /// Rows cut out of a stack, or joined as they stand in it, are rows of the stack.
  private func alias(_ node: Node) -> StackRun? {
    switch node.op {
    case let op as Slice:
      guard let run = homes[node.operands[0]], op.cutsRows(of: graph.type(of: node.operands[0]))
      else { return nil }
      return StackRun(
        stack: run.stack, start: run.start + op.start[0], extent: op.stop[0] - op.start[0])
    case let op as Concatenate:
      let runs = node.operands.compactMap { homes[$0] }
      guard runs.count == node.operands.count,
        graph.type(of: node.operands[0]).shape.normalised(op.axis) == 0
      else { return nil }
      return Self.whole(runs)
    default:
      return nil
    }
  }

  /// Runs that stand one behind the other, as one.
  private static func whole(_ runs: [StackRun]) -> StackRun? {
    for (run, next) in zip(runs, runs.dropFirst())
    where run.stack != next.stack || run.stop != next.start { return nil }
    return StackRun(
      stack: runs[0].stack, start: runs[0].start, extent: runs.reduce(0) { $0 + $1.extent })
  }

  // MARK: followers

  private mutating func parkFollower(_ index: Int) -> Bool {
    guard let (key, start) = followerKey(block.nodes[index]) else { return false }
    let place = followerNumbers[key] ?? followers.count
    if place == followers.count {
      followerNumbers[key] = place
      followerKeys.append(key)
      followers.append([])
    }
    followers[place].append(Follower(node: index, start: start))
    return true
  }

  private func followerKey(_ node: Node) -> (FollowerKey, start: Int)? {
    guard node.results.count == 1, node.regions.isEmpty,
      node.operands.contains(where: { runs[$0] != nil })
    else { return nil }
    let type = graph.type(of: node.results[0])
    guard let roles = RowwiseOps.roles(node.op, node.operands.map(graph.type), type) else {
      return nil
    }
    var start: Int?
    var operands: [FollowerKey.Operand] = []
    for (operand, role) in zip(node.operands, roles) {
      if role == .whole {
        operands.append(.value(operand))
      } else if let run = runs[operand] {
        if start == nil { start = run.start }
        operands.append(.rows(stack: run.stack, offset: run.start - start!))
      } else if let replica = replicas.number(of: operand, in: number) {
        operands.append(.replica(replica))
      } else {
        operands.append(.apart(row: graph.type(of: operand).with(rows: 0)))
      }
    }
    guard let start, type.shape[0] > 0 else { return nil }
    let signature = RowwiseOps.resized(node.op, type, rows: 0).signature
    return (
      FollowerKey(signature: signature, operands: operands, annotations: node.annotations), start
    )
  }

  /// Those that do the same to neighbouring rows become one. False if none are parked.
  private mutating func releaseFollowers() -> Bool {
    guard !followers.isEmpty else { return false }
    let parked = zip(followerKeys, followers)
    followers = []
    followerKeys = []
    followerNumbers = [:]
    for (key, group) in parked {
      var line: [Follower] = []
      var stop = 0
      for follower in group.sorted(by: { ($0.start, $0.node) < ($1.start, $1.node) }) {
        if follower.start != stop {
          release(line, key)
          line = []
        }
        line.append(follower)
        stop = follower.start + rowCount(follower.node)
      }
      release(line, key)
    }
    return true
  }

  private mutating func release(_ line: [Follower], _ key: FollowerKey) {
    guard line.count > 1 else {
      for follower in line { finish(follower.node, view: commonView(follower.node)) }
      return
    }
    let members = line.map(\.node)
    let rows = members.reduce(0) { $0 + rowCount($1) }
    var operands: [SiblingStack.Operand] = []
    for (place, operand) in key.operands.enumerated() {
      switch operand {
      case .rows(let stack, let offset):
        operands.append(.run(StackRun(stack: stack, start: line[0].start + offset, extent: rows)))
      case .replica(let number): operands.append(.replica(number))
      case .value(let value): operands.append(.value(value))
      case .apart: operands.append(join(members.map { block.nodes[$0].operands[place] }))
      }
    }
    stack(members, operands, views: members.map { commonView($0) })
  }

  // MARK: stacks

  private func rowCount(_ index: Int) -> Int {
    graph.type(of: block.nodes[index].results[0]).shape[0]
  }

  private mutating func merge(_ siblings: [Int]) {
    guard siblings.count > 1 else {
      finish(siblings[0], view: commonView(siblings[0]))
      return
    }
    let (members, views) = inOrderOfViews(siblings)
    let rows = join(members.map { block.nodes[$0].operands[0] })
    stack(members, [rows, .value(block.nodes[members[0]].operands[1])], views: views)
  }

  private mutating func stack(
    _ members: [Int], _ operands: [SiblingStack.Operand], views: [Int]
  ) {
    var start = 0
    for index in members {
      let run = StackRun(stack: stacks.count, start: start, extent: rowCount(index))
      homes[block.nodes[index].results[0]] = run
      runs[block.nodes[index].results[0]] = run
      start = run.stop
    }
    stacks.append(SiblingStack(members: members, operands: operands, rowCount: start))
    for (index, view) in zip(members, views) { finish(index, view: view) }
  }

  /// Values one behind the other: rows that a stack holds already, else a stack that joins them.
  private mutating func join(_ values: [Value]) -> SiblingStack.Operand {
    var parts: [SiblingStack.Operand] = []
    for value in values {
      guard let run = runs[value] else {
        parts.append(.value(value))
        continue
      }
      if case .run(let last)? = parts.last, let both = Self.whole([last, run]) {
        parts[parts.count - 1] = .run(both)
      } else {
        parts.append(.run(run))
      }
    }
    if parts.count == 1 { return parts[0] }
    let rows = values.reduce(0) { $0 + graph.type(of: $1).shape[0] }
    let known = joints[parts]
    let joint = known ?? stacks.count
    if known == nil {
      joints[parts] = joint
      stacks.append(SiblingStack(members: [], operands: parts, rowCount: rows))
      note(values, parts, in: joint)
    }
    return .run(StackRun(stack: joint, start: 0, extent: rows))
  }

  /// From now on the values are read as rows of the joint. Those that were rows of another stack
  /// stay so, unless the joint holds all of that.
  private mutating func note(
    _ values: [Value], _ parts: [SiblingStack.Operand], in joint: Int
  ) {
    var held = Set<Int>()
    for case .run(let part) in parts where part.extent == stacks[part.stack].rowCount {
      held.insert(part.stack)
    }
    var start = 0
    for value in values {
      let extent = graph.type(of: value).shape[0]
      if runs[value].map({ held.contains($0.stack) }) ?? true {
        runs[value] = StackRun(stack: joint, start: start, extent: extent)
      }
      start += extent
    }
  }

  // MARK: views

  /// The view of all operands that have one; -1 where there is none, or several.
  private func commonView(_ index: Int) -> Int {
    var common = -1
    for source in block.sources[index] where source >= 0 && views[source] >= 0 {
      if common >= 0, views[source] != common { return -1 }
      common = views[source]
    }
    return common
  }

  /// Siblings in the order of their views, which are new ones where they are not all known.
  private func inOrderOfViews(_ siblings: [Int]) -> (members: [Int], views: [Int]) {
    var known = siblings.map { meetingView($0) }
    for (place, index) in siblings.enumerated() where known[place] < 0 {
      known[place] = commonView(index)
    }
    guard !known.contains(-1), Set(known).count == known.count else { return (siblings, siblings) }
    let order = siblings.indices.sorted { known[$0] < known[$1] }
    return (order.map { siblings[$0] }, order.map { known[$0] })
  }

  /// The view of what a node's result meets first, before the next contraction: for a gradient, the
  /// mask of its view. What lies behind a contraction may belong to another view's way back.
  private func meetingView(_ index: Int) -> Int {
    var path = [index]
    var next = 0
    while next < path.count {
      for user in meetings[path[next]] {
        for source in block.sources[user]
        where source >= 0 && views[source] >= 0 && !path.contains(source) {
          return views[source]
        }
        guard path.count < Self.lookaheadLimit else { return -1 }
        if !path.contains(user), !RowwiseOps.isContraction(block.nodes[user].op) {
          path.append(user)
        }
      }
      next += 1
    }
    return -1
  }

  /// By node: the users at which `meetingView` may find a view or go on. Nodes that read more than
  /// a select does join views, and are left out. A contraction whose other sources can never have a
  /// view tells nothing: of several in a row one is kept, for a value may have thousands.
  private static func meetings(_ block: SiblingBlock) -> [[Int]] {
    let isContraction = block.nodes.map { RowwiseOps.isContraction($0.op) }
    // Views begin at contractions.
    var mayHaveView = isContraction
    for index in block.nodes.indices where !mayHaveView[index] {
      mayHaveView[index] = block.sources[index].contains { $0 >= 0 && mayHaveView[$0] }
    }
    return block.users.enumerated().map { index, users in
      var kept: [Int] = []
      var isSilent = false
      for user in users where block.sources[user].count <= 3 {
        let wasSilent = isSilent
        isSilent =
          isContraction[user]
          && block.sources[user].allSatisfy { $0 < 0 || $0 == index || !mayHaveView[$0] }
        if !(wasSilent && isSilent) { kept.append(user) }
      }
      return kept
    }
  }
}

extension Slice {
  /// Whether the operation takes consecutive rows and leaves the other axes alone.
  func cutsRows(of operand: TensorType) -> Bool {
    axes.count == 1 && operand.shape.normalised(axes[0]) == 0 && step.allSatisfy { $0 == 1 }
  }
}
