import RetortIR
import RetortText

/// Everything that walks a list, or makes one of a range, pays a step for each element here.
extension Elaborator {
  /// The elements of a list or of a range; nil for what is neither.
  func elements(
    of datum: Datum, at range: SourceRange
  ) throws(Reported) -> [Datum]? {
    switch datum {
    case .list(let list):
      try spend(list.count, at: range)
      return list
    case .range(let bounds):
      // Longer ranges can be walked, indexed and compared, but are no lists.
      guard bounds.count <= limits.listLength else {
        throw report(
          "\(describe(datum)) has more than \(limits.listLength) elements, the most that a list "
            + "may have", at: range)
      }
      try spend(bounds.count, at: range)
      return bounds.map(Datum.integer)
    default: return nil
    }
  }

  /// Whether it is a tensor, or a list that holds one.
  func isTensorial(_ datum: Datum, at range: SourceRange) throws(Reported) -> Bool {
    if case .list(let list) = datum { try spend(list.count, at: range) }
    return datum.isTensorial
  }

  /// The value as an attribute or annotation; nil for what cannot be one.
  func attribute(_ datum: Datum, at range: SourceRange) throws(Reported) -> AttributeValue? {
    guard let list = try elements(of: datum, at: range) else { return datum.attribute }
    return Datum.list(list).attribute
  }

  /// The value as one of a kind, a range as a list; nil for what is of another kind.
  func converted(
    _ datum: Datum, to kind: ValueKind, at range: SourceRange
  ) throws(Reported) -> Datum? {
    guard kind.element != nil, let list = try elements(of: datum, at: range) else {
      return datum.converted(to: kind)
    }
    return Datum.list(list).converted(to: kind)
  }

  /// Whether two compile-time values are the same; nil where they cannot be compared.
  func areEqual(
    _ a: Datum, _ b: Datum, at range: SourceRange
  ) throws(Reported) -> Bool? {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): return x == y
    case (.flag(let x), .flag(let y)): return x == y
    case (.text(let x), .text(let y)): return x == y
    case (.element(let x), .element(let y)): return x == y
    case (.graph(let x), .graph(let y)): return try areEqual(x, y, at: range)
    // Two that are both empty may begin at different numbers.
    case (.range(let x), .range(let y)): return x == y || x.isEmpty && y.isEmpty
    default: break
    }
    if let x = a.double, let y = b.double { return x == y }
    guard let count = a.elementCount, let otherCount = b.elementCount else { return nil }
    guard count == otherCount else { return false }
    let list = try elements(of: a, at: range) ?? []
    let other = try elements(of: b, at: range) ?? []
    var same = true
    for (x, y) in zip(list, other) {
      guard let equal = try areEqual(x, y, at: range) else { return nil }
      same = same && equal
    }
    return same
  }

  /// Nil where what is bound cannot be compared.
  private func areEqual(
    _ a: GraphDatum, _ b: GraphDatum, at range: SourceRange
  ) throws(Reported) -> Bool? {
    guard a.name == b.name, a.bound.keys == b.bound.keys else { return false }
    let names = a.bound.keys.sorted()
    return try areEqual(
      .list(names.map { a.bound[$0]! }), .list(names.map { b.bound[$0]! }), at: range)
  }
}
