import Foundation
import RetortDefence
import RetortDriver
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

struct PurificationTests {
  private let space: TemporaryFolder
  private let images = SyntheticSet.test(count: 7)
  private static let weight = HostTensor(
    [10, 3072], (0..<30720).map { Float(($0 * 7919) % 2003) / 2003 - 0.5 })
  private static let bias = HostTensor([10], (0..<10).map { Float($0 % 3) * 4 })

  init() throws { space = try TemporaryFolder() }

  private func purification(
    _ definition: String = SmallGraphs.purifier, batch: Int = 4, seed: UInt64 = 9,
    settings: [(name: String, value: String)] = []
  ) throws -> Purification {
    var request = Request(
      path: try space.write(definition, to: "purifier.graph"), library: Repository.library)
    request.weightPaths = [
      try space.write(
        [("head.weight", Self.weight), ("head.bias", Self.bias)], to: "head.safetensors")
    ]
    request.seed = seed
    request.settings = settings
    request.threadCount = 1
    var purification = Purification(request: request)
    purification.batch = batch
    purification.keySource = .index
    return purification
  }

  /// x + 1/4 · (2u - 1), cut to [0, 1]; every step but the last sum is exact in f32.
  private func expected(seed: UInt64) -> [Float] {
    let pixels = images.pixels.elements(as: Float.self)
    return pixels.indices.map { index in
      let key = RandomKeys.fold(RandomKeys.root(seed), UInt32(index / 3072))
      let noise = Float(2 * RandomKeys.uniform(key, index % 3072) - 1)
      return min(max(pixels[index] + 0.25 * noise, 0), 1)
    }
  }

  /// The class with the largest logit, in f64.
  private func answers(_ pixels: [Float]) -> [Int] {
    let weight = Self.weight.doubles
    let bias = Self.bias.doubles
    return (0..<pixels.count / 3072).map { image in
      let logits = (0..<10).map { row in
        (0..<3072).reduce(bias[row]) {
          $0 + weight[row * 3072 + $1] * Double(pixels[image * 3072 + $1])
        }
      }
      return logits.indices.max { logits[$0] < logits[$1] }!
    }
  }

  @Test func purifiesWithAKeyForEveryImageAndAsksTheClassifierTwice() throws {
    let listener = Listener()
    let outcome = try purification().run(images, roundsToBytes: false, observer: listener)
    let wanted = expected(seed: 9)
    #expect(outcome.purified == HostTensor([7, 3, 32, 32], wanted))
    #expect(outcome.before == answers(images.pixels.elements(as: Float.self)))
    #expect(outcome.after == answers(wanted))
    #expect(Set(outcome.before).count > 1)
    let counts = listener.reports.map(\.done)
    #expect(counts == counts.sorted() && counts.contains(4) && counts.last == 7, "\(counts)")
    #expect(listener.reports.allSatisfy { $0.total == 7 && $0.title == "purifying" })
  }

  /// By default the same image is purified the same way wherever it stands.
  @Test func anImagesPlaceDoesNotMatter() throws {
    var purification = try purification()
    purification.keySource = .content
    let whole = try purification.run(images, roundsToBytes: false).purified
    let order = [3, 0, 6, 6, 1]
    let shuffled = ImageSet(pixels: images.batch(order), labels: [])
    let other = try purification.run(shuffled, roundsToBytes: false).purified
    #expect(other == ImageSet(pixels: whole, labels: []).batch(order))
    #expect(whole != HostTensor([7, 3, 32, 32], expected(seed: 9)))
  }

  @Test func roundsToTheBytesThatWillBeStored() throws {
    let outcome = try purification().run(images, roundsToBytes: true)
    let rounded = outcome.purified.elements(as: Float.self)
    for (value, exact) in zip(rounded, expected(seed: 9)) {
      #expect(value == (exact * 255).rounded() / 255)
    }
    #expect(outcome.after == answers(rounded))
    // What a PNG file gives back is what the answer is for.
    let folder = space.file("png")
    try Images(pixels: outcome.purified, names: (0..<7).map { "image-\($0)" }).write(to: folder)
    #expect(try Images.read(folder).pixels == outcome.purified)
  }

  @Test func arraysKeepTheirFloats() throws {
    let outcome = try purification().run(images, roundsToBytes: false)
    try Images(pixels: outcome.purified, names: []).write(to: space.file("out.npy"))
    #expect(try Images.read(space.file("out.npy")).pixels.bytes == outcome.purified.bytes)
  }

  @Test(arguments: [1, 3, 7, 32, Int.max])
  func theBatchDoesNotMatter(batch: Int) throws {
    let outcome = try purification(batch: batch).run(images, roundsToBytes: false)
    #expect(outcome.purified.elements(as: Float.self) == expected(seed: 9))
    #expect(outcome.before == answers(images.pixels.elements(as: Float.self)))
  }

  @Test func theSeedAndTheSettingsMatter() throws {
    let other = try purification(seed: 10).run(images, roundsToBytes: false)
    #expect(other.purified.elements(as: Float.self) == expected(seed: 10))
    let still = try purification(settings: [("strength", "0.0")]).run(images, roundsToBytes: false)
    #expect(still.purified == images.pixels)
  }

  @Test func settingsGoToTheGraphThatDeclaresThem() throws {
    let cooled = SmallGraphs.purifier
      .replacing(
        "classify(x: f32[n, 3, 32, 32])", with: "classify(x: f32[n, 3, 32, 32], heat: Float)"
      )
      .replacing("return linear", with: "return heat * linear")
    let turned = try purification(cooled, settings: [("heat", "-1.0"), ("strength", "0.0")])
      .run(images, roundsToBytes: false)
    let plain = try purification().run(images, roundsToBytes: false)
    #expect(turned.purified == images.pixels)
    #expect(turned.before != plain.before)
    let text = try complaint {
      _ = try purification(settings: [("strenght", "1.0")]).run(images, roundsToBytes: false)
    }
    #expect(text.contains("'strenght'") && text.contains("did you mean 'strength'?"))
  }

  @Test func imagesOfAnotherSizeAreRefusedWithBothSizes() throws {
    let large = ImageSet(pixels: HostTensor(zeros: TensorType(.f32, [2, 3, 48, 40])), labels: [])
    let text = try complaint { _ = try purification().run(large, roundsToBytes: true) }
    let path = space.file("purifier.graph")
    #expect(
      text == """
        \(path): error: 'purify' takes images of 32x32 pixels, these are 40x48
            = hint: scale the images to 32x32 pixels

        """)
  }

  @Test func aFileWithoutAClassifierSaysWhatToAdd() throws {
    let lone = SmallGraphs.purifier.replacing("graph classify", with: "graph answer")
    let text = try complaint { _ = try purification(lone).run(images, roundsToBytes: true) }
    #expect(
      text.contains("purifier.graph: error: has no graph 'classify', which gives the answers\n"))
    #expect(text.contains("hint: add: graph classify("))
  }

  @Test(arguments: [
    (
      "-> (logits: f32[n, 10]) {\n  return linear(reshape(x, [n, -1]), features: 10) as \"head\"",
      "-> (logits: f32[n]) {\n  return mean(x, axes: [1, 2, 3])",
      "the result of 'classify' is f32[4], not logits f32[4, classes]"
    ),
    (
      "-> (logits: f32[n, 10]) {\n  return linear(reshape(x, [n, -1]), features: 10) as \"head\"",
      "-> (logits: f32[]) {\n  return mean(x)",
      "'logits' of 'classify' is f32[], not one for each of the 4 images"
    ),
    (
      "-> (purified: f32[n, 3, 32, 32]) {\n"
        + "  noise = uniform(key, shape: [n, 3, 32, 32], low: -1, high: 1)\n"
        + "  return min(max(x + strength * noise, 0), 1)",
      "-> (purified: f32[n, 3, 1024]) {\n  return reshape(x, [n, 3, 1024])",
      "the purifier's result is f32[4, 3, 1024], but images are f32[4, 3, 32, 32]"
    ),
    ("min(max(x + strength * noise, 0), 1)", "log(x - 2)", "the purified images hold NaN"),
    ("min(max(x + strength * noise, 0), 1)", "x + 1", "the purified images are not in [0, 1]"),
    (
      "linear(reshape(x, [n, -1]), features: 10) as \"head\"",
      "log(linear(reshape(x, [n, -1]), features: 10) as \"head\" - 1000000)",
      "the classifier's logits on images hold NaN or infinity"
    ),
  ])
  func resultsThatAreNoImagesOrAnswersAreRefused(
    part: String, replacement: String, sentence: String
  ) throws {
    let odd = SmallGraphs.purifier.replacing(part, with: replacement)
    try #require(odd != SmallGraphs.purifier)
    let text = try complaint { _ = try purification(odd).run(images, roundsToBytes: true) }
    #expect(text.contains("purifier.graph: error: \(sentence)\n"))
  }

  /// The classifier's weights are used, though the purifier reads none.
  @Test func weightsThatEitherReadsAreUsed() throws {
    #expect(try purification().run(images, roundsToBytes: false).notes.isEmpty)
    var request = try purification().request
    request.weightPaths.append(
      try space.write([("spare", Self.bias)], to: "spare.safetensors"))
    let notes = try Purification(request: request).run(images, roundsToBytes: false).notes
    #expect(
      notes.map(\.message) == ["1 tensors of the weight files are not used: 'spare'"])
  }

  /// The weights are the classifier's: the purifier reads none.
  @Test func integersAsTheClassifiersWeightsAreTold() throws {
    let whole = HostTensor([10], (0..<10).map { Int64($0 % 3) })
    var request = try purification().request
    request.weightPaths.append(try space.write([("head.bias", whole)], to: "whole.safetensors"))
    let notes = try Purification(request: request).run(images, roundsToBytes: false).notes
    #expect(
      notes.map(\.message) == [
        "1 tensor holds integers or bool and is taken as real weights: 'head.bias'"
      ])
  }

  @Test func theBatchIsNoSetting() throws {
    let text = try complaint {
      _ = try purification(settings: [("n", "8")]).run(images, roundsToBytes: false)
    }
    #expect(text.hasPrefix("--set n=8: error: the images that are purified at a time are --batch"))
  }

  @Test func anAttackNeedsLabels() throws {
    let attack = SmallGraphs.purifier.replacing(
      "x: f32[n, 3, 32, 32], key",
      with: """
        x: f32[n, 3, 32, 32], y: i32[n], key
        """)
    let bare = ImageSet(pixels: images.pixels, labels: [])
    let text = try complaint { _ = try purification(attack).run(bare, roundsToBytes: true) }
    #expect(
      text
        == "\(space.file("purifier.graph")): error: 'purify' takes labels 'y', the images have none\n"
    )
  }

  @Test func theTableCountsRightAnswers() throws {
    let outcome = try purification().run(images, roundsToBytes: true)
    let text = PurificationTable(images: images, outcome: outcome).text
    let right = zip(outcome.after, images.labels).count { $0 == $1 }
    #expect(text.hasPrefix("image  before  after  label\n"))
    #expect(text.hasSuffix(", after: \(right) of 7\n"))
    #expect(text.split(separator: "\n").count == 2 + 7 + 1)
    let bare = ImageSet(pixels: images.pixels, labels: [], names: (0..<7).map { "n\($0)" })
    let plain = PurificationTable(images: bare, outcome: outcome).text
    #expect(plain.hasPrefix("image  before  after\n"))
    #expect(plain.contains("\nn6 "))
    #expect(!plain.contains("right before"))
  }
}

struct PredictionTests {
  @Test func theFirstOfEqualLogitsCounts() {
    let logits = HostTensor([3, 3], [1, 5, 5, 2, 1, 0, -3, -2, -1] as [Float])
    #expect(logits.predictions == [1, 0, 2])
    #expect(HostTensor([2, 1], [3, 4] as [Float]).predictions == [0, 0])
  }

  @Test func roundingStaysWithinTheLevelsOfAByte() {
    let values: [Float] = [-1, 0, 0.4 / 255, 0.6 / 255, 254.4 / 255, 1, 2]
    let levels = HostTensor([7], values).roundedToBytes.elements(as: Float.self)
    let wanted: [Float] = [0, 0, 0, 1, 254, 255, 255]
    #expect(levels == wanted.map { $0 / 255 })
  }
}
