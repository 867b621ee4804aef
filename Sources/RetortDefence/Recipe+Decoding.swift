import RetortText

extension Recipe: Decodable {
  private enum Keys: String, CodingKey, CaseIterable {
    case kind, about, graph, entry, set, weights, images, epochs, batch, rate, seed, keep, storage
    case validate, finish
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.fields(Keys.self, of: .training)
    func take<T: Decodable>(_ key: Keys, _ target: inout T) throws {
      if let value = try fields.decodeIfPresent(T.self, forKey: key) { target = value }
    }
    graph = try fields.decode(String.self, forKey: .graph)
    entry = try fields.decodeIfPresent(String.self, forKey: .entry)
    imageCount = try fields.wholeNumber(.images, in: 0...ImageSet.countLimit)
    validate = try fields.decodeIfPresent(Validation.self, forKey: .validate)
    finish = try fields.decodeIfPresent(Finish.self, forKey: .finish)
    try take(.about, &about)
    try take(.weights, &weights)
    epochs = try fields.wholeNumber(.epochs, in: 0...Self.epochLimit) ?? epochs
    batch = try fields.wholeNumber(.batch, in: 1...ImageSet.batchLimit) ?? batch
    seed = try fields.wholeNumber(.seed) ?? seed
    try take(.rate, &rate)
    try take(.keep, &keep)
    storage = try fields.choice(Storage.self, .storage) ?? storage
    settings = try fields.settings(.set)
  }

  /// As many epochs of as many images as there may be are steps that an Int counts.
  private static let epochLimit = 1 << 24
}

extension Recipe.Validation: Decodable {
  private enum Keys: String, CodingKey, CaseIterable { case graph, set, images, fall }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.fields(Keys.self)
    graph = try fields.decode(String.self, forKey: .graph)
    settings = try fields.settings(.set)
    images = try fields.count(.images)
    fall = try fields.decodeIfPresent(Double.self, forKey: .fall) ?? 0.05
    guard (0...1).contains(fall) else {
      throw DecodingError.dataCorruptedError(
        forKey: .fall, in: fields, debugDescription: "is \(fall), expected a share from 0 to 1")
    }
  }
}

extension Recipe.Finish: Decodable {
  private enum Keys: String, CodingKey, CaseIterable { case graph, images }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.fields(Keys.self)
    graph = try fields.decode(String.self, forKey: .graph)
    images = try fields.count(.images)
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
    let fields: KeyedDecodingContainer<Keys>
    do {
      fields = try decoder.fields(Keys.self)
    } catch DecodingError.typeMismatch(_, let context) {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: context.codingPath,
          debugDescription: "is neither a number nor an object with a shape and a peak"))
    }
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
