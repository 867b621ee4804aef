import Foundation

/// The files to read and to refuse, which lie beside the project and not in it.
package enum SharedCases {
  package static let arePresent = Repository.exists("\(Repository.shared)/cases/README.md")
  package static let absence = "the shared cases are not beside the project (RETORT_SHARED)"

  private struct Manifest: Decodable { let cases: [Case] }

  package struct Case: Decodable, Sendable, CustomStringConvertible {
    package let file: String
    package let expect: String
    package let tensors: [Tensor]?
    package let shape: [Int]?
    package let dtype: String?
    package let sha256F32Le: String?
    package let sha256Rgb8: String?
    package let sha256Rgb8AlsoRight: [String]?
    package let width: Int?
    package let height: Int?
    package let labels: [Int]?
    package let otherTensors: Int?

    package var description: String { file }
  }

  package struct Tensor: Decodable, Sendable {
    package let name: String
    package let path: [Step]
    package let shape: [Int]
    package let dtype: String
    package let sha256F32Le: String
  }

  /// A key or a list position.
  package struct Step: Decodable, Sendable {
    package let text: String

    package init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      text = try (try? container.decode(String.self)) ?? String(container.decode(Int.self))
    }
  }

  /// What the manifest of a folder of the shared data lists; nothing where that is not at hand.
  package static func cases(_ area: String) -> [Case] {
    guard arePresent else { return [] }
    let path = "\(Repository.shared)/\(area)/manifest.json"
    let data = try! Data(contentsOf: URL(fileURLWithPath: path))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try! decoder.decode(Manifest.self, from: data).cases
  }
}
