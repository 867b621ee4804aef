import RetortIR
import RetortOps
import RetortTensor

/// One stretch of memory and the values that take turns in it.
struct StorageUnit {
  let value: Value
  let byteCount: Int
  let first: Int
  var last: Int

  /// What it takes with its alignment.
  var extent: Int { MemoryPlan.aligned(byteCount) }
}

/// Which values share memory.
///
/// A result takes the place of an operand that is read there for the last time, if the node reads
/// it at the place where it writes and both have as many bytes. A carried value has a slot for the
/// whole loop, which is the loop's result too; the slot takes the place of the start where that
/// ends there. What a turn yields for a carried value may be written into the slot at once if the
/// turn's value is read there for the last time. What a `prepare` region computes and yields is
/// written where prepared values lie and takes no memory of the arena.
struct Storage {
  private let graph: Graph
  private let lifetimes: Lifetimes
  private(set) var units: [StorageUnit] = []
  /// By a value's number; -1 where it has none.
  private(set) var unitOf: [Int]
  /// The carried arguments whose slots a value of the body may take, by the value.
  private var slots: [Value: Value] = [:]
  /// What bodies yield; such a value must outlive its turn.
  private var yielded: Set<Value> = []
  private let prepared: Set<Value>

  init(_ graph: Graph, _ lifetimes: Lifetimes) {
    self.graph = graph
    self.lifetimes = lifetimes
    unitOf = [Int](repeating: -1, count: graph.values.count)
    prepared = Set(graph.valuesPreparedInPlace)
    for node in graph.body.nodes where node.op is Prepare { walk(node.regions[0].nodes) }
    walk(graph.body.nodes.filter { !($0.op is Prepare) })
  }

  func unit(of value: Value) -> StorageUnit? {
    unitOf[value.id] < 0 ? nil : units[unitOf[value.id]]
  }

  /// Whether a unit lies in the memory of preparation, not in the arena.
  func isOfPreparation(_ unit: StorageUnit) -> Bool {
    unit.first < lifetimes.preparationStepCount
  }

  /// The units in the arena.
  var runUnits: [StorageUnit] { units.filter { !isOfPreparation($0) } }

  /// The values that have a unit, in the order of their numbers.
  var placedValues: [Value] {
    unitOf.indices.filter { unitOf[$0] >= 0 }.map { Value(id: $0) }
  }

  private mutating func walk(_ nodes: [Node]) {
    for node in nodes {
      if node.op is Repeat {
        walk(loop: node)
      } else {
        place(node)
      }
    }
  }

  private mutating func allocate(_ value: Value, until last: Int? = nil) {
    unitOf[value.id] = units.count
    units.append(
      StorageUnit(
        value: value, byteCount: prepared.contains(value) ? 0 : graph.type(of: value).byteCount,
        first: lifetimes.first[value.id], last: last ?? lifetimes.last[value.id]))
  }

  private mutating func join(_ value: Value, _ unit: Int, until last: Int) {
    unitOf[value.id] = unit
    units[unit].last = max(units[unit].last, last)
  }

  // MARK: loops

  private mutating func walk(loop node: Node) {
    let body = node.regions[0]
    let (begin, end) = lifetimes.loops[body.arguments[0].id]!
    allocate(body.arguments[0], until: end)
    for (index, argument) in body.arguments.dropFirst().enumerated() {
      let last = max(end, lifetimes.last[node.results[index].id])
      let start = node.operands[index]
      let unit = unitOf[start.id]
      if unit >= 0, units[unit].last == begin,
        node.operands.count(where: { unitOf[$0.id] == unit }) == 1
      {
        join(argument, unit, until: last)
      } else {
        allocate(argument, until: last)
      }
      unitOf[node.results[index].id] = unitOf[argument.id]
    }
    for stack in node.results.dropFirst(node.operands.count) { allocate(stack) }
    yielded.formUnion(body.results)
    for (argument, next) in zip(body.arguments.dropFirst(), body.results)
    where slots[next] == nil {
      slots[next] = argument
    }
    walk(body.nodes)
  }

  // MARK: nodes

  private mutating func place(_ node: Node) {
    var taken = Set<Int>()
    let candidates = Self.overwritable(node)
    for result in node.results {
      let step = lifetimes.first[result.id]
      let byteCount = graph.type(of: result).byteCount
      let place =
        prepared.contains(result)
        ? nil
        : candidates.first { operand in
          let unit = unitOf[operand.id]
          return unit >= 0 && !taken.contains(unit) && units[unit].byteCount == byteCount
            && byteCount > 0
            && (units[unit].last == step || isSlot(operand, of: result, at: step))
        }
      if let place {
        taken.insert(unitOf[place.id])
        join(result, unitOf[place.id], until: lifetimes.last[result.id])
      } else {
        allocate(result)
      }
    }
  }

  /// Whether `result` is what becomes of the carried value whose slot `operand` is, and the slot is
  /// not read again in this turn.
  private func isSlot(_ operand: Value, of result: Value, at step: Int) -> Bool {
    slots[result] == operand && lifetimes.last[operand.id] == step && !yielded.contains(operand)
  }

  /// The operands that a node reads only where it writes, in order.
  static func overwritable(_ node: Node) -> [Value] {
    if ElementwiseOps.contains(node.op) || node.op is Reshape { return node.operands }
    guard node.op is Fused else { return [] }
    var repeated = Set<Value>()
    for inner in node.regions[0].nodes where !ElementwiseOps.contains(inner.op) {
      repeated.formUnion(inner.operands)
    }
    repeated.formUnion(node.regions[0].results)
    return node.captures.filter { !repeated.contains($0) }
  }
}
