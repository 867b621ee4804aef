import RetortIR
import RetortOps
import RetortTensor

/// When each value of a graph that needs memory is written first and read last, in the linear order
/// of steps.
///
/// Every node is a step; a loop has two: one where it begins (the starts are copied into its slots)
/// and one where a turn ends (what the turn yields is copied into the slots and the stacks). What
/// is defined outside a loop and read inside lives until the loop's last step, because every turn
/// reads it. `prepare` regions come first, as they are run.
struct Lifetimes {
  private let graph: Graph
  /// By a value's number; -1 where the value has no place in the arena.
  private(set) var first: [Int]
  private(set) var last: [Int]
  private(set) var stepCount = 0
  /// Steps of `prepare` regions; the first ones.
  private(set) var preparationStepCount = 0
  /// The first and last step of each loop, by the number of its index argument.
  private(set) var loops: [Int: (begin: Int, end: Int)] = [:]
  /// Loops that are being walked: where they began, and what must live until they end.
  private var open: [(begin: Int, extended: [Value])] = []

  init(_ graph: Graph) {
    self.graph = graph
    first = [Int](repeating: -1, count: graph.values.count)
    last = first
    for node in graph.body.nodes where node.op is Prepare {
      walk(node.regions[0].nodes)
      let end = nextStep()
      for result in node.regions[0].results { read(result, end) }
    }
    preparationStepCount = stepCount
    walk(graph.body.nodes.filter { !($0.op is Prepare) })
    let end = nextStep()
    for result in graph.body.results { read(result, end) }
  }

  private mutating func nextStep() -> Int {
    stepCount += 1
    return stepCount - 1
  }

  private mutating func define(_ values: some Sequence<Value>, _ step: Int) {
    for value in values {
      first[value.id] = step
      last[value.id] = step
    }
  }

  private mutating func read(_ value: Value, _ step: Int) {
    guard first[value.id] >= 0 else { return }
    last[value.id] = max(last[value.id], step)
    // The outermost loop that the value does not belong to.
    if let index = open.firstIndex(where: { $0.begin > first[value.id] }) {
      open[index].extended.append(value)
    }
  }

  private mutating func walk(_ nodes: [Node]) {
    for node in nodes {
      if node.op is Repeat {
        walk(loop: node)
        continue
      }
      let step = nextStep()
      for value in node.operands { read(value, step) }
      for value in node.captures { read(value, step) }
      define(node.results, step)
    }
  }

  private mutating func walk(loop node: Node) {
    let body = node.regions[0]
    let begin = nextStep()
    for value in node.operands { read(value, begin) }
    define(body.arguments, begin)
    // Stacks are written from the first turn on.
    define(node.results.dropFirst(node.operands.count), begin)
    open.append((begin, []))
    walk(body.nodes)
    let end = nextStep()
    for value in body.results { read(value, end) }
    for value in open.removeLast().extended { read(value, end) }
    define(node.results.prefix(node.operands.count), end)
    for value in node.results.dropFirst(node.operands.count) { read(value, end) }
    loops[body.arguments[0].id] = (begin, end)
  }
}
