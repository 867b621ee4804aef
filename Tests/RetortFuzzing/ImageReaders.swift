import RetortFormats
import RetortTestSupport

extension FuzzReader {
  static let imageReaders = [png, cifar]

  /// Data unpack to 1032 times their size at most, and each byte of a row to 8 pixels, 24 bytes;
  /// the rows are held twice.
  static let png = FuzzReader(
    "png", "PNG images", memoryBound: { size in (24 + 2) * 1032 * size + 3 * size },
    tellsItsLength: true,
    damages: [
      Mutation(words: ["IDAT", "PLTE", "tRNS", "IEND"]).callAsFunction,
      Seals.png(Mutation().callAsFunction),
    ],
    seeds: {
      [
        PNG.encode(sampleImage(width: 9, height: 8)),
        PNG.encode(sampleImage(width: 32, height: 32)),
      ]
    }, moreSeeds: { sharedCases("images", suffixes: [".png"]) },
    read: { bytes, _ in _ = try PNG.decode(bytes) })

  static let cifar = FuzzReader(
    "cifar", "CIFAR-10 and CIFAR-100 batches", memoryBound: { 2 * $0 },
    damages: [Mutation().callAsFunction],
    seeds: {
      let pixels = [UInt8](repeating: 9, count: 2 * Cifar.pixelBytes)
      let image = [UInt8](repeating: 7, count: Cifar.pixelBytes)
      return [Cifar(labels: [1, 2], pixels: pixels).encoded, [3, 99] + image + [4, 0] + image]
    },
    read: { bytes, _ in
      let isFine = bytes.count % (2 + Cifar.pixelBytes) == 0
      _ = try Cifar(bytes, isFine ? .cifar100 : .cifar10)
    })
}
