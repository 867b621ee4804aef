import RetortText

extension Recipe: Decodable {
  private enum Keys: String, CodingKey, CaseIterable {
    case kind, about, graph, entry, set, weights, images, epochs, batch, rate, seed, keep, storage
    case finish
  }

  /// A compile-time argument as JSON spells it.
  private struct Setting: Decodable {
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

  package init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(Keys.allCases.map(\.rawValue))
    let fields = try decoder.container(keyedBy: Keys.self)
    let kind = try fields.decode(String.self, forKey: .kind)
    guard kind == "training" else {
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: fields, debugDescription: "is \"\(kind)\", expected \"training\"")
    }
    func take<T: Decodable>(_ key: Keys, _ target: inout T) throws {
      if let value = try fields.decodeIfPresent(T.self, forKey: key) { target = value }
    }
    graph = try fields.decode(String.self, forKey: .graph)
    entry = try fields.decodeIfPresent(String.self, forKey: .entry)
    imageCount = try fields.wholeNumber(.images)
    finish = try fields.decodeIfPresent(Finish.self, forKey: .finish)
    try take(.about, &about)
    try take(.weights, &weights)
    epochs = try fields.wholeNumber(.epochs) ?? epochs
    batch = try fields.wholeNumber(.batch) ?? batch
    seed = try fields.wholeNumber(.seed) ?? seed
    try take(.rate, &rate)
    try take(.keep, &keep)
    storage = try fields.choice(Storage.self, .storage) ?? storage
    let table = try fields.decodeIfPresent([String: Setting].self, forKey: .set) ?? [:]
    settings = table.keys.sorted().map { ($0, table[$0]!.text) }
    for (key, number) in [(Keys.batch, batch - 1), (.epochs, epochs), (.images, imageCount ?? 0)]
    where number < 0 {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: fields, debugDescription: "is too small")
    }
  }
}

extension Recipe.Finish: Decodable {
  private enum Keys: String, CodingKey, CaseIterable { case graph, images }

  package init(from decoder: any Decoder) throws {
    try decoder.refuseUnknownKeys(Keys.allCases.map(\.rawValue))
    let fields = try decoder.container(keyedBy: Keys.self)
    graph = try fields.decode(String.self, forKey: .graph)
    guard let images: Int = try fields.wholeNumber(.images) else {
      throw DecodingError.keyNotFound(
        Keys.images, .init(codingPath: fields.codingPath, debugDescription: "is required"))
    }
    self.images = images
    guard images > 0 else {
      throw DecodingError.dataCorruptedError(
        forKey: .images, in: fields, debugDescription: "is too small")
    }
  }
}

extension LearningRate: Decodable {
  private enum Keys: String, CodingKey, CaseIterable { case shape, peak, rise }

  /// A number is a constant rate.
  package init(from decoder: any Decoder) throws {
    if let number = try? decoder.singleValueContainer().decode(Double.self) {
      self.init(shape: .constant, peak: number, rise: nil)
      return
    }
    try decoder.refuseUnknownKeys(Keys.allCases.map(\.rawValue))
    let fields = try decoder.container(keyedBy: Keys.self)
    guard let shape = try fields.choice(Shape.self, .shape) else {
      throw DecodingError.keyNotFound(
        Keys.shape, .init(codingPath: fields.codingPath, debugDescription: "is required"))
    }
    self.init(
      shape: shape, peak: try fields.decode(Double.self, forKey: .peak),
      rise: try fields.decodeIfPresent(Double.self, forKey: .rise))
    if let rise, !(0...1).contains(rise) {
      throw DecodingError.dataCorruptedError(
        forKey: .rise, in: fields, debugDescription: "is \(rise), expected a share from 0 to 1")
    }
  }
}
