import RetortIR
import RetortOps
import RetortTensor

/// Gives every value of a program its place: in one arena, or, of those inside `prepare` regions, in
/// memory that preparation alone computes in.
package enum MemoryPlanner {
  /// Up to this many stretches the slower, denser way of packing is tried too.
  private static let denseLimit = 1024

  /// The graph with every node's places as annotations, and the plan. `prepare` regions that cannot
  /// be run before all else are taken apart first.
  ///
  /// Annotations: `offsets`, one byte offset a result; of loops also `slots`, those of the index
  /// and the carried values; of `prepare` regions `prepared`, the offsets of their results in a
  /// segment of their own, which outlives runs. All are multiples of 64.
  /// - Complexity: O(n log n)
  package static func plan(_ graph: Graph) -> (Graph, MemoryPlan) {
    plan(sound: PrepareWeights.keepingSoundRegions(graph))
  }

  /// The same of a graph whose `prepare` regions can all be run before all else
  /// (`PrepareWeights.keepingSoundRegions`).
  static func plan(sound graph: Graph) -> (Graph, MemoryPlan) {
    let lifetimes = Lifetimes(graph)
    let storage = Storage(graph, lifetimes)
    let preparation = pack(
      storage.units.filter(storage.isOfPreparation), lifetimes.stepCount)
    let run = pack(storage.runUnits, lifetimes.stepCount)
    let entries = zip(storage.runUnits, run.offsets).map { unit, offset in
      MemoryPlan.Entry(
        value: unit.value, offset: offset, byteCount: unit.byteCount,
        lifetime: unit.first...max(unit.first, unit.last))
    }
    // Preparation's units come first, as its steps do.
    var result = graph
    result.body = annotated(graph.body, storage, preparation.offsets + run.offsets, graph)
    return (
      result,
      MemoryPlan(
        entries: entries, arenaByteCount: run.byteCount, lowerBound: run.bound,
        preparationByteCount: preparation.byteCount)
    )
  }

  private static func pack(
    _ units: [StorageUnit], _ stepCount: Int
  ) -> (offsets: [Int], byteCount: Int, bound: Int) {
    var (offsets, byteCount) = inOrder(units)
    let bound = lowerBound(units, stepCount)
    if units.count <= denseLimit, byteCount > bound {
      let orders: [(StorageUnit) -> Int] = [
        { $0.extent }, { $0.extent * (max($0.first, $0.last) - $0.first + 1) },
      ]
      for order in orders where byteCount > bound {
        let dense = largestFirst(units, by: order)
        if dense.byteCount < byteCount { (offsets, byteCount) = dense }
      }
    }
    return (offsets, byteCount, bound)
  }

  /// The largest sum of bytes that are needed at one step.
  static func lowerBound(_ units: [StorageUnit], _ stepCount: Int) -> Int {
    neededByteCounts(units, stepCount).max() ?? 0
  }

  /// The bound of a whole graph, which is one as `plan(sound:)` takes.
  static func lowerBound(sound graph: Graph) -> Int {
    let lifetimes = Lifetimes(graph)
    return lowerBound(Storage(graph, lifetimes).runUnits, lifetimes.stepCount)
  }

  /// The first step that needs the most bytes.
  static func peakStep(_ units: [StorageUnit], _ stepCount: Int) -> Int {
    let needed = neededByteCounts(units, stepCount)
    return needed.indices.max { (needed[$0], -$0) < (needed[$1], -$1) } ?? 0
  }

  /// What each step needs.
  private static func neededByteCounts(_ units: [StorageUnit], _ stepCount: Int) -> [Int] {
    var changes = [Int](repeating: 0, count: stepCount + 2)
    for unit in units {
      changes[unit.first] += unit.byteCount
      changes[max(unit.first, unit.last) + 1] -= unit.byteCount
    }
    var sum = 0
    return changes.map { change in
      sum += change
      return sum
    }
  }

  /// Best fit in the order of time.
  private static func inOrder(_ units: [StorageUnit]) -> (offsets: [Int], byteCount: Int) {
    var allocator = OffsetAllocator()
    var offsets = [Int](repeating: 0, count: units.count)
    let starts = units.indices.sorted { (units[$0].first, $0) < (units[$1].first, $1) }
    let ends = units.indices.sorted { (units[$0].last, $0) < (units[$1].last, $1) }
    var freed = 0
    for index in starts {
      while units[ends[freed]].last < units[index].first {
        allocator.free(offsets[ends[freed]], units[ends[freed]].extent)
        freed += 1
      }
      offsets[index] = allocator.allocate(units[index].extent)
    }
    return (offsets, allocator.byteCount)
  }

  /// The largest first, each at the lowest place that is free for all of its life.
  private static func largestFirst(
    _ units: [StorageUnit], by measure: (StorageUnit) -> Int
  ) -> (offsets: [Int], byteCount: Int) {
    var offsets = [Int](repeating: 0, count: units.count)
    var placed: [Int] = []  // ascending by offset
    var byteCount = 0
    let order = units.map(measure).enumerated()
      .sorted { (-$0.element, $0.offset) < (-$1.element, $1.offset) }.map(\.offset)
    for index in order where units[index].extent > 0 {
      var offset = 0
      for other in placed
      where units[other].first <= units[index].last && units[index].first <= units[other].last {
        if offsets[other] >= offset + units[index].extent { break }
        offset = max(offset, offsets[other] + units[other].extent)
      }
      offsets[index] = offset
      byteCount = max(byteCount, offset + units[index].extent)
      let place = placed.firstIndex { offsets[$0] > offset } ?? placed.count
      placed.insert(index, at: place)
    }
    return (offsets, byteCount)
  }

  // MARK: writing down

  private static func annotated(
    _ block: Block, _ storage: Storage, _ offsets: [Int], _ graph: Graph
  ) -> Block {
    func places(_ values: [Value]) -> AttributeValue {
      .integers(values.map { offsets[storage.unitOf[$0.id]] })
    }
    var prepared = 0
    var block = block
    for index in block.nodes.indices {
      var node = block.nodes[index]
      node.annotations.removeAll { ["offsets", "slots", "prepared"].contains($0.name) }
      switch node.op {
      case is Prepare:
        var own: [Int] = []
        for result in node.results {
          own.append(prepared)
          prepared += MemoryPlan.aligned(graph.type(of: result).byteCount)
        }
        node.annotations.append(Annotation("prepared", .integers(own)))
        node.regions[0] = annotated(node.regions[0], storage, offsets, graph)
      case is Repeat:
        node.annotations.append(Annotation("offsets", places(node.results)))
        node.annotations.append(Annotation("slots", places(node.regions[0].arguments)))
        node.regions[0] = annotated(node.regions[0], storage, offsets, graph)
      default:
        node.annotations.append(Annotation("offsets", places(node.results)))
      }
      block.nodes[index] = node
    }
    return block
  }
}

/// Plans memory: order, lifetimes, reuse in place, offsets.
package struct PlanMemory: Pass {
  package static let name = "plan-memory"
  package static let summary = "gives every value its place in memory"
  package static let requires: Set<Property> = [.gradientFree]
  package static let establishes: Set<Property> = [.planned]
  package static let necessity: String? = "nothing runs without a place in memory"

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    let (planned, plan) = MemoryPlanner.plan(graph)
    record.fire("place", times: plan.entries.count)
    return planned
  }
}
