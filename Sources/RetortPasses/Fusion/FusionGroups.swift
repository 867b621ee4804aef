import RetortIR
import RetortOps
import RetortTensor

/// How large a fused region may grow.
package struct FusionLimits: Sendable, Hashable {
  package var nodeCount = 24
  package var inputCount = 10
  package var resultCount = 4

  package init() {}
}

/// The nodes of one block as fusion sees them.
struct FusionBlock {
  enum Kind {
    /// Computes each element from the elements at its place.
    case compute
    /// A convolution, whose result goes through what follows while it lies in the cache.
    case head
    /// What a kernel reads through or computes anew: a fill, a broadcast, the mask of a rectifier.
    case mode
    /// Sums over the rows of what a kernel computes: known only behind it.
    case tail
    case barrier
  }

  let nodes: [Node]
  private(set) var kinds: [Kind] = []
  /// What each node reads, captures included.
  private(set) var reads: [[Value]] = []
  /// Which nodes of the block read a node's results.
  private(set) var users: [[Int]]
  private(set) var isYielded: [Bool]
  private var definers: [Value: Int] = [:]

  init(_ block: Block, _ graph: Graph) {
    nodes = block.nodes
    users = [[Int]](repeating: [], count: block.nodes.count)
    isYielded = [Bool](repeating: false, count: block.nodes.count)
    definers.reserveCapacity(block.nodes.count)
    for (index, node) in block.nodes.enumerated() {
      kinds.append(Self.kind(node, graph))
      reads.append(node.reads)
      for value in reads[index] {
        if let definer = definers[value], users[definer].last != index {
          users[definer].append(index)
        }
      }
      for result in node.results { definers[result] = index }
    }
    for result in block.results {
      if let definer = definers[result] { isYielded[definer] = true }
    }
  }

  /// The node of the block that defines a value; nil for what comes from outside.
  func definer(of value: Value) -> Int? { definers[value] }

  /// The mode that a member of a region reads through, if that is how it reads the value.
  func readThrough(_ operand: Value, by member: Int) -> Int? {
    guard kinds[member] != .head, let definer = definer(of: operand), kinds[definer] == .mode
    else { return nil }
    return definer
  }

  private static func kind(_ node: Node, _ graph: Graph) -> Kind {
    guard node.results.count == 1, isLane(graph.type(of: node.results[0])) else { return .barrier }
    let operands = node.operands.map(graph.type)
    // The mask of a rectifier costs a comparison where it is used, and a tensor if it is kept.
    if node.op is Step, isLane(operands[0]) { return .mode }
    if ElementwiseOps.contains(node.op) {
      let isReadable = operands.allSatisfy { isLane($0) || node.op is Convert && isWord($0) }
      return isReadable ? .compute : .barrier
    }
    if let op = node.op as? any SumReduction, op.fusedColumnCount(of: operands[0]) != nil {
      return .tail
    }
    if node.op is Fill { return .mode }
    if let op = node.op as? any PackedConvolution, !(op is KernelGradientLast) {
      return isLane(operands[0]) ? .head : .barrier
    }
    let isWider = node.op is Broadcast && operands[0].shape != graph.type(of: node.results[0]).shape
    return isWider ? .mode : .barrier
  }

  /// What a fused kernel computes with.
  private static func isLane(_ type: TensorType) -> Bool {
    type.element == .f32 || type.element == .bool
  }

  /// What it can convert while reading.
  private static func isWord(_ type: TensorType) -> Bool {
    type.element == .i32 || type.element == .u32
  }
}

/// Finds groups of elementwise nodes, with at most one convolution before them and sums of their
/// rows behind them, that can run as one kernel.
///
/// Nodes are taken in order; each joins the groups of its operands where limits allow, else it
/// starts one. Every group has a depth greater than that of all it reads, and everything that reads
/// it is deeper still. So a node may join a group of depth `D` if what else it reads is shallower
/// than `D`: then nothing it reads can depend on the group, and no cycle arises. A group that only
/// the new node reads may sink to any depth.
struct FusionGroups {
  struct Group {
    var members: [Int]
    var depth: Int
  }

  private let block: FusionBlock
  private let limits: FusionLimits
  private(set) var groups: [Group] = []
  /// By node; -1 for nodes in none.
  private(set) var groupOf: [Int]
  private var depths: [Int]

  init(_ block: FusionBlock, _ limits: FusionLimits) {
    self.block = block
    self.limits = limits
    groupOf = [Int](repeating: -1, count: block.nodes.count)
    depths = [Int](repeating: 0, count: block.nodes.count)
    for index in block.nodes.indices { place(index) }
  }

  private mutating func place(_ index: Int) {
    switch block.kinds[index] {
    case .barrier:
      depths[index] = 1 + (block.reads[index].map { depth(of: $0) }.max() ?? 0)
    case .mode:
      depths[index] = block.reads[index].map { depth(of: $0) }.max() ?? 0
    case .head:
      start(index)
    case .compute:
      join(index)
    case .tail:
      end(index)
    }
  }

  /// A sum joins what computes its operand, or stands alone.
  private mutating func end(_ index: Int) {
    if let definer = block.definer(of: block.nodes[index].operands[0]), groupOf[definer] >= 0,
      block.kinds[definer] != .tail, fits(index, [groupOf[definer]])
    {
      merge(index, [groupOf[definer]], groups[groupOf[definer]].depth)
    } else {
      depths[index] = 1 + (block.reads[index].map { depth(of: $0) }.max() ?? 0)
    }
  }

  private mutating func start(_ index: Int) {
    let depth = 1 + (block.reads[index].map { self.depth(of: $0) }.max() ?? 0)
    groupOf[index] = groups.count
    groups.append(Group(members: [index], depth: depth))
  }

  private func depth(of value: Value) -> Int {
    guard let definer = block.definer(of: value) else { return 0 }
    return groupOf[definer] >= 0 ? groups[groupOf[definer]].depth : depths[definer]
  }

  private mutating func join(_ index: Int) {
    var candidates: [Int] = []
    for operand in block.nodes[index].operands {
      guard let definer = block.definer(of: operand), groupOf[definer] >= 0,
        block.kinds[definer] != .tail, !candidates.contains(groupOf[definer])
      else { continue }
      candidates.append(groupOf[definer])
    }
    // All of them if possible, else as many as possible.
    let subsets = (1..<(1 << candidates.count)).sorted {
      ($0.nonzeroBitCount, $1) > ($1.nonzeroBitCount, $0)
    }
    for subset in subsets {
      let chosen = candidates.indices.filter { subset >> $0 & 1 == 1 }.map { candidates[$0] }
      if let depth = mergedDepth(index, chosen), fits(index, chosen) {
        merge(index, chosen, depth)
        return
      }
    }
    start(index)
  }

  /// The depth of the node and the groups as one, or nil where there would be a cycle.
  private func mergedDepth(_ index: Int, _ chosen: [Int]) -> Int? {
    var depth = chosen.map { groups[$0].depth }.max()!
    for operand in block.nodes[index].operands {
      if let definer = block.definer(of: operand), groupOf[definer] >= 0,
        block.kinds[definer] != .tail, chosen.contains(groupOf[definer])
      {
        continue
      }
      depth = max(depth, 1 + self.depth(of: operand))
    }
    let isFree = chosen.allSatisfy { number in
      groups[number].depth == depth
        || groups[number].members.allSatisfy { member in
          !block.isYielded[member]
            && block.users[member].allSatisfy { user in
              user == index || groupOf[user] >= 0 && chosen.contains(groupOf[user])
            }
        }
    }
    return isFree ? depth : nil
  }

  private func fits(_ index: Int, _ chosen: [Int]) -> Bool {
    let members = chosen.flatMap { groups[$0].members } + [index]
    guard members.count <= limits.nodeCount,
      members.count(where: { block.kinds[$0] == .head }) <= 1
    else { return false }
    var modes = Set<Int>()
    var inputs = Set<Value>()
    var resultCount = 0
    for member in members {
      for operand in block.nodes[member].operands {
        if let mode = block.readThrough(operand, by: member) {
          modes.insert(mode)
          inputs.formUnion(block.nodes[mode].operands)
          continue
        }
        if let definer = block.definer(of: operand), members.contains(definer) { continue }
        inputs.insert(operand)
      }
      if isResult(member, members) { resultCount += 1 }
    }
    return members.count + modes.count <= limits.nodeCount && inputs.count <= limits.inputCount
      && resultCount <= limits.resultCount
  }

  /// Whether somebody outside reads a member. The newest member has no readers yet.
  func isResult(_ member: Int, _ members: [Int]) -> Bool {
    block.isYielded[member] || block.users[member].contains { !members.contains($0) }
  }

  private mutating func merge(_ index: Int, _ chosen: [Int], _ depth: Int) {
    let target = chosen.min()!
    var members: [Int] = []
    for number in chosen {
      members += groups[number].members
      groups[number].members = []
    }
    members.append(index)
    groups[target].members = members.sorted()
    groups[target].depth = depth
    for member in members { groupOf[member] = target }
  }
}
