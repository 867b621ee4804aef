import RetortFormats
import RetortTensor
import RetortTestSupport

extension FuzzReader {
  /// Files of tensors. The bounds on memory are those of `TensorFile`.
  static let tensorReaders = [npy, npz, safetensors, checkpoint]

  static let npyWords = [
    "'descr'", "'fortran_order'", "'shape'", "True", "False", "(", ")", ",", "{", "}", "'<f4'",
    "'>f8'", "'|b1'", "'|O'", "'<i8'", "()", "(2,)", "[('a', '<f4')]",
  ]

  static let npy = FuzzReader(
    "npy", "NumPy arrays", memoryBound: { 6 * $0 }, tellsItsLength: true,
    damages: [Mutation(words: npyWords).callAsFunction],
    seeds: {
      sampleTensors().map { Npy.encode($0.tensor) } + [largeNpy]
    }, moreSeeds: { sharedCases("images", suffixes: [".npy"]) },
    read: { bytes, _ in _ = try TensorFile.contents(bytes, "damaged.npy") })

  /// A MiB of 8-bit integers, which take four times as much when they are read.
  private static let largeNpy = npyOfBytes(
    [1 << 20], [UInt8](repeating: 1, count: 1 << 20))

  private static let largeSafetensors: [UInt8] = {
    let ones = HostTensor([1 << 20], [Bool](repeating: true, count: 1 << 20))
    var bytes = Safetensors.encode([("large", ones)])
    let place = bytes.firstRange(of: Array("\"BOOL\"".utf8))!
    bytes.replaceSubrange(place, with: Array("\"U8\"  ".utf8))
    return bytes
  }()

  static let npz = FuzzReader(
    "npz", "NumPy archives, stored and deflated",
    memoryBound: { size in size + 6 * unpackedBound(size) },
    tellsItsLength: true,
    damages: [Mutation().callAsFunction, Seals.archive(Mutation(words: npyWords).callAsFunction)],
    seeds: {
      try [false, true].map { try Npz.encode(sampleTensors(), compress: $0) }
    }, moreSeeds: { sharedCases("checkpoints", suffixes: [".npz"]) },
    read: { bytes, _ in _ = try TensorFile.contents(bytes, "damaged.npz") })

  static let safetensors = FuzzReader(
    "safetensors", "safetensors files", memoryBound: { 6 * $0 }, tellsItsLength: true,
    damages: [
      Mutation(words: [
        "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "\"F32\"", "\"BF16\"",
        "\"I64\"", "\"F8_E4M3\"", "{", "}", "[", "]", ":", ",", "null", "[0,0]", "\\u0000",
      ]).callAsFunction
    ],
    seeds: {
      [Safetensors.encode(sampleTensors()), largeSafetensors]
    }, moreSeeds: { sharedCases("checkpoints", suffixes: [".safetensors"]) },
    read: { bytes, _ in _ = try TensorFile.contents(bytes, "damaged.safetensors") })

  private static let pickleWords = [
    "ctorch._utils\n_rebuild_tensor_v2\n", "ctorch._utils\n_rebuild_parameter\n",
    "ccollections\nOrderedDict\n", "ctorch\nFloatStorage\n", "ctorch\nBFloat16Storage\n",
    "cos\nsystem\n", "(", "t", ")", "R", "}", "u", "s", "]", "a", "e", "Q", "q\u{0}", "h\u{0}", "0",
    "1", "2", "N", "K\u{1}", ".", "\u{2e}\u{2e}",
  ]

  static let checkpoint = FuzzReader(
    "checkpoint", "PyTorch checkpoints, zip and legacy",
    memoryBound: { size in
      size + 9 * unpackedBound(size) + 1 << 26 + 2 * (8 * unpackedBound(size) + 1 << 26)
    }, tellsItsLength: true,
    damages: [Mutation(words: pickleWords).callAsFunction, sealedCheckpoint],
    seeds: {
      [try TorchSample.archive(), TorchSample.legacy()]
    }, moreSeeds: { sharedCases("checkpoints", suffixes: [".pt"]) },
    read: { bytes, _ in _ = try TensorFile.contents(bytes, "damaged.pt") })

  /// One entry changed where the file is an archive; legacy files have no checksums.
  private static let sealedCheckpoint: Damage = { bytes, other, generator in
    let mutation = Mutation(words: pickleWords)
    return Zip.recognises(bytes)
      ? try Seals.archive(mutation.callAsFunction)(bytes, other, &generator)
      : mutation(bytes, other, &generator)
  }

  /// What an archive of so many bytes may unpack to.
  private static func unpackedBound(_ size: Int) -> Int { Zip.expansionLimit * size + 1 << 26 }
}
