import RetortFormats
import RetortIR
import RetortOps
import RetortPasses
import RetortSyntax
import RetortTensor
import RetortText

/// Turns definitions into graphs at any stage.
package struct Compiler: Sendable {
  package let library: GraphLibrary

  package init(library: GraphLibrary) { self.library = library }

  /// Reads a definition and all that it imports.
  package func load(_ path: String) throws(Diagnostics) -> Definition {
    guard !Artifact.isArtifact(path) else {
      throw Diagnostics(
        "is a plan where a definition is expected", path: path,
        hint: "give the .graph file that it was compiled from")
    }
    return try Frontend.load(path, library: [library.folder], read: Self.source)
  }

  /// The entry graph with everything inlined and every shape known.
  package func elaborate(
    _ path: String, entry: String?, settings: Settings
  ) throws(Diagnostics) -> Elaboration {
    try load(path).elaborate(entry: entry, settings: settings, catalog: .standard)
  }

  /// A graph from text that Retort printed itself.
  package static func parse(_ text: String, path: String) throws(Diagnostics) -> Graph {
    let definition = try Frontend.load(path, library: []) { asked in
      asked == path ? SourceFile(path: path, text: text) : nil
    }
    return try definition.elaborate(entry: nil, settings: Settings(), catalog: .standard).graph
  }

  /// A file of text, or nil where there is none. A file that cannot be read counts as missing.
  private static func source(_ path: String) -> SourceFile? {
    guard let bytes = try? InputFile.read(path, limit: 1 << 26) else { return nil }
    return SourceFile(path: path, bytes: bytes)
  }
}
