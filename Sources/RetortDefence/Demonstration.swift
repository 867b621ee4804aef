import Foundation
import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

/// The self-contained demonstration: synthetic images, the shipped network and heads, an attack,
/// two purifiers, a table and a picture.
package struct Demonstration {
  package static let imageCount = 64
  /// Rows of the contact sheet.
  private static let shownCount = 8
  /// Attack and purifier as in the paper, with fewer steps so that it takes seconds.
  private static let attackSettings = [("steps", "10"), ("backbone", "tiny")]
  private static let purifierSettings = [("steps", "8"), ("backbone", "tiny")]
  /// The tasks' weights by calibration (DEFENCE 2.4) on the shipped heads: `training/calibration.graph`.
  private static let weights = [("alpha_r", "0.93"), ("alpha_i", "13")]
  private static let batch = 32

  package struct Result {
    package let table: String
    package let sheet: RGBImage
  }

  private let library: GraphLibrary
  private let threadCount: Int
  private let observer: any ProgressObserver

  package init(library: GraphLibrary, threadCount: Int, observer: any ProgressObserver) {
    self.library = library
    self.threadCount = threadCount
    self.observer = observer
  }

  package func run() throws -> Result {
    let images = SyntheticSet.test(count: Self.imageCount)
    let classifier = try runner("blocks/classify.graph", [("backbone", "tiny")])
    let attack = try runner("attacks/pgd.graph", Self.attackSettings)
    let attacked = try attack.run(
      images.pixels, labels: images.labels,
      progress: observer.following("attacking", images.count))
    let defences: [(name: String, file: String?, settings: [(String, String)])] = [
      ("none", nil, []), ("single (contrastive)", "purifiers/contrastive.graph", []),
      ("multi (three tasks)", "purifiers/multitask.graph", Self.weights),
    ]
    var table = TextTable(["defence", "clean %", "attacked %"])
    var purifiedClean = images.pixels
    var purifiedAttacked = attacked
    for (name, file, settings) in defences {
      if let file {
        let purifier = try runner(file, Self.purifierSettings + settings)
        purifiedClean = try purifier.run(
          images.pixels, progress: observer.following("\(name), clean", images.count))
        purifiedAttacked = try purifier.run(
          attacked, progress: observer.following("\(name), attacked", images.count))
      }
      let clean = try classifier.run(purifiedClean).predictions
      let after = try classifier.run(purifiedAttacked).predictions
      table.add([name, share(clean, images.labels), share(after, images.labels)])
    }
    let sheet = try self.sheet(images, attacked, purifiedAttacked, classifier)
    return Result(table: table.text, sheet: sheet)
  }

  private func runner(
    _ file: String, _ settings: [(String, String)]
  ) throws -> BatchRunner {
    var request = Request(path: library.path(file), library: library)
    request.settings = settings.map { (name: $0.0, value: $0.1) }
    request.weightPaths = [
      library.path("weights/classifier-synthetic.safetensors"),
      library.path("weights/heads-synthetic.safetensors"),
    ]
    request.threadCount = threadCount
    let extent = SyntheticImages.extent
    return try BatchRunner(request, batch: Self.batch, height: extent, width: extent)
  }

  private func share(_ predictions: [Int], _ labels: [Int]) -> String {
    let right = zip(predictions, labels).count { $0 == $1 }
    return DecimalText.fixed(100 * Double(right) / Double(labels.count), 1)
  }

  /// The first images that the attack changed the answer of.
  private func sheet(
    _ images: ImageSet, _ attacked: HostTensor, _ purified: HostTensor, _ classifier: BatchRunner
  ) throws -> RGBImage {
    let predictions = try [images.pixels, attacked, purified].map {
      try classifier.run($0).predictions
    }
    let fooled = images.labels.indices.filter {
      predictions[0][$0] == images.labels[$0] && predictions[1][$0] != images.labels[$0]
    }
    let others = images.labels.indices.filter { !fooled.contains($0) }
    let shown = (fooled + others).prefix(Self.shownCount)
    let each = 3 * images.height * images.width
    func planes(_ tensor: HostTensor, _ index: Int) -> [Float] {
      tensor.withElements(of: Float.self) { Array($0[index * each..<(index + 1) * each]) }
    }
    return ContactSheet.draw(
      shown.map { index in
        ContactSheet.Row(
          clean: planes(images.pixels, index), attacked: planes(attacked, index),
          purified: planes(purified, index),
          captions: predictions.map { answers in
            ContactSheet.Caption(
              SyntheticImages.classNames[answers[index]],
              isRight: answers[index] == images.labels[index])
          })
      })
  }
}
