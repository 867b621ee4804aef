import RetortIR
import RetortOps
import RetortTensor

/// Which value to compute again, and where.
///
/// At the peak step, in the block where that stands, every value that was made before and is read
/// after it is looked at. To make it again its node must be copied, and of the node's operands those
/// that are not alive then: their nodes are copied too, or they are kept alive longer, which counts
/// against what is gained. Both are tried: the node alone, which for a value that is not read before
/// the peak is only a later place in the order, and a chain. Time is estimated from operations and
/// bytes.
struct RecomputeChoice {
  /// Nodes from the peak's block that one value's copy may take, in the order they are tried.
  private static let chainLengths = [1, 24]
  /// Rough speeds for comparing choices: operations and bytes a second.
  private static let (flopRate, byteRate) = (100e9, 10e9)

  /// From the body, the numbers of the loops that are entered.
  private let path: [Int]
  /// Whose later uses get a copy.
  private let value: Value
  /// Numbers of the nodes to copy, ascending.
  private let chain: [Int]
  /// The node before which the copies go.
  private let place: Int

  /// - Returns: nil where nothing helps.
  init?(_ graph: Graph) {
    let lifetimes = Lifetimes(graph)
    let peak = MemoryPlanner.peakStep(Storage(graph, lifetimes).runUnits, lifetimes.stepCount)
    var path: [Int] = []
    var block = graph.body
    while let index = Self.loop(around: peak, in: block, lifetimes) {
      path.append(index)
      block = block.nodes[index].regions[0]
    }
    let scene = Scene(graph, block, lifetimes, peak: peak)
    var best: Candidate?
    for index in 0..<scene.peakIndex {
      for value in block.nodes[index].results {
        guard let candidate = scene.candidate(value, madeBy: index) else { continue }
        if candidate.score > (best?.score ?? 0) { best = candidate }
      }
    }
    guard let best else { return nil }
    self.path = path
    value = best.value
    chain = best.chain
    place = best.place
  }

  private static func loop(around step: Int, in block: Block, _ lifetimes: Lifetimes) -> Int? {
    block.nodes.firstIndex { node in
      guard node.op is Repeat, let span = lifetimes.loops[node.regions[0].arguments[0].id] else {
        return false
      }
      return span.begin < step && step < span.end
    }
  }

  private struct Candidate {
    let value: Value
    let chain: [Int]
    let place: Int
    /// Bytes gained a second lost.
    let score: Double
  }

  /// The block around the peak: who reads what where.
  private struct Scene {
    let graph: Graph
    let block: Block
    let lifetimes: Lifetimes
    /// The node at which the peak stands.
    let peakIndex: Int
    /// By a value's number: the node of the block that makes it, and those that read it, ascending.
    private var makers: [Int: Int] = [:]
    private var readers: [Int: [Int]] = [:]
    private let kept: Set<Value>

    init(_ graph: Graph, _ block: Block, _ lifetimes: Lifetimes, peak: Int) {
      self.graph = graph
      self.block = block
      self.lifetimes = lifetimes
      kept = Set(block.results)
      for (index, node) in block.nodes.enumerated() where !(node.op is Prepare) {
        for value in node.results { makers[value.id] = index }
        for value in Set(node.reads) {
          readers[value.id, default: []].append(index)
        }
      }
      peakIndex =
        block.nodes.indices.first { index in
          let node = block.nodes[index]
          guard !(node.op is Prepare), let result = node.results.first else { return false }
          if node.op is Repeat {
            return lifetimes.loops[node.regions[0].arguments[0].id]!.end >= peak
          }
          return lifetimes.first[result.id] >= peak
        } ?? block.nodes.count
    }

    func candidate(_ value: Value, madeBy maker: Int) -> Candidate? {
      let uses = readers[value.id] ?? []
      let size = graph.type(of: value).byteCount
      guard size > 0, !kept.contains(value), !uses.contains(peakIndex),
        let place = uses.first(where: { $0 > peakIndex })
      else { return nil }
      // Without an earlier reader the original is dead, and its time is not spent twice.
      let isMoved = uses[0] == place
      var best: Candidate?
      for longest in RecomputeChoice.chainLengths {
        var chain: Set<Int> = []
        var extended: Set<Value> = []
        guard collect(maker, place, longest, &chain, &extended) else { continue }
        let cost = extended.reduce(0) { $0 + graph.type(of: $1).byteCount }
        guard size > cost else { continue }
        let again = chain.filter { !(isMoved && $0 == maker) }
        let seconds = again.reduce(1e-7) { $0 + time(block.nodes[$1]) }
        let score = Double(size - cost) / seconds
        if score > (best?.score ?? 0) {
          best = Candidate(value: value, chain: chain.sorted(), place: place, score: score)
        }
      }
      return best
    }

    /// Adds a node to the chain, and what it needs that is not there any more.
    ///
    /// - Parameters:
    ///   - longest: nodes the chain may have.
    ///   - extended: values that must be kept over the peak for it.
    /// - Returns: false where the node cannot be copied, or the chain grows too long.
    private func collect(
      _ index: Int, _ place: Int, _ longest: Int, _ chain: inout Set<Int>,
      _ extended: inout Set<Value>
    ) -> Bool {
      if chain.contains(index) { return true }
      let node = block.nodes[index]
      guard node.op is any TensorOp || node.op is Fused, chain.count < longest else {
        return false
      }
      chain.insert(index)
      for value in Set(node.reads).sorted(by: { $0.id < $1.id }) {
        // What comes from outside, or is read even later, is there anyway.
        guard let maker = makers[value.id], lifetimes.first[value.id] >= 0,
          !kept.contains(value), (readers[value.id]?.last ?? 0) < place
        else { continue }
        // Read between the peak and the place: alive at the peak, but not for long enough.
        let isAliveAtPeak = (readers[value.id]?.last ?? 0) >= peakIndex
        if isAliveAtPeak { continue }
        let before = chain
        if collect(maker, place, longest, &chain, &extended) { continue }
        chain = before
        extended.insert(value)
      }
      return true
    }

    private func time(_ node: Node) -> Double {
      var cost = Cost.none
      let nodes = node.regions.first?.nodes ?? [node]
      for inner in nodes {
        guard let op = inner.op as? any TensorOp else { continue }
        cost = cost + op.cost(inner.operands.map(graph.type), inner.results.map(graph.type))
      }
      let moved = (node.reads + node.results).reduce(0) {
        Cost.sum($0, graph.type(of: $1).byteCount)
      }
      return Double(cost.flops) / RecomputeChoice.flopRate + Double(moved)
        / RecomputeChoice.byteRate
    }
  }

  // MARK: copying

  /// The graph with the copies in it. What they make besides is dead.
  ///
  /// - Parameter names: those of all values of the graph; the copies' are added.
  func applied(to graph: Graph, _ names: inout NameTable) -> Graph {
    var copier = Copier(graph: graph)
    let body = copier.rewrite(graph.body, path[...], self, &names)
    return copier.graph.with(body)
  }

  private struct Copier {
    var graph: Graph
    var images: [Value: Value] = [:]

    mutating func rewrite(
      _ block: Block, _ path: ArraySlice<Int>, _ choice: RecomputeChoice,
      _ names: inout NameTable
    ) -> Block {
      var block = block
      if let index = path.first {
        block.nodes[index].regions[0] = rewrite(
          block.nodes[index].regions[0], path.dropFirst(), choice, &names)
        return block
      }
      let copies = choice.chain.map { copy(block.nodes[$0], &names) }
      let new = images[choice.value]!
      for index in choice.place..<block.nodes.count {
        block.nodes[index] = Self.replacing(choice.value, by: new, in: block.nodes[index])
      }
      block.nodes.insert(contentsOf: copies, at: choice.place)
      return block
    }

    private mutating func copy(_ node: Node, _ names: inout NameTable) -> Node {
      var node = node
      node.operands = node.operands.map { images[$0] ?? $0 }
      node.regions = node.regions.map { region in
        Block(
          arguments: region.arguments, nodes: region.nodes.map { copy($0, &names) },
          results: region.results.map { images[$0] ?? $0 })
      }
      node.results = node.results.map { old in
        let info = graph.values[old.id]
        let name = names.claim(value: info.name)
        graph.values.append(ValueInfo(type: info.type, name: name))
        images[old] = Value(id: graph.values.count - 1)
        return images[old]!
      }
      if node.origin.derivation?.hasSuffix("recomputed") != true {
        node.origin = node.origin.also("recomputed")
      }
      return node
    }

    private static func replacing(_ old: Value, by new: Value, in node: Node) -> Node {
      var node = node
      node.operands = node.operands.map { $0 == old ? new : $0 }
      node.regions = node.regions.map { region in
        Block(
          arguments: region.arguments,
          nodes: region.nodes.map { replacing(old, by: new, in: $0) },
          results: region.results.map { $0 == old ? new : $0 })
      }
      return node
    }
  }
}
