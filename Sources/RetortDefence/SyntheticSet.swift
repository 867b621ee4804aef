import RetortFormats
import RetortTensor
import RetortText

/// The synthetic images as a data set: in memory, or written in the layout of CIFAR-10.
package enum SyntheticSet {
  package static let trainingCount = 5000
  package static let testCount = 1000
  /// Training and test images come from different seeds.
  package static let trainingSeed: UInt64 = 1
  package static let testSeed: UInt64 = 2

  /// Writes `data_batch_1.bin`, `test_batch.bin` and `batches.meta.txt` into a folder.
  package static func write(
    to folder: String, training: Int = trainingCount, test: Int = testCount,
    observer: (any ProgressObserver)? = nil
  ) throws(Diagnostics) {
    try AtomicFile.createFolder(folder)
    let parts = [
      ("data_batch_1.bin", trainingSeed, training), ("test_batch.bin", testSeed, test),
    ]
    for (name, seed, count) in parts {
      var bytes: [UInt8] = []
      let images = SyntheticImages(seed: seed)
      for start in stride(from: 0, to: count, by: 250) {
        bytes += images.records(start..<min(start + 250, count))
        observer?.advanced(
          ProgressReport("drawing \(name)", done: min(start + 250, count), total: count))
      }
      try AtomicFile.write(bytes, to: folder + "/" + name)
    }
    let classes = SyntheticImages.classNames.joined(separator: "\n") + "\n"
    try AtomicFile.write(classes, to: folder + "/batches.meta.txt")
  }

  /// The first `count` test images.
  package static func test(count: Int) -> ImageSet {
    let images = SyntheticImages(seed: testSeed)
    var pixels: [Float] = []
    pixels.reserveCapacity(count * 3 * 1024)
    for index in 0..<count { pixels += images.pixels(index).map { Float($0) / 255 } }
    let extent = SyntheticImages.extent
    return ImageSet(
      pixels: HostTensor([count, 3, extent, extent], pixels),
      labels: (0..<count).map { images.label($0) })
  }
}
