import RetortIR
import RetortOps
import RetortSyntax
import RetortTensor
import RetortText
import Testing

/// A definition in memory: the file `f.graph`, beside files by path, and a library in `lib`.
func load(_ text: String, files: [String: String] = [:]) throws(Diagnostics) -> Definition {
  try Frontend.load("f.graph", library: ["lib"]) { path in
    let found = path == "f.graph" ? text : files[path]
    return found.map { SourceFile(path: path, text: $0) }
  }
}

func elaborate(
  _ text: String, entry: String? = nil, set values: [String: String] = [:],
  inputs: [String: TensorType] = [:], files: [String: String] = [:], limits: Limits? = nil
) throws(Diagnostics) -> Elaboration {
  try load(text, files: files).elaborate(
    entry: entry, settings: Settings(values: values, inputTypes: inputs), catalog: .standard,
    limits: limits)
}

/// The graph's dump.
func dump(
  _ text: String, entry: String? = nil, set values: [String: String] = [:],
  files: [String: String] = [:]
) throws(Diagnostics) -> String {
  try elaborate(text, entry: entry, set: values, files: files).graph.description
}

/// What a user reads, or an empty text where all is well.
func mistakes(
  _ text: String, entry: String? = nil, set values: [String: String] = [:],
  inputs: [String: TensorType] = [:], files: [String: String] = [:], limits: Limits? = nil
) -> String {
  do {
    _ = try elaborate(
      text, entry: entry, set: values, inputs: inputs, files: files, limits: limits)
    return ""
  } catch {
    return error.description
  }
}

/// A file's mistakes and what a user reads of them.
struct Mistake: Sendable, CustomTestStringConvertible {
  let name: String
  let source: String
  let expected: String
  var settings: [String: String] = [:]
  var files: [String: String] = [:]

  var testDescription: String { name }
}
