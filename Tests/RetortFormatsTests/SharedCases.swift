import Foundation
import Testing

/// The files that the readers are tested with, which lie beside the project and not in it.
enum SharedCases {
  static let folder: String = {
    if let folder = ProcessInfo.processInfo.environment["RETORT_SHARED"] { return folder }
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return root.deletingLastPathComponent().path + "/shared"
  }()

  static let arePresent = FileManager.default.fileExists(atPath: folder + "/cases/README.md")
  static let absence: Comment = "the shared cases are not beside the project (RETORT_SHARED)"

  struct Manifest: Decodable { let cases: [Case] }

  struct Case: Decodable, Sendable, CustomStringConvertible {
    let file: String
    let expect: String
    let tensors: [Tensor]?
    let shape: [Int]?
    let dtype: String?
    let sha256F32Le: String?
    let sha256Rgb8: String?
    let width: Int?
    let height: Int?
    let labels: [Int]?
    let otherTensors: Int?

    var description: String { file }
  }

  struct Tensor: Decodable, Sendable {
    let name: String
    let path: [Step]
    let shape: [Int]
    let dtype: String
    let sha256F32Le: String
  }

  /// A key or a list position.
  struct Step: Decodable, Sendable {
    let text: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      text = try (try? container.decode(String.self)) ?? String(container.decode(Int.self))
    }
  }

  static func cases(_ area: String) -> [Case] {
    guard arePresent else { return [] }
    let data = try! Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(area)/manifest.json"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try! decoder.decode(Manifest.self, from: data).cases
  }
}
