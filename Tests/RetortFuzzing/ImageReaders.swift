import RetortFormats
import RetortTestSupport

extension FuzzReader {
  static let imageReaders = [png, cifar]

  /// Pixels are three bytes each and their rows as many as the header says, eight a sample at most,
  /// but no more than the data can unpack to.
  static let png = FuzzReader(
    "png", "PNG images", memoryBound: { size in 30 * 1032 * size }, tellsItsLength: true,
    damages: [raw(Mutation(words: ["IDAT", "PLTE", "tRNS", "IEND"])), Seals.png(Mutation())],
    seeds: {
      [
        PNG.encode(sampleImage(width: 9, height: 8)),
        PNG.encode(sampleImage(width: 32, height: 32)),
      ]
    }, moreSeeds: { sharedCases("images", suffixes: [".png"]) },
    read: { bytes, _ in _ = try PNG.decode(bytes) })

  static let cifar = FuzzReader(
    "cifar", "CIFAR-10 and CIFAR-100 batches", memoryBound: { 2 * $0 },
    damages: [raw(Mutation())],
    seeds: {
      let pixels = [UInt8](repeating: 9, count: 2 * Cifar.pixelBytes)
      return [Cifar(labels: [1, 2], pixels: pixels).encoded]
    },
    read: { bytes, _ in
      let isFine = bytes.count % (2 + Cifar.pixelBytes) == 0
      _ = try Cifar(bytes, isFine ? .cifar100 : .cifar10)
    })
}
