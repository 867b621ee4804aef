import RetortIR
import RetortTensor

/// A graph or an operation, by name, with those compile-time arguments that `partial` has given.
struct GraphDatum: Sendable {
  let name: String
  var bound: [String: Datum] = [:]
}

/// What a name or an expression stands for while elaborating: a compile-time value, or a tensor of
/// the graph that is being built.
enum Datum: Sendable {
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case text(String)
  case graph(GraphDatum)
  case element(ElementType)
  /// Never holds lists.
  case list([Datum])
  case range(Range<Int>)
  case tensor(Value)
  /// What failed; its uses fail silently.
  case poison

  /// How many elements a list or a range has; nil for what is neither.
  var elementCount: Int? {
    switch self {
    case .list(let list): list.count
    case .range(let range): range.count
    default: nil
    }
  }

  var isList: Bool { elementCount != nil }

  var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  var isTensorial: Bool {
    switch self {
    case .tensor: true
    case .list(let list): list.contains { $0.isTensorial }
    default: false
    }
  }

  /// The value as an attribute or annotation; nil for what cannot be one, and for a range, which
  /// `Elaborator.elements` makes a list.
  var attribute: AttributeValue? {
    switch self {
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .flag(let value): return .flag(value)
    case .text(let value): return .text(value)
    case .element(let value): return .element(value)
    case .list(let list): return Self.attribute(list)
    case .range, .graph, .tensor, .poison: return nil
    }
  }

  private static func attribute(_ list: [Datum]) -> AttributeValue? {
    var integers: [Int] = []
    for case .integer(let value) in list { integers.append(value) }
    if integers.count == list.count { return .integers(integers) }
    var numbers: [Double] = []
    for item in list {
      guard let value = item.double else { return nil }
      numbers.append(value)
    }
    return .numbers(numbers)
  }

  /// The value as one of a kind that arguments can have: an `Int` is also a `Float`. Nil
  /// for what is of another kind, and for a range, which `Elaborator.elements` makes a list.
  func converted(to kind: ValueKind) -> Datum? {
    if let element = kind.element {
      guard case .list(let items) = self else { return nil }
      var list: [Datum] = []
      list.reserveCapacity(items.count)
      for item in items {
        guard let converted = item.converted(to: element) else { return nil }
        list.append(converted)
      }
      return .list(list)
    }
    switch (kind, self) {
    case (.integer, .integer), (.number, .number), (.flag, .flag), (.text, .text), (.graph, .graph):
      return self
    case (.number, .integer(let value)): return .number(Double(value))
    default: return nil
    }
  }
}
