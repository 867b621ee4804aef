import RetortText

/// Any key, to see those that a schema does not know.
struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  /// The fields of an object whose keys are known.
  ///
  /// - Throws: for a key that is not, with the nearest that is.
  func fields<Keys: CodingKey & CaseIterable>(
    _: Keys.Type
  ) throws -> KeyedDecodingContainer<Keys> {
    let container = try container(keyedBy: AnyKey.self)
    let known = Keys.allCases.map(\.stringValue)
    for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue })
    where !known.contains(key.stringValue) {
      let nearest = Suggestion.nearest(to: key.stringValue, in: known).map {
        "; did you mean \"\($0)\"?"
      }
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container, debugDescription: "is not a known key\(nearest ?? "")")
    }
    return try self.container(keyedBy: Keys.self)
  }

  /// The fields of a recipe, which must be of a kind: else its keys mean nothing.
  func fields<Keys: CodingKey & CaseIterable>(
    _ keys: Keys.Type, of kind: RecipeKind
  ) throws -> KeyedDecodingContainer<Keys> {
    let container = try container(keyedBy: AnyKey.self)
    let key = AnyKey(stringValue: "kind")
    let found = try container.decode(String.self, forKey: key)
    guard found == kind.rawValue else {
      let other = RecipeKind(rawValue: found).map { "; 'retort \($0.command)' runs it" }
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container,
        debugDescription: "is \"\(found)\", expected \"\(kind.rawValue)\"\(other ?? "")")
    }
    return try fields(keys)
  }
}

/// One of a closed list of words.
private struct Word<C: CaseIterable & RawRepresentable>: Decodable where C.RawValue == String {
  let choice: C

  init(from decoder: any Decoder) throws { choice = try decoder.word() }
}

extension Decoder {
  /// One of a closed list of words.
  func word<C: CaseIterable & RawRepresentable>() throws -> C where C.RawValue == String {
    let container = try singleValueContainer()
    let text = try container.decode(String.self)
    guard let word = C(rawValue: text) else {
      let known = C.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "is \"\(text)\", expected one of \(known)")
    }
    return word
  }
}

/// What a recipe makes.
enum RecipeKind: String {
  case training, evaluation

  /// Which command runs it.
  var command: String { self == .training ? "train" : "evaluate" }
}

/// A compile-time argument as JSON spells it.
struct SettingText: Decodable {
  let text: String

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let flag = try? container.decode(Bool.self) {
      text = String(flag)
    } else if let number = try? container.decode(Int.self) {
      text = String(number)
    } else if let number = try? container.decode(Double.self) {
      text = String(number)
    } else if let word = try? container.decode(String.self) {
      text = word
    } else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "is not a number, a text, true or false")
    }
  }
}

extension DecodingError {
  /// What is wrong, naming the key.
  var sentence: String {
    func key(_ path: [any CodingKey]) -> String {
      var text = ""
      for step in path {
        text += step.intValue.map { "[\($0)]" } ?? (text.isEmpty ? "" : ".") + step.stringValue
      }
      return text.isEmpty ? "the file" : "\"\(text)\""
    }
    switch self {
    case .keyNotFound(let missing, let context):
      return "lacks the key " + key(context.codingPath + [missing])
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "\(key(context.codingPath)) is not \(Self.words(for: type))"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "is not JSON: \(context.debugDescription)"
        : "\(key(context.codingPath)) \(context.debugDescription)"
    @unknown default: return "does not fit the schema"
    }
  }

  /// A Swift type in the words of JSON.
  private static func words(for type: Any.Type) -> String {
    switch String(describing: type) {
    case "String": "a text"
    case "Int", "UInt64": "a whole number"
    case "Double": "a number"
    case "Bool": "true or false"
    case let name where name.hasPrefix("Array"): "a list"
    default: "an object"
    }
  }
}

extension KeyedDecodingContainer {
  /// A whole number that the type can hold, where there is one. The decoder itself does not say
  /// which key holds a number with a fraction.
  func wholeNumber<I: FixedWidthInteger & Decodable>(_ key: Key) throws -> I? {
    try exact(key, "is not a whole number in range")
  }

  /// A list of such, where there is one.
  func wholeNumbers<I: FixedWidthInteger & Decodable>(_ key: Key) throws -> [I]? {
    try exact(key, "holds what is not a whole number in range")
  }

  private func exact<T: Decodable>(_ key: Key, _ sentence: String) throws -> T? {
    do {
      return try decodeIfPresent(T.self, forKey: key)
    } catch DecodingError.typeMismatch(let type, let context) {
      throw DecodingError.typeMismatch(type, context)
    } catch {
      throw problem(key, sentence)
    }
  }

  /// A whole number of a range, where there is one.
  func wholeNumber(_ key: Key, in range: ClosedRange<Int>) throws -> Int? {
    guard let number: Int = try wholeNumber(key) else { return nil }
    guard number >= range.lowerBound else {
      throw problem(key, "is \(number), less than \(range.lowerBound)")
    }
    guard number <= range.upperBound else {
      throw problem(key, "is \(number), more than \(range.upperBound)")
    }
    return number
  }

  /// How many images: a number above 0 that must be there.
  func count(_ key: Key) throws -> Int {
    guard let number = try wholeNumber(key, in: 1...ImageSet.countLimit) else {
      throw DecodingError.keyNotFound(
        key, .init(codingPath: codingPath, debugDescription: "is required"))
    }
    return number
  }

  /// Compile-time arguments as `--set` would spell them, sorted by name; none where the key is not
  /// there.
  func settings(_ key: Key) throws -> [(name: String, value: String)] {
    let table = try decodeIfPresent([String: SettingText].self, forKey: key) ?? [:]
    return table.keys.sorted().map { ($0, table[$0]!.text) }
  }

  /// One of a closed list of words.
  func choice<C: CaseIterable & RawRepresentable>(_ type: C.Type, _ key: Key) throws -> C?
  where C.RawValue == String {
    try decodeIfPresent(Word<C>.self, forKey: key)?.choice
  }
}

extension KeyedDecodingContainer {
  func problem(_ key: Key, _ sentence: String) -> DecodingError {
    DecodingError.dataCorruptedError(forKey: key, in: self, debugDescription: sentence)
  }
}
