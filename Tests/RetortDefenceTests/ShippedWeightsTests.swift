import RetortDefence
import RetortDriver
import RetortFormats
import RetortTestSupport
import Testing

/// The files of `graphs/weights`.
struct ShippedWeightsTests {
  /// Those that published results were made with, which hold for these bytes only.
  private static let cifar = [
    "classifier-robust-cifar.safetensors":
      "56c6de1977cb6a192a6278a276256ccdd26de957335086455897fd1d8ca51ba6",
    "heads-robust-cifar.safetensors":
      "d8421dbdeefa271b63b75ce1d941acd14ea790e8cb8735e915d3b5824b64b3de",
  ]

  @Test func theyAreSmallAndThoseThatResultsWereMadeWith() throws {
    let folder = Repository.library.path("weights")
    let page = try Repository.text("Docs/weights.md")
    var byteCount = 0
    var found: [String: String] = [:]
    for name in try InputFile.names(inFolder: folder) {
      let bytes = try InputFile.read(folder + "/" + name)
      let sum = SHA256.hexadecimal(bytes)
      byteCount += bytes.count
      if name.contains("cifar") { found[name] = sum }
      #expect(page.contains("\n| `\(name)` | `\(sum.prefix(16))` | "), "\(name) is \(sum)")
    }
    #expect(byteCount < 8_000_000)
    #expect(found == Self.cifar)
  }

  private static let images = Repository.shared + "/data/cifar10/test_batch.bin"

  /// 91 of the first 128 were right when this was written; rounding may turn a few.
  @Test(
    .enabled(
      if: Repository.exists(images), "CIFAR-10 is not beside the project (RETORT_SHARED)"))
  func theRobustClassifierIsRightOnMostTestImages() throws {
    var request = Request(
      path: Repository.library.path("blocks/classify.graph"), library: Repository.library)
    request.settings = [("backbone", "small")]
    request.weightPaths = [
      Repository.library.path("weights/classifier-robust-cifar.safetensors")
    ]
    let images = try ImageSet(reading: Self.images, first: 128)
    let runner = try BatchRunner(request, batch: 64, height: 32, width: 32)
    let answers = try runner.run(images.pixels).predictions
    let right = zip(answers, images.labels).count { $0 == $1 }
    #expect(100 * right >= 65 * 128, "\(right) of 128 are right")
  }
}
