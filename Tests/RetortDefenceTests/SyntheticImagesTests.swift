import RetortDefence
import RetortFormats
import Testing

struct SyntheticImagesTests {
  /// The drawing is part of the shipped weights: they fit these bytes and no others.
  @Test(arguments: [
    (1 as UInt64, 0, "PIN10"), (1, 1, "PIN11"), (1, 2, "PIN12"), (1, 3, "PIN13"), (1, 4, "PIN14"),
    (1, 5, "PIN15"), (1, 6, "PIN16"), (1, 7, "PIN17"), (1, 8, "PIN18"), (1, 9, "PIN19"),
    (2, 0, "PIN20"), (2, 999, "PIN2999"),
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
    let space = Workspace()
    let listener = Listener()
    try SyntheticSet.write(to: space.path("set"), training: 23, test: 11, observer: listener)
    #expect(
      try InputFile.names(inFolder: space.path("set"))
        == ["batches.meta.txt", "data_batch_1.bin", "test_batch.bin"])
    #expect(listener.reports.map(\.done) == [23, 11])

    let training = try ImageSet(reading: space.path("set"))
    #expect(training.pixels.shape == [23, 3, 32, 32])
    #expect(training.labels == (0..<23).map { $0 % 10 })
    let drawn = SyntheticImages(seed: SyntheticSet.trainingSeed).pixels(22)
    #expect(training.batch([22]).elements(as: Float.self) == drawn.map { Float($0) / 255 })

    let test = try ImageSet(reading: space.path("set/test_batch.bin"))
    let inMemory = SyntheticSet.test(count: 11)
    #expect(test.pixels == inMemory.pixels)
    #expect(test.labels == inMemory.labels)
    let names = String(decoding: try space.bytes("set/batches.meta.txt"), as: UTF8.self)
    #expect(names == SyntheticImages.classNames.joined(separator: "\n") + "\n")
  }

  @Test func theFolderMayNotBeAFile() throws {
    let space = Workspace()
    let file = space.write("taken", to: "set")
    let text = try complaint { try SyntheticSet.write(to: file, training: 1, test: 1) }
    #expect(text.hasPrefix("\(file): error: the folder cannot be created: "))
    #expect(space.names == ["set"])
  }
}
