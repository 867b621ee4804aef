import RetortTensor

/// The value of an operation's compile-time attribute, as text and files carry it. Values are equal
/// if they are spelled the same: -0.0 is not 0.0, and NaN equals itself.
package enum AttributeValue: Hashable, Sendable, CustomStringConvertible {
  case integer(Int)
  case number(Double)
  case flag(Bool)
  case text(String)
  case integers([Int])
  case numbers([Double])
  case element(ElementType)

  /// The language's spelling, which parses back to the same value.
  package var description: String {
    switch self {
    case .integer(let value): String(value)
    case .number(let value): Self.spelling(value)
    case .flag(let value): String(value)
    case .text(let value): Self.quoted(value)
    case .integers(let values): "[" + values.map(String.init).joined(separator: ", ") + "]"
    case .numbers(let values): "[" + values.map(Self.spelling).joined(separator: ", ") + "]"
    case .element(let value): value.rawValue
    }
  }

  package static func == (a: AttributeValue, b: AttributeValue) -> Bool {
    switch (a, b) {
    case (.integer(let x), .integer(let y)): x == y
    case (.number(let x), .number(let y)): x.identity == y.identity
    case (.flag(let x), .flag(let y)): x == y
    case (.text(let x), .text(let y)): x == y
    case (.integers(let x), .integers(let y)): x == y
    case (.numbers(let x), .numbers(let y)): x.map(\.identity) == y.map(\.identity)
    case (.element(let x), .element(let y)): x == y
    default: false
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .integer(let value): hasher.combine(value)
    case .number(let value): hasher.combine(value.identity)
    case .flag(let value): hasher.combine(value)
    case .text(let value): hasher.combine(value)
    case .integers(let values): hasher.combine(values)
    case .numbers(let values): hasher.combine(values.map(\.identity))
    case .element(let value): hasher.combine(value)
    }
  }

  /// The shortest decimal that reads back as the same Double, always with a point or exponent.
  package static func spelling(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    return value.description
  }

  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "{": result += "\\{"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension Double {
  /// Differs where spellings differ.
  fileprivate var identity: UInt64 { isNaN ? Double.nan.bitPattern : bitPattern }
}

/// A Swift type that an attribute can have.
package protocol AttributeConvertible: Sendable {
  /// How the type is called in diagnostics and `Docs/ops.md`: `Int`, `[Int]`.
  static var attributeKind: String { get }
  /// Nil where the value is of another kind.
  init?(_ value: AttributeValue)
  var attributeValue: AttributeValue { get }
}

extension Int: AttributeConvertible {
  package static var attributeKind: String { "Int" }
  package init?(_ value: AttributeValue) {
    guard case .integer(let number) = value else { return nil }
    self = number
  }
  package var attributeValue: AttributeValue { .integer(self) }
}

extension Double: AttributeConvertible {
  package static var attributeKind: String { "Float" }
  package init?(_ value: AttributeValue) {
    switch value {
    case .number(let number): self = number
    case .integer(let number): self = Double(number)
    default: return nil
    }
  }
  package var attributeValue: AttributeValue { .number(self) }
}

extension Bool: AttributeConvertible {
  package static var attributeKind: String { "Bool" }
  package init?(_ value: AttributeValue) {
    guard case .flag(let flag) = value else { return nil }
    self = flag
  }
  package var attributeValue: AttributeValue { .flag(self) }
}

extension String: AttributeConvertible {
  package static var attributeKind: String { "String" }
  package init?(_ value: AttributeValue) {
    guard case .text(let text) = value else { return nil }
    self = text
  }
  package var attributeValue: AttributeValue { .text(self) }
}

extension ElementType: AttributeConvertible {
  package static var attributeKind: String { "element type" }
  package init?(_ value: AttributeValue) {
    guard case .element(let element) = value else { return nil }
    self = element
  }
  package var attributeValue: AttributeValue { .element(self) }
}

/// A single number stands for a list of one.
extension [Int]: AttributeConvertible {
  package static var attributeKind: String { "[Int]" }
  package init?(_ value: AttributeValue) {
    switch value {
    case .integers(let numbers): self = numbers
    case .integer(let number): self = [number]
    case .numbers(let numbers) where numbers.isEmpty: self = []
    default: return nil
    }
  }
  package var attributeValue: AttributeValue { .integers(self) }
}

/// A list of reals; integers are taken as reals. Wrapped, because a conformance of `Array` for a
/// second element type would clash with `[Int]`.
package struct Numbers: AttributeConvertible, Hashable {
  package var values: [Double]
  package init(_ values: [Double]) { self.values = values }
  package static var attributeKind: String { "[Float]" }
  package init?(_ value: AttributeValue) {
    switch value {
    case .numbers(let numbers): values = numbers
    case .integers(let numbers): values = numbers.map(Double.init)
    case .number(let number): values = [number]
    case .integer(let number): values = [Double(number)]
    default: return nil
    }
  }
  package var attributeValue: AttributeValue { .numbers(values) }
}

/// One attribute of an operation: parses, prints, hashes and documents one stored property.
package struct Attribute<Owner: Op>: Sendable {
  package let name: String
  package let kind: String
  /// Without it the operation is not complete; it has no default.
  package let isRequired: Bool
  package let summary: String
  let read: @Sendable (Owner) -> AttributeValue
  let write: @Sendable (inout Owner, AttributeValue) -> Bool

  package init<T: AttributeConvertible>(
    _ name: String, _ path: WritableKeyPath<Owner, T> & Sendable, required: Bool = false,
    _ summary: String
  ) {
    self.name = name
    kind = T.attributeKind
    isRequired = required
    self.summary = summary
    read = { $0[keyPath: path].attributeValue }
    write = { owner, value in
      guard let converted = T(value) else { return false }
      owner[keyPath: path] = converted
      return true
    }
  }
}

/// What the language and the documentation need to know of an attribute, without its owner's type.
package struct AttributeSummary: Sendable {
  package let name: String
  package let kind: String
  package let isRequired: Bool
  package let summary: String
  /// The default's spelling, or nil where the attribute is required.
  package let defaultValue: AttributeValue?
}

extension Op {
  package static var attributeSummaries: [AttributeSummary] {
    let fresh = Self()
    return attributes.map {
      AttributeSummary(
        name: $0.name, kind: $0.kind, isRequired: $0.isRequired, summary: $0.summary,
        defaultValue: $0.isRequired ? nil : $0.read(fresh))
    }
  }

  /// Every attribute with its value, in the order of declaration.
  package var attributeValues: [(name: String, value: AttributeValue)] {
    Self.attributes.map { ($0.name, $0.read(self)) }
  }

  /// The attributes that text must spell: required ones and those that differ from the default.
  package var spelledAttributes: [(name: String, value: AttributeValue)] {
    let fresh = Self()
    return Self.attributes.compactMap { attribute in
      let value = attribute.read(self)
      return attribute.isRequired || value != attribute.read(fresh) ? (attribute.name, value) : nil
    }
  }

  /// Sets an attribute by name; false where the value is of another kind or the name is unknown.
  package mutating func setAttribute(_ name: String, to value: AttributeValue) -> Bool {
    guard let attribute = Self.attributes.first(where: { $0.name == name }) else { return false }
    return attribute.write(&self, value)
  }

  /// Name and attributes as one text: equal exactly when the operations are the same.
  package var signature: String {
    Self.name + "(" + spelledAttributes.map { "\($0.name): \($0.value)" }.joined(separator: ", ")
      + ")"
  }
}
