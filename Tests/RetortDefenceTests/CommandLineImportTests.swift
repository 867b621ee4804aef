import Foundation
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Models of ONNX on the command line.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineImportTests {
  /// `y = relu(input.1 · w)` for any batch.
  private func write(to path: String) throws {
    var tensor = OnnxTensorType()
    tensor.element = 1
    var open = OnnxDimension()
    open.symbol = "batch"
    var shape = OnnxShape()
    shape.dimensions = [open, OnnxDimension(2)]
    tensor.shape = shape
    var graph = OnnxGraph()
    graph.name = "net"
    graph.nodes = [
      OnnxNode("MatMul", inputs: ["input.1", "fc.weight"], outputs: ["h"]),
      OnnxNode("Relu", inputs: ["h"], outputs: ["y"]),
    ]
    graph.inputs = [OnnxValue("input.1", OnnxType(tensor))]
    graph.outputs = [OnnxValue("y", OnnxType(tensor))]
    graph.initializers = [OnnxTensor("fc.weight", HostTensor([2, 2], [1, -1, 0, 2] as [Float]))]
    var model = OnnxModel()
    model.irVersion = 8
    model.opsets = [OnnxOpset(version: 17)]
    model.graph = graph
    try AtomicFile.write(model.protobuf, to: path)
  }

  @Test func importedDefinitionsGiveWhatTheModelGives() throws {
    let space = try TemporaryFolder()
    let model = space.file("m.onnx")
    try write(to: model)
    try TensorFile.write(
      [("x", HostTensor([3, 2], [1, 2, -3, 4, 5, -6] as [Float]))], to: space.file("x.npy"))
    let given = ["--input", "input.1=" + space.file("x.npy"), "--output"]
    let direct = try CommandLineProgram.run(["run", model] + given + ["y=" + space.file("a.npy")])
    #expect(direct.code == 0, "\(direct.error)")
    let made = try CommandLineProgram.run(
      ["import", model, "--set", "batch=3", "-o", space.file("m.graph")])
    #expect(made.code == 0, "\(made.error)")
    #expect(made.output.contains("m.safetensors: 1 tensors, 4 elements"))
    let written = try CommandLineProgram.run(
      ["run", space.file("m.graph"), "--weights", space.file("m.safetensors")]
        + ["--input", "input_1=" + space.file("x.npy"), "--output", "y=" + space.file("b.npy")])
    #expect(written.code == 0, "\(written.error)")
    let a = try TensorFile.read(space.file("a.npy"))[0].tensor
    #expect(a.elements(as: Float.self) == [1, 3, 0, 11, 5, 0])
    #expect(try TensorFile.read(space.file("b.npy"))[0].tensor == a)
  }

  @Test func everyCommandTakesAModel() throws {
    let space = try TemporaryFolder()
    let model = space.file("m.onnx")
    try write(to: model)
    let batch = ["--set", "batch=2"]
    for words in [
      ["verify", model] + batch, ["dump", model, "--stage", "simplified"] + batch,
      ["compile", model, "-o", space.file("p.retort")] + batch, ["inspect", model],
      ["inspect", "--json", model], ["import", "--operators"],
    ] {
      let outcome = try CommandLineProgram.run(words)
      #expect(outcome.code == 0, "\(words): \(outcome.error)")
    }
    let entry = try CommandLineProgram.run(["dump", model, "--entry", "other"] + batch)
    #expect(entry.code == 1)
    #expect(entry.error.contains("has one graph and no entries"))
    let open = try CommandLineProgram.run(["import", model])
    #expect(open.code == 1)
    #expect(open.error.contains("an extent is open: 'batch' of input 'input.1'"))
    #expect(try CommandLineProgram.run(["import"]).code == 64)
  }
}
