import RetortFormats
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

@Suite struct ImageTests {
  @Test(arguments: [(1, 1), (7, 3), (32, 32), (100, 61)])
  func pngComesBackAsItWas(_ width: Int, _ height: Int) throws {
    let image = sampleImage(width: width, height: height)
    let bytes = PNG.encode(image)
    #expect(try PNG.decode(bytes) == image)
    #expect(PNG.encode(image) == bytes)
  }

  @Test func aFolderOfImagesIsReadInOrder() throws {
    let folder = try TemporaryFolder()
    let images = (0..<3).map { _ in sampleImage(width: 4, height: 5) }
    for (name, image) in zip(["b.png", "a.png", "c.PNG"], images) {
      _ = try folder.write(PNG.encode(image), to: name)
    }
    _ = try folder.write([1], to: "notes.txt")
    let read = try Images.read(folder.path)
    #expect(read.names == ["a.png", "b.png", "c.PNG"])
    #expect(
      read.note == "\(folder.path): left out is what does not end in .png: 'notes.txt'")
    #expect(read.pixels.shape == [3, 3, 5, 4])
    #expect(read.image(at: 1) == images[0])
    #expect(try Images.read(folder.path, first: 2).count == 2)
    #expect(try Images.read(folder.file("a.png")).note == nil)
  }

  @Test func imagesOfTwoSizesDoNotGoTogether() throws {
    let folder = try TemporaryFolder()
    _ = try folder.write(PNG.encode(sampleImage(width: 4, height: 5)), to: "a.png")
    _ = try folder.write(PNG.encode(sampleImage(width: 5, height: 4)), to: "b.png")
    let error = #expect(throws: Diagnostics.self) { try Images.read(folder.path) }
    #expect(
      error?.list.first?.message
        == "'b.png' is 5x4, but 'a.png' is 4x5; images that go together have one size")
  }

  @Test(arguments: ["out.npy", "out.bin", "out"])
  func bytesSurviveWritingAndReading(_ name: String) throws {
    let folder = try TemporaryFolder()
    var generator = SeededGenerator(seed: 3)
    let cifar = Cifar(
      labels: [3, 9, 0],
      pixels: (0..<3 * Cifar.pixelBytes).map { _ in UInt8(truncatingIfNeeded: generator.next()) })
    let source = try folder.write(cifar.encoded, to: "in.bin")
    let images = try Images.read(source)
    #expect(images.labels == [3, 9, 0])
    try images.write(to: folder.file(name))
    let again = try Images.read(folder.file(name))
    #expect(again.pixels == images.pixels)
    if name.hasSuffix("bin") { #expect(again.labels == images.labels) }
  }

  /// Labels are paired with images by their order.
  @Test func aFolderKeepsTheOrderOfWhatWasWrittenToIt() throws {
    let folder = try TemporaryFolder()
    let pixels = (0..<12).flatMap { [UInt8](repeating: $0, count: Cifar.pixelBytes) }
    let cifar = Cifar(labels: [UInt8](repeating: 0, count: 12), pixels: pixels)
    let images = try Images.read(folder.write(cifar.encoded, to: "in.bin"))
    #expect(images.names.first == "in-00" && images.names.last == "in-11")
    try images.write(to: folder.file("out"))
    let again = try Images.read(folder.file("out"))
    #expect(again.names == images.names.map { $0 + ".png" })
    #expect(again.pixels == images.pixels)
    // As other programs call them.
    try AtomicFile.createFolder(folder.file("bare"))
    for index in 0..<12 {
      try folder.write(PNG.encode(images.image(at: index)), to: "bare/\(index).png")
    }
    #expect(try Images.read(folder.file("bare")).pixels == images.pixels)
  }

  @Test func arraysOfBytesAndOfFloatsAreImages() throws {
    let folder = try TemporaryFolder()
    let values = HostTensor([1, 3, 1, 1], [0, 0.25, 1] as [Float])
    let floats = try folder.write(Npy.encode(values), to: "f.npy")
    #expect(try Images.read(floats).pixels == values)
    let large = try folder.write(
      Npy.encode(HostTensor([1, 3, 1, 1], [0, 2, 1] as [Float])), to: "l.npy")
    let error = #expect(throws: Diagnostics.self) { try Images.read(large) }
    #expect(error?.list.first?.message == "has the value 2.0; images are in 0...1")
    let other = try folder.write(Npy.encode(HostTensor([3], [0, 2, 1] as [Float])), to: "o.npy")
    let mistake = #expect(throws: Diagnostics.self) { try Images.read(other) }
    #expect(mistake?.list.first?.message == "holds float32[3], not images")
  }

  @Test func bytesAndDoublesBecomeTheNearestFloats() throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<6).map { UInt8(51 * $0) }
    let expected = bytes.map { Float($0) / 255 }
    let small = try folder.write(npyOfBytes([2, 3, 1, 1], bytes), to: "bytes.npy")
    #expect(try Images.read(small).pixels == HostTensor([2, 3, 1, 1], expected))
    #expect(
      try Images.read(small, first: 1).pixels == HostTensor([1, 3, 1, 1], Array(expected[..<3])))
    let doubles = bytes.map { Double($0) / 255 }
    let wide = try folder.write(Npy.encode(HostTensor([1, 3, 1, 2], doubles)), to: "doubles.npy")
    #expect(try Images.read(wide).pixels == HostTensor([1, 3, 1, 2], doubles.map(Float.init)))
    #expect(try Images.read(wide).names == ["doubles-0"])
  }

  /// An array without values may claim any number of images.
  @Test(arguments: [[0, 3, 4, 4], [2, 3, 0, 4], [9_000_000_000_000_000, 3, 4, 0]])
  func arraysOfNoImagesAreRefused(_ extents: [Int]) throws {
    let folder = try TemporaryFolder()
    let none = HostTensor(zeros: TensorType(.f32, Shape(extents)))
    let file = try folder.write(Npy.encode(none), to: "none.npy")
    let error = #expect(throws: Diagnostics.self) { try Images.read(file) }
    #expect(error?.list.first?.message == "holds no images, its shape is \(Shape(extents))")
  }

  @Test func cifar100HasTwoLabelsARecord() throws {
    let record = [UInt8(19), 99] + [UInt8](repeating: 4, count: Cifar.pixelBytes)
    #expect(try Cifar(record + record, .cifar100).labels == [99, 99])
    #expect(throws: FormatError.self) { try Cifar(record) }
  }

  @Test func batchesOfAFolderAreJoined() throws {
    let folder = try TemporaryFolder()
    for label in UInt8(1)...3 {
      let pixels = [UInt8](repeating: label, count: Cifar.pixelBytes)
      _ = try folder.write(
        Cifar(labels: [label], pixels: pixels).encoded, to: "data_batch_\(label).bin")
    }
    let all = try Cifar.read(folder.path)
    #expect(all.labels == [1, 2, 3])
    #expect(try Images.read(folder.path).labels == [1, 2, 3])
  }

  @Test func foldersAreLookedForBeforeTheyAreMade() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([1], to: "file")
    let images = Images(
      pixels: HostTensor(zeros: TensorType(.f32, [2, 3, 4, 4])), names: ["a", "b"])
    try images.checkWritable(to: folder.path + "/new/deeper")
    for target in [file, file + "/below"] {
      let error = #expect(throws: Diagnostics.self) { try images.checkWritable(to: target) }
      #expect(
        error?.description.hasPrefix("\(file): error: is a file, where a folder is to be") == true)
    }
    #expect(InputFile.isMissing(folder.path + "/new"))
  }
}
