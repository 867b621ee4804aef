import RetortDriver
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// A public checkpoint written by PyTorch, and its logits on the first 32 test images.
@Suite struct CheckpointTests {
  static let checkpoint = Repository.shared + "/checkpoints/resnet20_model.ckpt"
  static let logits = Repository.shared + "/checkpoints/resnet20_model.logits32.npy"
  static let images = Repository.shared + "/data/cifar10/test_batch.bin"

  @Test(
    .enabled(
      if: [checkpoint, logits, images].allSatisfy(Repository.exists),
      "the checkpoint and CIFAR-10 are not beside the project (RETORT_SHARED)"))
  func logitsArePyTorchs() throws {
    var request = Request(
      path: Repository.library.path("models/resnet20.graph"), library: Repository.library)
    request.weightPaths = [Self.checkpoint]
    let inputs = ["x": try Images.read(Self.images, first: 32).pixels]
    let found = try request.executable(inputs: inputs).executable.run(inputs)["logits"]!
    let expected = try TensorFile.read(Self.logits)[0].tensor
    #expect(found.shape == [32, 10])
    let worst = zip(found.doubles, expected.doubles).map { abs($0 - $1) }.max()!
    #expect(worst <= 1e-4, "the worst logit is off by \(worst)")
  }

  /// The checkpoint itself, its conversion, and its export as a model of ONNX read again. All 10,000
  /// images, of which the checkpoint's README counts 8,013 right, in long tests; else the first 500.
  @Test(
    .enabled(
      if: [checkpoint, images].allSatisfy(Repository.exists),
      "the checkpoint and CIFAR-10 are not beside the project (RETORT_SHARED)"))
  func everyWayToTheModelPredictsTheSame() throws {
    let folder = try TemporaryFolder()
    let batch = 250
    var own = Request(
      path: Repository.library.path("models/resnet20.graph"), library: Repository.library)
    own.settings = [("n", "\(batch)")]
    own.weightPaths = [Self.checkpoint]
    var converted = own
    converted.weightPaths = [folder.file("resnet20.safetensors")]
    _ = try TensorFile.convert(Self.checkpoint, to: converted.weightPaths[0])
    let exported = Request(path: folder.file("resnet20.onnx"), library: .none)
    _ = try OnnxWriter(request: own).write(to: exported.path)

    let images = try Images.read(Self.images, first: Repository.runsLongTests ? 10_000 : 500)
    let labels = try #require(images.labels)
    var right = 0
    let programs = try [own, converted, exported].map { try $0.executable().executable }
    for start in stride(from: 0, to: labels.count, by: batch) {
      let byteCount = 3 * 32 * 32 * MemoryLayout<Float>.size
      let pixels = HostTensor(
        TensorType([batch, 3, 32, 32]),
        bytes: Array(
          images.pixels.bytes[start * byteCount..<(start + batch) * byteCount]))
      let logits = try programs.map { try $0.run(["x": pixels])["logits"]! }
      #expect(logits[0] == logits[1])
      let answers = logits.map { tensor -> [Int] in
        let values = tensor.doubles
        return (0..<batch).map { image in
          (0..<10).max { values[image * 10 + $0] < values[image * 10 + $1] }!
        }
      }
      #expect(answers[0] == answers[2])
      right += (0..<batch).count { answers[0][$0] == labels[start + $0] }
    }
    // PyTorch's count; rounding may turn a few.
    if Repository.runsLongTests {
      #expect(abs(right - 8013) <= 3, "\(right) of 10,000 are right")
    } else {
      #expect(right > 375, "\(right) of 500 are right")
    }
  }
}
