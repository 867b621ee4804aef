import RetortIR
import RetortOps
import RetortTensor

/// Groups elementwise nodes of one shape, with the convolution that they follow and the sums of
/// channels that follow them, into `fused` regions, which run as one kernel and touch memory once.
///
/// Fills, broadcasts and masks of rectifiers are copied into every region that reads them, so that the kernel reads
/// through them; all else that a region reads is captured. Kernels compute with `f32` and `bool`
/// (and convert 32-bit integers while reading them). Nodes inside `prepare`, which run once, stay
/// as they are.
package struct FuseElementwise: Pass {
  package static let name = "fuse-elementwise"
  package static let summary = "groups elementwise nodes into kernels"
  package static let requires: Set<Property> = [.gradientFree, .detachFree]
  package static let establishes: Set<Property> = [.fused]

  package var limits: FusionLimits

  package init(limits: FusionLimits = FusionLimits()) { self.limits = limits }

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var editor = GraphEditor(graph)
    var count = 0
    let body = fuse(graph.body, graph, &editor, &count)
    record.fire("fuse", times: count)
    return count == 0 ? graph : editor.graph.with(body)
  }

  private func fuse(
    _ block: Block, _ graph: Graph, _ editor: inout GraphEditor, _ count: inout Int
  ) -> Block {
    var block = block
    for index in block.nodes.indices where block.nodes[index].op is Repeat {
      block.nodes[index].regions[0] = fuse(
        block.nodes[index].regions[0], graph, &editor, &count)
    }
    let view = FusionBlock(block, graph)
    var emission = FusionEmission(view, FusionGroups(view, limits))
    guard emission.regionCount > 0 else { return block }
    count += emission.regionCount
    block.nodes = emission.run(&editor)
    return block
  }
}

/// Writes a block anew, with a region for every group.
private struct FusionEmission {
  /// A region to be.
  private struct Region {
    let members: [Int]
    /// The fills and broadcasts that it reads through.
    let modes: [Int]
  }

  private let block: FusionBlock
  private var regions: [Region] = []
  /// By node: the region it goes into, or -1.
  private var regionOf: [Int]
  /// Fills and broadcasts that nobody but regions reads.
  private var isAbsorbed: [Bool]
  private var emitted: [Bool]
  private var output: [Node] = []

  init(_ block: FusionBlock, _ groups: FusionGroups) {
    self.block = block
    let count = block.nodes.count
    regionOf = [Int](repeating: -1, count: count)
    isAbsorbed = [Bool](repeating: false, count: count)
    for group in groups.groups where !group.members.isEmpty {
      var modes = Set<Int>()
      for member in group.members {
        for operand in block.nodes[member].operands {
          if let definer = block.readThrough(operand, by: member) { modes.insert(definer) }
        }
      }
      // A group that nobody reads, which stays where dead nodes do, is no kernel.
      guard group.members.count + modes.count >= 2,
        group.members.contains(where: { groups.isResult($0, group.members) })
      else { continue }
      for member in group.members { regionOf[member] = regions.count }
      regions.append(Region(members: group.members, modes: modes.sorted()))
    }
    for index in block.nodes.indices where block.kinds[index] == .mode {
      isAbsorbed[index] =
        !block.isYielded[index] && !block.users[index].isEmpty
        && block.users[index].allSatisfy { [regionOf] user in
          regionOf[user] >= 0 && block.kinds[user] != .head
        }
    }
    emitted = [Bool](repeating: false, count: count + regions.count)
  }

  var regionCount: Int { regions.count }

  /// Regions stand where their last node stood, or earlier if somebody needs them there.
  mutating func run(_ editor: inout GraphEditor) -> [Node] {
    output.reserveCapacity(block.nodes.count)
    for index in block.nodes.indices where !isAbsorbed[index] {
      let region = regionOf[index]
      if region < 0 {
        emit(index, &editor)
      } else if regions[region].members.last == index {
        emit(block.nodes.count + region, &editor)
      }
    }
    return output
  }

  /// Emits a node, or a region by its number behind the nodes', after all that it reads.
  private mutating func emit(_ item: Int, _ editor: inout GraphEditor) {
    var pending = [item]
    while let next = pending.last {
      if emitted[next] {
        pending.removeLast()
        continue
      }
      let missing = dependencies(next).filter { !emitted[$0] }
      if missing.isEmpty {
        emitted[next] = true
        pending.removeLast()
        write(next, &editor)
      } else {
        pending += missing
      }
    }
  }

  private func dependencies(_ item: Int) -> [Int] {
    var found: [Int] = []
    func need(_ value: Value) {
      guard let definer = block.definer(of: value) else { return }
      let region = regionOf[definer]
      let other = region < 0 ? definer : block.nodes.count + region
      if other != item { found.append(other) }
    }
    if item < block.nodes.count {
      block.reads[item].forEach(need)
      return found
    }
    let region = regions[item - block.nodes.count]
    for mode in region.modes { block.nodes[mode].operands.forEach(need) }
    for member in region.members {
      for operand in block.nodes[member].operands {
        if block.readThrough(operand, by: member) == nil { need(operand) }
      }
    }
    return found
  }

  private mutating func write(_ item: Int, _ editor: inout GraphEditor) {
    guard item >= block.nodes.count else {
      output.append(block.nodes[item])
      return
    }
    let number = item - block.nodes.count
    let region = regions[number]
    var images: [Value: Value] = [:]
    var modes: [Int: Node] = [:]
    for mode in region.modes {
      var node = block.nodes[mode]
      let value = node.results[0]
      // The first region takes the node itself, others copies of it.
      if isAbsorbed[mode], !emitted[mode] {
        emitted[mode] = true
      } else {
        let copy = editor.newValue(editor.type(of: value), name: editor.graph.name(of: value))
        images[value] = copy
        node.results = [copy]
      }
      modes[mode] = node
    }
    var inside: [Node] = []
    var results: [Value] = []
    // In the order of the block: a mask may be made of what the region computes.
    for member in (region.modes + region.members).sorted() {
      if let mode = modes[member] {
        inside.append(mode.replacing(images))
        continue
      }
      let value = block.nodes[member].results[0]
      let isRead =
        block.isYielded[member]
        || block.users[member].contains { [regionOf] in regionOf[$0] != number }
      if isRead {
        // The user's name stays with what is seen outside.
        images[value] = editor.newValue(
          editor.type(of: value), name: editor.graph.name(of: value))
        results.append(value)
      }
      inside.append(block.nodes[member].renaming(images))
    }
    let origin = block.nodes[region.members.last!].origin.also("fused")
    output.append(
      Node(
        op: Fused(), operands: [], results: results,
        regions: [Block(nodes: inside, results: results.map { images[$0]! })], origin: origin))
  }
}
