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
}
