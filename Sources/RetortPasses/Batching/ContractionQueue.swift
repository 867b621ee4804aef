import RetortIR
import RetortOps
import RetortTensor

/// Convolutions and products that wait for their siblings: those of the block with the same
/// operation, the same weights, and operands that differ in their number of rows alone. A matrix
/// that is computed of the graph's own inputs is no weight; kernels always are.
struct ContractionQueue {
  private struct Key: Hashable {
    let signature: String
    let weights: Value
    let row: TensorType
    let annotations: [Annotation]
  }

  /// The most urgent first: the one with the longest way to the block's end, then the earliest.
  private struct Ticket: Comparable {
    let height: Int
    let node: Int

    static func < (a: Ticket, b: Ticket) -> Bool {
      a.height != b.height ? a.height > b.height : a.node < b.node
    }
  }

  /// By node: which siblings it belongs to, or -1 where it has none.
  private var familyOf: [Int]
  private var isTaken: [Bool]
  private var parked: [[Int]] = []
  /// By family: how many have not been taken yet, parked or not.
  private var outstanding: [Int] = []
  private var heights: [Int]
  /// Families all of whose outstanding members are parked, by their first member.
  private var complete = MinHeap<Int>()
  private var waiting = MinHeap<Ticket>()

  var isEmpty: Bool { outstanding.isEmpty }

  init(_ block: SiblingBlock, _ graph: Graph) {
    familyOf = [Int](repeating: -1, count: block.nodes.count)
    isTaken = [Bool](repeating: false, count: block.nodes.count)
    heights = [Int](repeating: 0, count: block.nodes.count)
    var families: [Key: Int] = [:]
    var members: [[Int]] = []
    let data = block.data(graph)
    for (index, node) in block.nodes.enumerated() {
      guard let key = Self.key(node, graph), !(node.op is MatMul && data.contains(key.weights))
      else { continue }
      let family = families[key] ?? members.count
      if family == members.count {
        families[key] = family
        members.append([])
      }
      members[family].append(index)
    }
    for siblings in members where siblings.count > 1 {
      for index in siblings { familyOf[index] = outstanding.count }
      outstanding.append(siblings.count)
    }
    parked = [[Int]](repeating: [], count: outstanding.count)
    guard !isEmpty else { return }
    for index in block.nodes.indices.reversed() {
      let below = block.users[index].reduce(0) { max($0, heights[$1]) }
      heights[index] = below + (familyOf[index] >= 0 ? 1 : 0)
    }
  }

  private static func key(_ node: Node, _ graph: Graph) -> Key? {
    guard RowwiseOps.isContraction(node.op) else { return nil }
    let operands = node.operands.map(graph.type)
    let result = graph.type(of: node.results[0])
    guard let roles = RowwiseOps.roles(node.op, operands, result), roles == [.rows, .whole] else {
      return nil
    }
    return Key(
      signature: node.op.signature, weights: node.operands[1],
      row: operands[0].with(rows: 0), annotations: node.annotations)
  }

  /// Takes a node in whose operands are there; false if it has no siblings.
  mutating func park(_ index: Int) -> Bool {
    let family = familyOf[index]
    guard family >= 0 else { return false }
    parked[family].append(index)
    if parked[family].count == outstanding[family] {
      complete.insert(parked[family].min()!)
    } else {
      waiting.insert(Ticket(height: heights[index], node: index))
    }
    return true
  }

  /// Siblings to become one, ascending: a family of which nobody is missing, for it cannot gain by
  /// waiting; else the family of the most urgent node. Nil where nothing is parked.
  mutating func next() -> [Int]? {
    while let first = complete.popMinimum() {
      if let siblings = take(familyOf[first]) { return siblings }
    }
    while let ticket = waiting.popMinimum() {
      if !isTaken[ticket.node] { return take(familyOf[ticket.node]) }
    }
    return nil
  }

  private mutating func take(_ family: Int) -> [Int]? {
    guard !parked[family].isEmpty else { return nil }
    let siblings = parked[family].sorted()
    for index in siblings { isTaken[index] = true }
    outstanding[family] -= siblings.count
    parked[family] = []
    return siblings
  }
}
