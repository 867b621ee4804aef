/// The names that nodes can see: those of their own graph, and of the graphs around it.
final class ImportScope {
  private var operands: [String: Operand] = [:]
  private let outer: ImportScope?
  /// What messages say behind a node's number: ` of function 'Gelu'`; empty for the model's graph.
  let place: String
  /// How many functions and graphs lie around this one.
  let depth: Int
  /// The versions of the operator sets that its nodes are written in, by domain.
  var opsets: [String: Int64] = [:]
  /// Names that later nodes make, for messages.
  private(set) var later: Set<String> = []

  init(outer: ImportScope? = nil, place: String = "", depth: Int = 0) {
    self.outer = outer
    self.place = place
    self.depth = depth
  }

  subscript(name: String) -> Operand? { operands[name] ?? outer?[name] }

  /// False where the graph itself has given the name already.
  func define(_ name: String, _ operand: Operand) -> Bool {
    operands.updateValue(operand, forKey: name) == nil
  }

  func expect(_ names: Set<String>) { later = names }

  func isMadeLater(_ name: String) -> Bool {
    later.contains(name) || outer?.isMadeLater(name) ?? false
  }

  /// Every name in reach, for suggestions.
  var names: [String] { operands.keys.sorted() + (outer?.names ?? []) }
}
