import Foundation
import RetortDriver
import RetortFormats
import RetortText

/// What makes a training: which graph, settings, data and schedule. A JSON file; `Docs/recipes.md`
/// has the schema.
package struct Recipe: Sendable {
  /// A sentence for people.
  package var about = ""
  /// The training graph, relative to the library or to the recipe.
  package var graph = ""
  package var entry: String?
  /// As `--set` would spell them, sorted by name.
  package var settings: [(name: String, value: String)] = []
  /// Weights to start from, in the library's `weights`; `--weights` adds to them.
  package var weights: [String] = []
  /// How many of the images are used, the first ones; all by default.
  package var imageCount: Int?
  package var epochs = 1
  package var batch = 128
  package var rate = LearningRate(shape: .constant, peak: 0.1, rise: nil)
  package var seed: UInt64 = 0
  /// Only tensors whose name begins so are written, and none of the optimiser's.
  package var keep = ""
  /// How reals are stored in the result.
  package var storage = Storage.f32
  /// What is run once when the training is done.
  package var finish: Finish?
  /// SHA-256 of the recipe's bytes: checkpoints of another recipe are not resumed.
  package private(set) var checksum = ""

  package enum Storage: String, Sendable, Decodable {
    case f32, f16
  }

  /// A graph that updates weights from the first images, such as the bank of negatives.
  package struct Finish: Sendable, Decodable {
    /// In the library.
    package let graph: String
    /// How many images it sees, as one batch.
    package let images: Int

    package func graphPath(in library: GraphLibrary) -> String { library.path(graph) }
  }

  /// - Throws: for a file that is not such JSON, with the key and what was expected.
  package init(reading path: String) throws(Diagnostics) {
    let bytes = try InputFile.read(path, limit: 1 << 20)
    do {
      self = try JSONDecoder().decode(Recipe.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw Diagnostics(error.sentence, path: path, hint: "Docs/recipes.md has the schema")
    } catch {
      throw Diagnostics("is not JSON: \(error.localizedDescription)", path: path)
    }
    checksum = SHA256.hexadecimal(bytes)
  }

  /// Where the training graph is: in the library, else relative to the recipe's file.
  package func graphPath(in library: GraphLibrary, beside recipe: String) -> String {
    let inLibrary = library.path(graph)
    if FileManager.default.fileExists(atPath: inLibrary) { return inLibrary }
    return URL(fileURLWithPath: recipe).deletingLastPathComponent()
      .appendingPathComponent(graph).path
  }

  /// Whether a tensor belongs into the result.
  package func keeps(_ name: String) -> Bool {
    name.hasPrefix(keep) && !name.hasPrefix("optimiser.")
  }
}

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
      } else {
        text = try container.decode(String.self)
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
    imageCount = try fields.decodeIfPresent(Int.self, forKey: .images)
    finish = try fields.decodeIfPresent(Finish.self, forKey: .finish)
    try take(.about, &about)
    try take(.weights, &weights)
    try take(.epochs, &epochs)
    try take(.batch, &batch)
    try take(.rate, &rate)
    try take(.seed, &seed)
    try take(.keep, &keep)
    try take(.storage, &storage)
    let table = try fields.decodeIfPresent([String: Setting].self, forKey: .set) ?? [:]
    settings = table.keys.sorted().map { ($0, table[$0]!.text) }
    for (key, number) in [(Keys.batch, batch - 1), (.epochs, epochs), (.images, imageCount ?? 0)]
    where number < 0 {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: fields, debugDescription: "is too small")
    }
  }
}

extension LearningRate {
  private enum Keys: String, CodingKey, CaseIterable { case shape, peak, rise }

  /// A number is a constant rate.
  package init(from decoder: any Decoder) throws {
    if let number = try? decoder.singleValueContainer().decode(Double.self) {
      self.init(shape: .constant, peak: number, rise: nil)
      return
    }
    try decoder.refuseUnknownKeys(Keys.allCases.map(\.rawValue))
    let fields = try decoder.container(keyedBy: Keys.self)
    self.init(
      shape: try fields.decode(Shape.self, forKey: .shape),
      peak: try fields.decode(Double.self, forKey: .peak),
      rise: try fields.decodeIfPresent(Double.self, forKey: .rise))
  }
}

/// Any key, to see those that a schema does not know.
private struct AnyKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

extension Decoder {
  fileprivate func refuseUnknownKeys(_ known: [String]) throws {
    let container = try container(keyedBy: AnyKey.self)
    for key in container.allKeys.sorted(by: { $0.stringValue < $1.stringValue })
    where !known.contains(key.stringValue) {
      let nearest = Suggestion.nearest(to: key.stringValue, in: known).map {
        "; did you mean \"\($0)\"?"
      }
      throw DecodingError.dataCorruptedError(
        forKey: key, in: container, debugDescription: "is not a known key\(nearest ?? "")")
    }
  }
}

extension DecodingError {
  /// What is wrong, naming the key.
  fileprivate var sentence: String {
    func key(_ path: [any CodingKey]) -> String {
      path.isEmpty ? "the file" : "\"" + path.map(\.stringValue).joined(separator: ".") + "\""
    }
    switch self {
    case .keyNotFound(let missing, let context):
      return "lacks the key " + key(context.codingPath + [missing])
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      return "\(key(context.codingPath)) is not of the kind \(type)"
    case .dataCorrupted(let context):
      return context.codingPath.isEmpty
        ? "is not JSON: \(context.debugDescription)"
        : "\(key(context.codingPath)) \(context.debugDescription)"
    @unknown default: return "does not fit the schema"
    }
  }
}
