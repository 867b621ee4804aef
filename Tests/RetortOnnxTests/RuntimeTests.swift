import Foundation
import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

@testable import RetortOnnx

/// What ONNX Runtime makes of exported models. `RETORT_PYTHON` names a Python with onnx, onnxruntime
/// and numpy; without it these are skipped.
@Suite(
  "Exported models in ONNX Runtime",
  .enabled(
    if: Repository.python != nil,
    "RETORT_PYTHON does not name a Python with onnx and onnxruntime"))
struct RuntimeTests {
  @Test("every operation gives what its reference gives, and so do loops and broadcasts")
  func samples() throws {
    var cases = try ExportedCase.samples()
    cases += [
      ExportedGraphs.nestedLoops, ExportedGraphs.broadcasts, ExportedGraphs.specialValues,
    ]
    let folder = try TemporaryFolder()
    for sample in cases {
      let path = folder.path + "/" + sample.name
      try AtomicFile.write(try sample.model().protobuf, to: path + ".onnx")
      try TensorFile.write(
        sample.inputs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
          + [("unused", HostTensor(Float(0)))], to: path + ".in.npz")
      let given = sample.graph.inputs.map { sample.inputs[$0.name]! }
      let results = GraphEvaluator(sample.graph).run(given)
      try TensorFile.write(
        zip(sample.graph.outputs, results).map { ($0.name, $1) }, to: path + ".out.npz")
    }
    let report = try ExportedRuntime.run(folder.path)
    let lines = report.split(separator: "\n").map(String.init)
    #expect(lines == ["\(cases.count) cases"])
  }
}

/// The Python that runs ONNX Runtime.
enum ExportedRuntime {
  /// What `Tests/peers/onnx_cases.py` says of a folder of cases.
  static func run(_ folder: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      Repository.python!, Repository.root + "/Tests/peers/onnx_cases.py", folder,
    ]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
  }
}
