import RetortIR

/// One step of a pipeline: a pure function from graph to graph, total on verified graphs.
///
/// A pass keeps the names, order and types of the graph's inputs and outputs and gives every new
/// node an origin.
package protocol Pass: Sendable {
  /// In kebab-case, verb first.
  static var name: String { get }
  /// One line of what it does.
  static var summary: String { get }
  /// The most that it may do to numbers.
  static var exactness: Exactness { get }
  /// What must hold before it runs.
  static var requires: Set<Property> { get }
  /// What holds after it ran.
  static var establishes: Set<Property> { get }
  /// What a pipeline without the pass could not do, as the end of a sentence that begins with the
  /// pass; nil where leaving it out costs speed or memory only.
  static var necessity: String? { get }

  /// - Parameter record: takes what fired, and how often.
  /// - Throws: `Diagnostics` for what the definition asks and cannot have, `InternalError` for a
  ///   fault of Retort.
  func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph
}

extension Pass {
  package static var exactness: Exactness { .bitwise }
  package static var requires: Set<Property> { [] }
  package static var establishes: Set<Property> { [] }
  package static var necessity: String? { nil }

  package var name: String { Self.name }

  /// Runs the pass without keeping its record.
  package func run(_ graph: Graph) throws -> Graph {
    var record = PassRecord(name: Self.name)
    return try run(graph, &record)
  }
}

/// What a rewrite may do to numbers, from nothing at all to anything within rounding.
package enum Exactness: Int, Sendable, Comparable, CaseIterable {
  case bitwise
  /// Zeros may change their sign.
  case signOfZero
  /// Sums and products may be taken in another order.
  case reassociates
  /// Other formulas for the same function.
  case approximates

  package static func < (a: Exactness, b: Exactness) -> Bool { a.rawValue < b.rawValue }
}

/// What a pass can rely on.
package enum Property: String, Sendable, CaseIterable {
  /// No `gradient` is left.
  case gradientFree
  /// No `detach` is left.
  case detachFree
  /// Loops hold nothing that they do not change, cheap fills and broadcasts apart.
  case hoisted
  /// What depends on weights alone stands in one `prepare` region.
  case prepared
  /// Algorithms are chosen.
  case lowered
  /// Elementwise chains are regions.
  case fused
  /// Every value has its place in memory.
  case planned
}

/// What one run of a pass did.
package struct PassRecord: Sendable {
  /// A rule, or the pass itself where it has none.
  package struct Firing: Sendable {
    package let rule: String
    package let exactness: Exactness
    package var count: Int
  }

  package let name: String
  package var stage: Stage?
  /// In the order in which they first fired.
  package private(set) var firings: [Firing] = []
  package var duration: Duration = .zero
  package var nodeCountBefore = 0
  package var nodeCountAfter = 0

  package init(name: String, stage: Stage? = nil) {
    self.name = name
    self.stage = stage
  }

  package mutating func fire(
    _ rule: String, _ exactness: Exactness = .bitwise, times count: Int = 1
  ) {
    guard count > 0 else { return }
    if let index = firings.firstIndex(where: { $0.rule == rule }) {
      firings[index].count += count
    } else {
      firings.append(Firing(rule: rule, exactness: exactness, count: count))
    }
  }

  package var firedCount: Int { firings.reduce(0) { $0 + $1.count } }
  /// The weakest promise among what fired.
  package var exactness: Exactness { firings.map(\.exactness).max() ?? .bitwise }
}
