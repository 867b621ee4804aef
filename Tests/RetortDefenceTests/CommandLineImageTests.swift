import Foundation
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// What is said of images that are probably not the ones that are meant.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineImageTests {
  private let space: TemporaryFolder
  private let library = ["--graphs", Repository.library.folder, "--threads", "1"]
  private let graph: String

  init() throws {
    space = try TemporaryFolder()
    graph = try space.write(
      """
      graph same(x: f32[n, 3, h, w]) -> (y: f32[n, 3, h, w]) {
        return x * 2
      }
      """, to: "same.graph")
  }

  private func run(x file: String) throws -> CommandLineProgram.Outcome {
    try CommandLineProgram.run(["run", graph, "--input", "x=\(file)"] + library)
  }

  private func folder(_ name: String) throws -> String {
    try AtomicFile.createFolder(space.file(name))
    return space.file(name)
  }

  /// A CIFAR file of one image.
  private static let record = Cifar(
    labels: [1], pixels: [UInt8](repeating: 9, count: Cifar.pixelBytes)
  ).encoded

  @Test func bytesOfImagesAreTold() throws {
    // A header of version 1 and twelve bytes.
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 3, 2, 2), }"
    let padding = String(repeating: " ", count: 118 - header.utf8.count - 1)
    let npy =
      [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array((header + padding + "\n").utf8)
      + [UInt8](repeating: 9, count: 12)
    let outcome = try run(x: space.write(npy, to: "images.npy"))
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(outcome.error.contains("bytes are taken as they are, 0 to 255"), "\(outcome.error)")
  }

  @Test func valuesOfBytesAreTold() throws {
    func file(_ values: [Float], _ shape: Shape = [1, 3, 1, 1]) throws -> String {
      try space.write(Npy.encode(HostTensor(shape, values)), to: "x.npy")
    }
    let wrong = try file([0, 255, 1])
    let outcome = try run(x: wrong)
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(
      outcome.error.contains(
        "note: \(wrong): values are taken as they are, up to 255.0; those of images are in"
          + " 0...1\n"), "\(outcome.error)")
    // Of images, normalised or not, and of what only has their shape nothing is said.
    for values in [[0, 0.5, 1], [-2.1, 0, 2.6], [0, .nan, 1], [0, 1000, 3]] as [[Float]] {
      let right = try run(x: file(values))
      #expect(right.code == 0 && !right.error.contains("note: "), "\(right.error)")
    }
  }

  @Test func imagesToTrainOnAreNotTakenSilently() throws {
    let folder = try folder("data")
    try space.write(Self.record, to: "data/data_batch_1.bin")
    let test = try space.write(Self.record, to: "data/test_batch.bin")
    let purify = ["purify", try space.write(SmallGraphs.purifier, to: "purifier.graph")] + library
    let target = ["-o", space.file("out")]
    for outcome in [
      try run(x: folder),
      try CommandLineProgram.run(purify + ["--images", folder] + target),
      try CommandLineProgram.run(purify + ["--images", test, "--labels", folder] + target),
    ] {
      #expect(outcome.code == 1)
      #expect(
        outcome.error == """
          \(folder): error: is a folder, whose training images would be taken
              = hint: name the file of the images that are meant, \(test)

          """)
    }
    #expect(try run(x: test).code == 0)
  }

  @Test func whatIsLeftOutOfAFolderIsTold() throws {
    let folder = try folder("pictures")
    let image = RGBImage(width: 2, height: 1, bytes: [1, 2, 3, 4, 5, 6])
    try space.write(PNG.encode(image), to: "pictures/a.png")
    try space.write("", to: "pictures/b.jpg")
    let outcome = try run(x: folder)
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(
      outcome.error.contains("note: \(folder): left out is what does not end in .png: 'b.jpg'\n"))
  }

  @Test func foldersWithoutImagesSayWhatIsLookedFor() throws {
    let folder = try folder("data")
    try space.write("", to: "data/notes.txt")
    let fact = "\(folder): error: the folder has neither PNG files nor data_batch_*.bin of CIFAR\n"
    #expect(try CommandLineProgram.run(["inspect", folder]).error == fact)
    let test = try space.write(Self.record, to: "data/test_batch.bin")
    #expect(
      try CommandLineProgram.run(["inspect", folder]).error
        == fact + "    = hint: name the file itself, \(test)\n")
  }

  /// Before anything is computed.
  @Test func foldersThatCannotBeMadeAreTold() throws {
    let test = try space.write(Self.record, to: "test_batch.bin")
    let purifier = try space.write(SmallGraphs.purifier, to: "purifier.graph")
    // Nothing can be made in `/proc`, whose permissions say otherwise to a superuser.
    let outcome = try CommandLineProgram.run(
      ["purify", purifier, "--images", test, "-o", "/proc/x"] + library)
    #expect(outcome.code == 1)
    #expect(outcome.error.hasPrefix("/proc: error: cannot be written to: "), "\(outcome.error)")
    let nameless = try CommandLineProgram.run(
      ["purify", purifier, "--images", test, "-o", ""] + library)
    #expect(nameless.code == 64)
    #expect(nameless.error.contains("'-o' needs a value: -o PATH"), "\(nameless.error)")
  }
}
