import Foundation
import RetortAPI
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// The lines of Docs/python.md, run as they stand.
@Suite struct PythonTests {
  static let python = Repository.python ?? Installed.path(of: "python3")
  static let hasNumPy =
    python.map { (try? Installed.run($0, ["-c", "import numpy"]).code) == 0 } ?? false
  static let folder = Installed.buildFolder(with: "libRetortC.so")

  @Test(
    .enabled(if: hasNumPy, "python3 with numpy is not installed"),
    .enabled(if: folder != nil, "libRetortC.so is not built beside the tests"),
    .enabled(if: !Repository.isSanitized, "Python would have to load the sanitizer first"))
  func theLinesOfTheDocumentRun() throws {
    let text = try Repository.text("Docs/python.md")
    let script = try #require(text.components(separatedBy: "```python\n").dropFirst().first)
      .components(separatedBy: "```")[0]
    let space = try TemporaryFolder()
    let graphs = Repository.root + "/graphs"
    let count = 8 * 3 * 32 * 32
    let images = HostTensor(
      [8, 3, 32, 32], (0..<count).map { Float(($0 * 31) % 101) / 100 })
    try TensorFile.write([("images", images)], to: space.file("images.npy"))
    let weights = ["classifier", "heads"].map { "\(graphs)/weights/\($0)-synthetic.safetensors" }
    let settings = ["n": "8", "backbone": "tiny", "steps": "1"]
    try Plan.write(
      "\(graphs)/purifiers/multitask.graph", settings: settings, weights: weights,
      to: space.file("purifier.retort"))
    let outcome = try Installed.run(
      try #require(Self.python), ["-c", script], in: space.path,
      environment: ["LD_LIBRARY_PATH": try #require(Self.folder)])
    #expect(outcome.code == 0, "\(outcome.error)")
    let purified = try TensorFile.read(space.file("purified.npy"))[0].tensor
    let model = try Model(
      "\(graphs)/purifiers/multitask.graph",
      Model.Options(settings: settings, weightFiles: weights, library: graphs))
    let expected = try model.run([
      "x": try RetortAPI.Tensor(images.elements(as: Float.self), shape: [8, 3, 32, 32])
    ])["purified"]
    #expect(purified.bytes == expected?.bytes)
    #expect(purified != images)
  }
}
