import RetortDefence
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

struct ImageSetTests {
  private let space: TemporaryFolder
  private let images = SyntheticSet.test(count: 7)

  init() throws { space = try TemporaryFolder() }

  @Test func batchesTakeImagesInTheOrderAskedFor() {
    let batch = images.batch([5, 0, 5])
    #expect(batch.shape == [3, 3, 32, 32])
    #expect(
      batch.bytes == images.batch([5]).bytes + images.batch([0]).bytes + images.batch([5]).bytes)
  }

  @Test func slicesKeepLabels() {
    let slice = images.slice(2..<5)
    #expect(slice.count == 3)
    #expect(slice.labels == [2, 3, 4])
    #expect(slice.pixels == images.batch([2, 3, 4]))
  }

  @Test func theChecksumSeesPixelsAndLabels() {
    var labels = images.labels
    labels[3] = 9
    let relabelled = ImageSet(pixels: images.pixels, labels: labels)
    #expect(images.checksum == SyntheticSet.test(count: 7).checksum)
    #expect(images.checksum != relabelled.checksum)
    #expect(images.checksum != images.slice(0..<6).checksum)
  }

  @Test func imagesWithoutLabelsAreRefusedWhereLabelsAreNeeded() throws {
    let bare = ImageSet(pixels: images.pixels, labels: [])
    #expect(
      try complaint { try bare.requireLabels("x.npy") } == """
        x.npy: error: has no labels
            = hint: give CIFAR-10 .bin files, or draw a set with 'retort data synthetic -o DIR'

        """)
    try images.requireLabels("x.bin")
  }

  @Test func labelsMayComeFromAnotherSet() throws {
    let bare = ImageSet(pixels: images.batch([6, 5]), labels: [], names: ["a", "b"])
    let labelled = try bare.labelled(like: images, path: "labels.bin")
    #expect(labelled.labels == [0, 1])
    #expect(labelled.names == ["a", "b"])
    #expect(labelled.pixels == bare.pixels)
    let text = try complaint { _ = try images.labelled(like: labelled, path: "labels.bin") }
    #expect(text == "labels.bin: error: has 2 labels for 7 images\n")
  }

  @Test func anArrayOfNoImagesIsRefused() throws {
    let empty = HostTensor(zeros: TensorType(.f32, [0, 3, 32, 32]))
    let file = try space.write(Npy.encode(empty), to: "none.npy")
    let text = try complaint { _ = try ImageSet(reading: file) }
    #expect(text == "\(file): error: holds no images, its shape is [0, 3, 32, 32]\n")
  }
}
