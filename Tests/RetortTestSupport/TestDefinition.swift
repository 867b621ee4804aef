import RetortFormats
import RetortIR
import RetortOps
import RetortSyntax
import RetortTensor
import RetortText

/// A definition for tests: a file of the repository, or text. Both may import the library.
package struct TestDefinition: Sendable {
  package let definition: Definition

  /// - Parameter file: relative to the repository's root.
  package init(file: String) throws {
    definition = try Frontend.load(
      "\(Repository.root)/\(file)", library: [Repository.library.folder], read: Self.source)
  }

  package init(text: String, path: String = "/nowhere/test.graph") throws {
    definition = try Frontend.load(path, library: [Repository.library.folder]) { asked in
      asked == path ? SourceFile(path: path, text: text) : Self.source(asked)
    }
  }

  private static func source(_ path: String) -> SourceFile? {
    guard let bytes = try? InputFile.read(path) else { return nil }
    return SourceFile(path: path, bytes: bytes)
  }

  /// The elaborated graph of an entry; the inputs bind dimensions.
  package func graph(
    _ entry: String? = nil, set values: [String: String] = [:],
    inputs: [String: HostTensor] = [:]
  ) throws -> Graph {
    try definition.elaborate(
      entry: entry,
      settings: Settings(values: values, inputTypes: inputs.mapValues(\.type)),
      catalog: .standard
    ).graph
  }
}
