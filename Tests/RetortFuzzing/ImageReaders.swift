import RetortFormats
import RetortTensor
import RetortTestSupport

extension FuzzReader {
  static let imageReaders = [png, cifar, pngImages, cifarImages, npyImages]

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
      let image = [UInt8](repeating: 7, count: Cifar.pixelBytes)
      return [cifar10, [3, 99] + image + [4, 0] + image]
    },
    read: { bytes, _ in
      let isFine = bytes.count % (2 + Cifar.pixelBytes) == 0
      _ = try Cifar(bytes, isFine ? .cifar100 : .cifar10)
    })

  private static let cifar10 = Cifar(
    labels: [1, 2], pixels: [UInt8](repeating: 9, count: 2 * Cifar.pixelBytes)
  ).encoded

  // MARK: Images for a network

  /// Five times the RGB that the decoder leaves, four of them for the floats.
  static let pngImages = images(
    "png", "PNG images", memoryBound: { size in 5 * 24 * 1032 * size + size }, tellsItsLength: true,
    damages: png.damages, seeds: png.makeSeeds, moreSeeds: png.findSeeds)

  /// The file, its pixels, four times those for the floats, and the names.
  static let cifarImages = images(
    "bin", "CIFAR-10 batches", memoryBound: { 7 * $0 }, damages: cifar.damages,
    seeds: { [cifar10] })

  /// The file, its bytes as 32-bit integers, and the floats; and 16 bytes for the name, which is
  /// short here, of an image of three bytes.
  static let npyImages = images(
    "npy", "NumPy arrays", memoryBound: { (9 + 6) * $0 }, tellsItsLength: true,
    damages: [Mutation(words: npyWords).callAsFunction],
    seeds: {
      let shape = Shape([2, 3, 4, 5])
      let half = HostTensor(shape, [Double](repeating: 0.5, count: shape.elementCount))
      let large = [UInt8](repeating: 200, count: 128 * 3 * 64 * 64)
      return [
        Npy.encode(half), Npy.encode(half.converted(to: .f32)),
        npyOfBytes(shape, [UInt8](repeating: 7, count: shape.elementCount)),
        npyOfBytes([128, 3, 64, 64], large),
      ]
    }, moreSeeds: { sharedCases("images", suffixes: [".npy"]) })

  /// A reader of files that end in a suffix, as `Images` takes them.
  private static func images(
    _ suffix: String, _ about: String, memoryBound: @escaping @Sendable (Int) -> Int,
    tellsItsLength: Bool = false, damages: [Damage],
    seeds: @escaping @Sendable () throws -> [[UInt8]],
    moreSeeds: @escaping @Sendable () throws -> [[UInt8]] = { [] }
  ) -> FuzzReader {
    FuzzReader(
      "\(suffix)-images", "\(about), as images for a network", memoryBound: memoryBound,
      tellsItsLength: tellsItsLength, damages: damages, seeds: seeds, moreSeeds: moreSeeds,
      read: { bytes, folder in
        _ = try Images.read(try folder.write(bytes, to: "damaged.\(suffix)"))
      })
  }
}
