import Foundation
import RetortDefence
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// Arrays that are purified from file to file and from standard input to standard output.
@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineStreamTests {
  private let space: TemporaryFolder
  private let images = SyntheticSet.test(count: 5)
  private let purifier: String
  private let words: [String]

  /// The draws come from the images' places, so that how they are numbered matters.
  init() throws {
    space = try TemporaryFolder()
    purifier = try space.write(SmallGraphs.purifier, to: "purifier.graph")
    let weight = HostTensor(
      [10, 3072], (0..<30720).map { Float(($0 * 7919) % 2003) / 2003 - 0.5 })
    let bias = HostTensor([10], (0..<10).map { Float($0 % 3) * 4 })
    let weights = try space.write(
      [("head.weight", weight), ("head.bias", bias)], to: "head.safetensors")
    words = [
      "purify", purifier, "--weights", weights, "--key", "index", "--graphs",
      Repository.library.folder, "--threads", "1",
    ]
  }

  /// All images purified as one array.
  private func purified() throws -> ImageSet {
    let file = try space.write(Npy.encode(images.pixels), to: "all.npy")
    let outcome = try CommandLineProgram.run(
      words + ["--images", file, "-o", space.file("purified.npy")])
    try #require(outcome.code == 0, "\(outcome.error)")
    return try ImageSet(reading: space.file("purified.npy"))
  }

  @Test func imagesAreNumberedOnOverTheArraysOfAStream() throws {
    let ranges = [0..<3, 3..<5]
    let whole = try purified()
    let stream = try space.write(
      ranges.flatMap { Npy.encode(images.slice($0).pixels) }, to: "stream")
    let outcome = try CommandLineProgram.run(
      words + ["--images", "-", "-o", "-"], input: stream, output: space.file("answers"))
    #expect(outcome.code == 0, "\(outcome.error)")
    let wanted = ranges.flatMap { Npy.encode(whole.slice($0).pixels) }
    #expect(try space.bytes("answers") == wanted)
    let answers = outcome.error.split(separator: "\n").filter { $0.contains(" -> ") }
    #expect(answers.map { $0.prefix(3) } == ["0: ", "0: ", "0: ", "1: ", "1: "])
  }

  /// The array alone, so that it can be read from a pipe.
  @Test func aFileIsPurifiedToStandardOutput() throws {
    _ = try purified()
    let outcome = try CommandLineProgram.run(
      words + ["--images", space.file("all.npy"), "-o", "-"], output: space.file("piped"))
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(try space.bytes("piped") == space.bytes("purified.npy"))
    #expect(outcome.error.contains("image  before  after\n"), "\(outcome.error)")
  }

  /// A pipe with a name. It is open for reading too, so that neither end waits for the other; the
  /// program does not inherit it, and sees the end when it is closed.
  private func pipe(_ name: String) throws -> FileHandle {
    try #require(mkfifo(space.file(name), 0o600) == 0)
    let descriptor = open(space.file(name), O_RDWR | O_CLOEXEC)
    try #require(descriptor >= 0)
    return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// What came before it is answered before it is sent at all.
  @Test func aWrongArrayEndsTheStreamBehindTheAnswersBeforeIt() throws {
    let first = Npy.encode(images.slice(0..<2).pixels)
    let answer = Npy.encode(try purified().slice(0..<2).pixels)
    var values = images.slice(2..<4).pixels.elements(as: Float.self)
    values[4000] = .nan
    let array = "array 1 of standard input: error:"
    let wrong: [(bytes: [UInt8], sentence: String)] = [
      (
        Npy.encode(HostTensor([2, 3, 32, 32], values)),
        "\(array) has the value nan; images are in 0...1\n"
      ),
      (
        Npy.encode(HostTensor(zeros: TensorType(.f32, [1, 3, 16, 24]))),
        "\(purifier): error: 'purify' takes images of 32x32 pixels, these are 24x16\n"
      ),
      (
        Npy.encode(HostTensor(zeros: TensorType(.f32, [3, 32, 32]))),
        "\(array) holds float32[3, 32, 32], not images\n"
      ),
      (Array(first.dropLast()), "standard input: error: ends inside an array\n"),
    ]
    for (number, (bytes, sentence)) in wrong.enumerated() {
      let (source, target) = ("pipe-\(number)", "answer-\(number)")
      let sending = try pipe(source)
      let running = try CommandLineProgram.Running(
        words + ["--images", "-", "-o", "-"], input: space.file(source),
        output: space.file(target))
      try sending.write(contentsOf: Data(first))
      try running.wait { try space.bytes(target).count >= answer.count }
      #expect(try space.bytes(target) == answer, "before: \(sentence)")
      try sending.write(contentsOf: Data(bytes))
      try sending.close()
      let outcome = try running.wait()
      #expect(outcome.code == 1, "\(sentence)")
      #expect(outcome.error.contains(sentence), "\(outcome.error)")
      let errors = outcome.error.split(separator: "\n").filter { $0.contains("error:") }
      #expect(errors.count == 1, "\(outcome.error)")
      #expect(try space.bytes(target) == answer, "after: \(sentence)")
    }
  }

  /// Though more could come: who sends has no other way to learn of it.
  @Test func aStreamEndsWhenNobodyReadsItsAnswers() throws {
    let (sending, reading) = (try pipe("source"), try pipe("target"))
    let running = try CommandLineProgram.Running(
      words + ["--images", "-", "-o", "-"], input: space.file("source"),
      output: space.file("target"))
    try reading.close()
    try sending.write(contentsOf: Data(Npy.encode(images.slice(0..<1).pixels)))
    let outcome = try running.wait()
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(!outcome.error.contains(" -> "), "\(outcome.error)")
    try sending.close()
  }

  @Test(arguments: [Float.nan, -0.1, 1.5])
  func pixelsOutsideTheirRangeAreRefused(value: Float) throws {
    var values = images.pixels.elements(as: Float.self)
    values[values.count - 1] = value
    let file = try space.write(Npy.encode(HostTensor([5, 3, 32, 32], values)), to: "wrong.npy")
    let before = space.names
    let outcome = try CommandLineProgram.run(
      words + ["--images", file, "-o", space.file("out.npy")])
    #expect(outcome.code == 1)
    #expect(outcome.output.isEmpty)
    let hint = value.isNaN ? "no pixel may be NaN" : "divide by 255, or save them as uint8"
    #expect(
      outcome.error == """
        \(file): error: has the value \(value); images are in 0...1
            = hint: \(hint)

        """)
    #expect(space.names == before)
  }
}
