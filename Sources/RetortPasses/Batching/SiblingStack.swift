import RetortIR
import RetortTensor

/// Some consecutive rows of a stack.
struct StackRun: Hashable {
  let stack: Int
  let start: Int
  let extent: Int

  var stop: Int { start + extent }
}

/// A value to be: the results of siblings, or the operands of siblings, one behind the other along
/// axis 0.
struct SiblingStack {
  /// What the operation that makes the stack reads.
  enum Operand: Hashable {
    case run(StackRun)
    /// Made anew with as many rows as the stack has.
    case replica(Int)
    case value(Value)
  }

  /// The nodes that become one, in the order of their rows. None: the stack joins its operands.
  let members: [Int]
  let operands: [Operand]
  let rowCount: Int
}

/// The nodes of one block, with who reads what.
struct SiblingBlock {
  let arguments: [Value]
  let nodes: [Node]
  /// By node, for every operand and then every capture: the node that defines it, or -1 where it
  /// comes from outside.
  private(set) var sources: [[Int]] = []
  /// By node: who reads its results, once a reading.
  private(set) var users: [[Int]]
  private var definers: [Value: Int] = [:]

  init(_ block: Block) {
    arguments = block.arguments
    nodes = block.nodes
    users = [[Int]](repeating: [], count: nodes.count)
    sources.reserveCapacity(nodes.count)
    definers.reserveCapacity(nodes.count)
    for (index, node) in nodes.enumerated() {
      let reads = node.reads
      let sources = reads.map { definers[$0] ?? -1 }
      for source in sources where source >= 0 { users[source].append(index) }
      self.sources.append(sources)
      for result in node.results { definers[result] = index }
    }
  }

  /// The node that defines a value; nil for what comes from outside.
  func definer(of value: Value) -> Int? { definers[value] }

  /// The graph's inputs that are no weights, where this is its own block, and what is computed of
  /// them.
  func data(_ graph: Graph) -> Set<Value> {
    guard arguments == graph.body.arguments else { return [] }
    var data = Set(graph.inputs.filter { !$0.role.isWeight }.map(\.value))
    for node in nodes {
      let reads = node.reads
      if reads.contains(where: data.contains) { data.formUnion(node.results) }
    }
    return data
  }
}

/// Values whose rows are all the same, so that they can be made with any number of rows: fills and
/// broadcasts along axis 0, and what is computed of them row by row.
struct Replicas {
  enum Source: Hashable {
    case replica(Int)
    case value(Value)
  }

  struct Replica {
    let node: Node
    let sources: [Source]
    let type: TensorType
    /// The block that it stands in, by number.
    let block: Int
    /// The longest way down to a fill or broadcast.
    let depth: Int
    /// Whether inner blocks may make it anew: a kernel reads through it, and what it reads stands
    /// as it is. Other replicas were computed outside so as not to be computed again.
    let isPortable: Bool
  }

  private struct Key: Hashable {
    let signature: String
    let sources: [Source]
    let block: Int
  }

  /// Longer chains are left alone: making one anew walks it recursively.
  private static let depthLimit = 16

  private(set) var replicas: [Replica] = []
  private var numbers: [Key: Int] = [:]
  private var numberOf: [Value: Int] = [:]

  subscript(number: Int) -> Replica { replicas[number] }

  /// The number of a value, equal for values that differ in their number of rows alone.
  func number(of value: Value, in block: Int) -> Int? {
    guard let number = numberOf[value] else { return nil }
    let replica = replicas[number]
    return replica.block == block || replica.isPortable ? number : nil
  }

  /// Notes a node if its result's rows are all the same.
  ///
  /// - Parameter isCut: whether one of the operands will be rows of a stack.
  mutating func note(_ node: Node, _ graph: Graph, in block: Int, isCut: Bool = false) {
    guard node.results.count == 1, node.regions.isEmpty else { return }
    let operands = node.operands.map(graph.type)
    let type = graph.type(of: node.results[0])
    if RowwiseOps.repeatsRows(node.op, operands, type) {
      let isPortable = ElementwiseOps.isReadingMode(node.op) && !isCut
      add(node, node.operands.map { .value($0) }, type, block, isPortable: isPortable)
      return
    }
    guard node.operands.contains(where: { number(of: $0, in: block) != nil }),
      let roles = RowwiseOps.roles(node.op, operands, type)
    else { return }
    var sources: [Source] = []
    for (operand, role) in zip(node.operands, roles) {
      if role == .whole {
        sources.append(.value(operand))
      } else if let number = number(of: operand, in: block) {
        sources.append(.replica(number))
      } else {
        return
      }
    }
    add(node, sources, type, block, isPortable: false)
  }

  private mutating func add(
    _ node: Node, _ sources: [Source], _ type: TensorType, _ block: Int, isPortable: Bool
  ) {
    var depth = 0
    for case .replica(let number) in sources { depth = max(depth, replicas[number].depth + 1) }
    guard depth <= Self.depthLimit else { return }
    let key = Key(
      signature: RowwiseOps.resized(node.op, type, rows: 0).signature, sources: sources,
      block: block)
    if let number = numbers[key] {
      numberOf[node.results[0]] = number
      return
    }
    numbers[key] = replicas.count
    numberOf[node.results[0]] = replicas.count
    replicas.append(
      Replica(
        node: node, sources: sources, type: type, block: block, depth: depth,
        isPortable: isPortable))
  }
}
