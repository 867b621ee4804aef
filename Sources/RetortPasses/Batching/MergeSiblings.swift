import RetortIR
import RetortOps
import RetortTensor

/// Makes passes over different views that share the same weights one pass on a larger batch,
/// forward and backward.
///
/// A definition calls its backbone once a task; after differentiation there are as many copies of
/// every convolution, transposed convolution and product with the same weights, each on rows of its
/// own. `SiblingSearch` finds those that can become one: of k of them one is left, on the operands
/// joined along axis 0, and what lies between them row by row (norms, activations, masks,
/// residuals, poolings) is done once on all rows too. Rows are cut out again only where somebody
/// else reads them.
///
/// Nodes of `prepare` and `fused` regions are left alone; a loop's body is a block like any other.
/// A merged node keeps the first sibling's name and origin. Numbers do not change: no element of
/// what is merged depends on other rows.
///
/// Stands behind `prepare-weights`, when equal weights are one value, and before algorithms are
/// chosen and kernels fused.
/// - Complexity: O(n log n)
package struct MergeSiblings: Pass {
  package static let name = "merge-siblings"
  package static let summary = "makes passes over several views with the same weights one"
  package static let requires: Set<Property> = [.gradientFree]

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var merging = SiblingMerging(graph)
    let body = merging.walk(graph.body)
    record.fire("merge-contraction", times: merging.mergedContractions)
    record.fire("merge-follower", times: merging.mergedFollowers)
    guard record.firedCount > 0 else { return graph }
    return merging.editor.graph.with(body)
  }
}

/// Writes blocks anew, with a node for every stack.
private struct SiblingMerging {
  /// What is known of the block being written.
  private struct Frame {
    let search: SiblingSearch
    let number: Int
    /// By stack.
    var values: [Value?]
    /// Rows that were cut out, and stacks' replicas.
    var cuts: [Cut: Value] = [:]
    var remade: [Remake: Value] = [:]
    var output: [Node] = []
  }

  private struct Cut: Hashable {
    let value: Value
    let start: Int
    let stop: Int
  }

  private struct Remake: Hashable {
    let replica: Int
    let rows: Int
  }

  /// How many parts a joint inside a joint is taken apart into.
  private static let partLimit = 64

  private(set) var editor: GraphEditor
  private(set) var mergedContractions = 0
  private(set) var mergedFollowers = 0
  private let source: Graph
  /// What old values have become; nil for what stays, and for rows that nobody has cut out yet.
  private var images: [Value?]
  private var replicas = Replicas()
  private var frames: [Frame] = []
  private var blockCount = 0

  init(_ graph: Graph) {
    source = graph
    editor = GraphEditor(graph)
    images = [Value?](repeating: nil, count: graph.values.count)
  }

  mutating func walk(_ block: Block) -> Block {
    blockCount += 1
    let search = SiblingSearch(SiblingBlock(block), source, replicas, number: blockCount)
    replicas = search.replicas
    frames.append(
      Frame(
        search: search, number: blockCount,
        values: [Value?](repeating: nil, count: search.stacks.count)))
    if search.stacks.isEmpty {
      for index in block.nodes.indices { write(index) }
    } else {
      for item in SiblingSchedule(search).items {
        switch item {
        case .node(let index): write(index)
        case .stack(let number): write(search.stacks[number], number)
        }
      }
    }
    let results = block.results.map { image(of: $0) }
    return Block(arguments: block.arguments, nodes: frames.removeLast().output, results: results)
  }

  private var frame: Frame {
    get { frames[frames.count - 1] }
    _modify { yield &frames[frames.count - 1] }
  }

  // MARK: nodes

  private mutating func write(_ index: Int) {
    var node = frame.search.block.nodes[index]
    // Rows of a stack are cut out where somebody asks for them.
    if node.results.count == 1, frame.search.homes[node.results[0]] != nil { return }
    let captures = node.captures
    node.operands = node.operands.map { image(of: $0) }
    let seen = captures.map { ($0, image(of: $0)) }
    if node.op is Repeat {
      node.regions = node.regions.map { walk($0) }
    } else if seen.contains(where: { $0 != $1 }) {
      node.regions = node.replacing(Dictionary(uniqueKeysWithValues: seen)).regions
    }
    frame.output.append(node)
  }

  /// What stands for an old value where nodes are added now.
  private mutating func image(of value: Value) -> Value {
    if let image = images[value.id] { return image }
    guard let run = frame.search.homes[value] else { return value }
    let image = rows(run, of: value)
    images[value.id] = image
    return image
  }

  // MARK: stacks

  private mutating func write(_ stack: SiblingStack, _ number: Int) {
    guard let first = stack.members.first else {
      frame.values[number] = joined(stack)
      return
    }
    let old = frame.search.block.nodes[first]
    let operands = stack.operands.map { operand($0, rows: stack.rowCount, named: old.operands[0]) }
    let value = old.results[0]
    let type = source.type(of: value)
    // The first sibling's value, grown: it keeps its name.
    editor.retype(value, type.with(rows: stack.rowCount))
    frame.values[number] = value
    append(
      RowwiseOps.resized(old.op, type, rows: stack.rowCount), operands, value, like: old,
      annotations: old.annotations)
    if RowwiseOps.isContraction(old.op) {
      mergedContractions += stack.members.count - 1
    } else {
      mergedFollowers += stack.members.count - 1
    }
  }

  private mutating func operand(
    _ operand: SiblingStack.Operand, rows: Int, named value: Value
  ) -> Value {
    switch operand {
    case .run(let run): self.rows(run, of: value)
    case .replica(let number): remade(number, rows: rows)
    case .value(let value): image(of: value)
    }
  }

  /// The parts of a joint one behind the other.
  private mutating func joined(_ stack: SiblingStack) -> Value {
    let parts = stack.operands.flatMap { part -> [SiblingStack.Operand] in
      guard case .value(let value) = part else { return [part] }
      return unjoined(value).map { .value($0) }
    }
    let values = parts.map { operand($0, rows: stack.rowCount, named: name(of: $0)) }
    let first = name(of: stack.operands[0])
    let type = editor.type(of: values[0]).with(rows: stack.rowCount)
    let result = editor.newValue(type, name: editor.graph.name(of: first))
    append(Concatenate(axis: 0), values, result, like: definer(of: first))
    return result
  }

  /// What a value that is joined itself is made of, so that rows are copied once. Joints of joints
  /// may double again and again, so there is an end to it.
  private func unjoined(_ value: Value) -> [Value] {
    var parts = [value]
    var next = 0
    while next < parts.count {
      guard parts.count < Self.partLimit, let node = definer(of: parts[next]),
        let op = node.op as? Concatenate, frame.search.homes[parts[next]] == nil,
        source.type(of: parts[next]).shape.normalised(op.axis) == 0
      else {
        next += 1
        continue
      }
      parts.replaceSubrange(next...next, with: node.operands)
    }
    return parts
  }

  /// An old value whose name fits an operand.
  private func name(of operand: SiblingStack.Operand) -> Value {
    switch operand {
    case .run(let run): frame.values[run.stack]!
    case .replica(let number): replicas[number].node.results[0]
    case .value(let value): value
    }
  }

  /// Rows of a stack: all of it, or cut out.
  ///
  /// - Parameter value: what the rows are called. An old value that is just these rows is defined
  ///   by cutting them out, unless it has become the stack itself.
  private mutating func rows(_ run: StackRun, of value: Value) -> Value {
    let whole = frame.values[run.stack]!
    if run.extent == frame.search.stacks[run.stack].rowCount { return whole }
    let cut = Cut(value: whole, start: run.start, stop: run.stop)
    if let known = frame.cuts[cut] { return known }
    let type = editor.type(of: whole).with(rows: run.extent)
    let isHome = frame.search.homes[value] == run && value != whole
    let result = isHome ? value : editor.newValue(type, name: editor.graph.name(of: value))
    frame.cuts[cut] = result
    append(
      Slice([0], start: [run.start], stop: [run.stop]), [whole], result, like: definer(of: value))
    return result
  }

  /// A value whose rows are all the same, with another number of rows.
  private mutating func remade(_ number: Int, rows: Int) -> Value {
    let key = Remake(replica: number, rows: rows)
    if let known = frame.remade[key] { return known }
    let replica = replicas[number]
    let operands = replica.sources.map { source in
      switch source {
      case .value(let value): image(of: value)
      case .replica(let inner): remade(inner, rows: rows)
      }
    }
    let value = editor.newValue(
      replica.type.with(rows: rows), name: source.name(of: replica.node.results[0]))
    append(
      RowwiseOps.resized(replica.node.op, replica.type, rows: rows), operands, value,
      like: replica.node)
    frame.remade[key] = value
    return value
  }

  private func definer(of value: Value) -> Node? {
    frame.search.block.definer(of: value).map { frame.search.block.nodes[$0] }
  }

  private mutating func append(
    _ op: any Op, _ operands: [Value], _ result: Value, like node: Node?,
    annotations: [Annotation] = []
  ) {
    let origin = (node?.origin ?? Origin()).also("batched")
    frame.output.append(
      Node(
        op: op, operands: operands, results: [result], origin: origin, annotations: annotations))
  }
}
