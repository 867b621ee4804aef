import RetortFormats
import RetortIR
import RetortOnnx
import RetortOps
import RetortPasses
import RetortSyntax
import RetortTensor
import RetortText

/// A definition or a model with everything inlined and every shape known.
package struct Elaborated: Sendable {
  package let graph: Graph
  /// What was taken for granted: dimensions that nothing bound.
  package let notes: [Diagnostic]
  /// The weights that a model of ONNX holds itself; a definition has none.
  package let weights: Weights
  /// A definition's arguments of type Int and Float, as settings and defaults bind them.
  package let numbers: [String: Double]
}

/// Turns definitions and models into graphs.
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
    guard !OnnxImport.recognises(path) else {
      throw Diagnostics(
        "is a model of ONNX where a definition is expected", path: path,
        hint: "make a definition of it: retort import \(path) -o NAME.graph")
    }
    return try Frontend.load(path, library: library.folders) { (asked) throws(Diagnostics) in
      try Self.source(asked)
    }
  }

  /// The entry graph of a definition, or the graph of a model.
  ///
  /// - Parameter model: the file's, where it is read already.
  package func elaborate(
    _ path: String, entry: String?, settings: Settings, model: OnnxModel? = nil
  ) throws(Diagnostics) -> Elaborated {
    guard model != nil || OnnxImport.recognises(path) else {
      let elaboration = try load(path).elaborate(
        entry: entry, settings: settings, catalog: .standard)
      return Elaborated(
        graph: elaboration.graph, notes: elaboration.notes, weights: Weights(),
        numbers: elaboration.numbers)
    }
    guard entry == nil else {
      throw Diagnostics(
        "is a model of ONNX, which has one graph and no entries", path: path,
        hint: "leave --entry out")
    }
    let source: OnnxModel
    if let model { source = model } else { source = try OnnxModel(reading: path) }
    let imported = try OnnxImport(
      source, path: path, settings: settings.values, inputTypes: settings.inputTypes)
    return Elaborated(
      graph: imported.graph, notes: [], weights: Weights(imported.weights, from: path),
      numbers: [:])
  }

  /// A graph from text that Retort printed itself.
  package static func parse(_ text: String, path: String) throws(Diagnostics) -> Graph {
    let definition = try Frontend.load(path, library: []) { asked in
      asked == path ? SourceFile(path: path, text: text) : nil
    }
    return try definition.elaborate(entry: nil, settings: Settings(), catalog: .standard).graph
  }

  /// A file of text, or nil where there is none. No pipe: what the user names is read more than once
  /// by some commands, and what a definition names must not be able to make anybody wait.
  private static func source(_ path: String) throws(Diagnostics) -> SourceFile? {
    if InputFile.isMissing(path) { return nil }
    let bytes = try InputFile.read(path, limit: Lexer.byteLimit, regularOnly: true)
    guard !bytes.contains(0) else {
      throw Diagnostics(
        "is no definition: it is not text", path: path,
        hint: "'retort inspect' tells what it is; tensors go to --weights or --input, images to"
          + " --input or --images")
    }
    return SourceFile(path: path, bytes: bytes, identity: InputFile.identity(path))
  }
}
