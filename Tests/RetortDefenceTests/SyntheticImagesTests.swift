import RetortDefence
import RetortFormats
import RetortTestSupport
import Testing

struct SyntheticImagesTests {
  private let space: TemporaryFolder

  init() throws { space = try TemporaryFolder() }

  /// The drawing is part of the shipped weights: they fit these bytes and no others.
  @Test(arguments: [
    (1 as UInt64, 0, "0b1bd87b6ca5c9d7b367484d410199110d0d4aff052ad56cc0c24464c625065b"),
    (1, 1, "8df03cd2b86ca5d3a9b363cf5a9835075684534d5a4df12e4a12eb2fcd6c331d"),
    (1, 2, "5cc34eaed90d87cd045f1dbc158cd0fb0aefab05efa5e81865b189c7824643dd"),
    (1, 3, "00e1e1737ea390f4ec4e4a61b780c94b443a67e87d71dff3e8ff530d799f3c82"),
    (1, 4, "d3860e10d79de5901f0c97e0427ebb60d15339fcfdcda39b89786903e77c73b8"),
    (1, 5, "37df98e979ac4dcb78ff72723aec4cfe6660a4b8128e9a11f7c50c3bbcbf93d8"),
    (1, 6, "e8888078414665b9ea22c3a678b0ad2b4e80ef700c3e4984e1fe5ad62cf67da8"),
    (1, 7, "9bc47182e9517942d17c922754f76b19c01ecd2187795ddfdb4781272433b6fa"),
    (1, 8, "f10d1909fda94d55a38d014b11829286b6d21c8f53f1b9cb16ddf9c08f4598cf"),
    (1, 9, "153fb0a722b25c66ff399678c63d243f4087fd0137abf99a5ae6ad24e0a6161f"),
    (2, 0, "44851f81876d5eb7348351b9f4deefd09d5bc404d4d774ff79f8e6133740240b"),
    (2, 999, "efb7a71b1467e5c3494d7df66c194f53ab3f33f213a24bcafdaa9f7d09144b94"),
  ])
  func everyImageIsTheSameOnEveryMachine(seed: UInt64, index: Int, checksum: String) {
    let pixels = SyntheticImages(seed: seed).pixels(index)
    #expect(pixels.count == 3 * 32 * 32)
    #expect(SHA256.hexadecimal(pixels) == checksum)
  }

  @Test func classesTakeTurns() {
    let images = SyntheticImages(seed: 1)
    #expect(SyntheticImages.classNames.count == 10)
    #expect((0..<12).map { images.label($0) } == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1])
  }

  @Test func seedsAndIndicesGiveDifferentImages() {
    let drawn = [1, 2, 3].flatMap { seed in
      [0, 10, 20].map { SyntheticImages(seed: seed).pixels($0) }
    }
    #expect(Set(drawn).count == 9)
  }

  @Test func anImageDoesNotDependOnItsNeighbours() {
    let images = SyntheticImages(seed: 1)
    let together = images.records(3..<6)
    #expect(together == images.records(3..<4) + images.records(4..<6))
    #expect(together.count == 3 * 3073)
    #expect(together[0] == 3)
    #expect(Array(together[3074..<6146]) == images.pixels(4))
  }

  /// Sky over ground: what makes a quarter turn visible.
  @Test func theSkyIsBlueAndTheGroundIsNot() {
    let images = SyntheticImages(seed: 1)
    for index in 0..<20 {
      let pixels = images.pixels(index).map(Int.init)
      func mean(_ plane: Int, row: Int) -> Int {
        pixels[plane * 1024 + row * 32..<plane * 1024 + row * 32 + 32].reduce(0, +) / 32
      }
      #expect(mean(2, row: 0) > mean(0, row: 0), "image \(index)")
      #expect(mean(1, row: 31) > mean(2, row: 31), "image \(index)")
    }
  }

  @Test func theSetIsWrittenAsCifarReadsIt() throws {
    let listener = Listener()
    try SyntheticSet.write(to: space.file("set"), training: 23, test: 11, observer: listener)
    #expect(
      try InputFile.names(inFolder: space.file("set"))
        == ["batches.meta.txt", "data_batch_1.bin", "test_batch.bin"])
    #expect(listener.reports.map(\.done) == [23, 11])

    let training = try ImageSet(reading: space.file("set"))
    #expect(training.pixels.shape == [23, 3, 32, 32])
    #expect(training.labels == (0..<23).map { $0 % 10 })
    let drawn = SyntheticImages(seed: SyntheticSet.trainingSeed).pixels(22)
    #expect(training.batch([22]).elements(as: Float.self) == drawn.map { Float($0) / 255 })

    let test = try ImageSet(reading: space.file("set/test_batch.bin"))
    let inMemory = SyntheticSet.test(count: 11)
    #expect(test.pixels == inMemory.pixels)
    #expect(test.labels == inMemory.labels)
    let names = String(decoding: try space.bytes("set/batches.meta.txt"), as: UTF8.self)
    #expect(names == SyntheticImages.classNames.joined(separator: "\n") + "\n")
  }

  @Test func theFolderMayNotBeAFile() throws {
    let file = try space.write("taken", to: "set")
    let text = try complaint { try SyntheticSet.write(to: file, training: 1, test: 1) }
    #expect(text.hasPrefix("\(file): error: the folder cannot be created: "))
    #expect(space.names == ["set"])
  }
}
