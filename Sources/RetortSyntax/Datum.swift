import RetortIR
import RetortTensor

/// A graph or an operation, by name, with those compile-time arguments that `partial` has given.
struct GraphDatum: Sendable {
  let name: String
  var bound: [String: Datum] = [:]

  /// Nil where what is bound cannot be compared.
  func equals(_ other: GraphDatum) -> Bool? {
    guard name == other.name, bound.keys == other.bound.keys else { return false }
    return Datum.list(bound.keys.sorted().map { bound[$0]! })
      .equals(.list(other.bound.keys.sorted().map { other.bound[$0]! }))
  }
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

  /// Longer ranges can be walked but are no lists.
  private static let listLimit = 1 << 20

  /// The value as a list, where it is one.
  var elements: [Datum]? {
    switch self {
    case .list(let list): list
    case .range(let range): range.count <= Self.listLimit ? range.map(Datum.integer) : nil
    default: nil
    }
  }

  var isList: Bool {
    switch self {
    case .list, .range: true
    default: false
    }
  }

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

  /// The value as an attribute or annotation; nil for what cannot be one.
  var attribute: AttributeValue? {
    switch self {
    case .integer(let value): return .integer(value)
    case .number(let value): return .number(value)
    case .flag(let value): return .flag(value)
    case .text(let value): return .text(value)
    case .element(let value): return .element(value)
    case .list, .range: return Self.attribute(elements ?? [])
    case .graph, .tensor, .poison: return nil
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

  /// The value as one of a kind that arguments can have: an `Int` is also a `Float`, a range also
  /// a list. Nil for what is of another kind.
  func converted(to kind: ValueKind) -> Datum? {
    if let element = kind.element {
      guard let elements else { return nil }
      var list: [Datum] = []
      for item in elements {
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

  /// Whether two compile-time values are the same; nil where they cannot be compared.
  func equals(_ other: Datum) -> Bool? {
    if let a = double, let b = other.double {
      if case .integer(let x) = self, case .integer(let y) = other { return x == y }
      return a == b
    }
    if let a = elements, let b = other.elements {
      guard a.count == b.count else { return false }
      var same = true
      for (x, y) in zip(a, b) {
        guard let equal = x.equals(y) else { return nil }
        same = same && equal
      }
      return same
    }
    switch (self, other) {
    case (.flag(let a), .flag(let b)): return a == b
    case (.text(let a), .text(let b)): return a == b
    case (.graph(let a), .graph(let b)): return a.equals(b)
    case (.element(let a), .element(let b)): return a == b
    default: return nil
    }
  }
}
