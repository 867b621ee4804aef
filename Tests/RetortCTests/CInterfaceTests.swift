import CRetort
import Foundation
import RetortAPI
import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

/// `retort.h`, called as C calls it.
@Suite struct CInterfaceTests {
  private let folder: TemporaryFolder
  private let path: String
  private static let text = """
    graph mix(x: f32[n, 3], flags: bool[n], key: key[n]) -> (
      y: f32[n, 3], same: f32[n, 3], last: f32[n, 3], noise: f32[n, 3], kept: bool[n]
    ) {
      parameter w: f32[3, 3]
      y = matmul(x, w)
      r = repeat i in 0..<3 with r = x { yield 2.0 * r }
      return y, x, r, uniform(key, like: x, low: 0.0, high: 1.0), flags
    }

    """

  init() throws {
    folder = try TemporaryFolder()
    path = try folder.write(Self.text, to: "mix.graph")
    // Puts each element one place on.
    let cycle = HostTensor([3, 3], [0, 1, 0, 0, 0, 1, 1, 0, 0] as [Float])
    try TensorFile.write([("w", cycle)], to: folder.file("w.npz"))
  }

  // MARK: calling

  private static func strings<R>(
    _ words: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) throws -> R
  ) rethrows -> R {
    let copies = words.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return try (copies.map { UnsafePointer($0) } + [nil]).withUnsafeBufferPointer {
      try body($0.baseAddress!)
    }
  }

  private static var lastError: String { String(cString: retort_last_error()) }

  private func load(_ words: [String]? = nil) throws -> OpaquePointer {
    var model: OpaquePointer?
    let words = words ?? ["set=n=2", "weights=\(folder.file("w.npz"))", "threads=1"]
    let status = Self.strings(words) { retort_load(path, $0, &model) }
    try #require(status == RETORT_OK, "\(Self.lastError)")
    return try #require(model)
  }

  private func load(definition text: String) throws -> OpaquePointer {
    let path = try folder.write(text, to: "other.graph")
    var model: OpaquePointer?
    let status = Self.strings(["threads=1"]) { retort_load(path, $0, &model) }
    try #require(status == RETORT_OK, "\(Self.lastError)")
    return try #require(model)
  }

  /// Buffers by name, of memory that lives as long as the value.
  private final class Memory {
    let start: UnsafeMutableRawPointer
    init(byteCount: Int) {
      start = .allocate(byteCount: byteCount, alignment: 64)
      start.initializeMemory(as: UInt8.self, repeating: 0xEE, count: byteCount)
    }
    deinit { start.deallocate() }

    func put(_ values: [Float], at offset: Int = 0) {
      values.withUnsafeBytes {
        start.advanced(by: offset).copyMemory(from: $0.baseAddress!, byteCount: $0.count)
      }
    }
    func floats(_ count: Int, at offset: Int = 0) -> [Float] {
      (0..<count).map { start.loadUnaligned(fromByteOffset: offset + 4 * $0, as: Float.self) }
    }
  }

  private static func run(
    _ model: OpaquePointer?, _ inputs: [(String, UnsafeMutableRawPointer?, Int)],
    _ results: [(String, UnsafeMutableRawPointer?, Int)], seed: UInt64 = 0
  ) -> retort_status {
    let names = (inputs + results).map { strdup($0.0) }
    defer { names.forEach { free($0) } }
    let all = zip(names, inputs + results).map {
      retort_buffer(name: UnsafePointer($0), data: $1.1, byte_count: $1.2)
    }
    let (given, wanted) = (Array(all.prefix(inputs.count)), Array(all.dropFirst(inputs.count)))
    return retort_run(model, given, given.count, wanted, wanted.count, seed)
  }

  // MARK: what works

  @Test func aModelTellsWhatItTakesAndGives() throws {
    let model = try load()
    var count = 0
    #expect(retort_count(model, retort_role(RETORT_INPUT), &count) == RETORT_OK)
    #expect(count == 3)
    #expect(retort_count(model, retort_role(RETORT_RESULT), &count) == RETORT_OK)
    #expect(count == 5)
    var tensor = retort_tensor()
    #expect(retort_describe(model, retort_role(RETORT_INPUT), 0, &tensor) == RETORT_OK)
    #expect(String(cString: tensor.name) == "x" && String(cString: tensor.type) == "f32")
    #expect(tensor.rank == 2 && tensor.extents[0] == 2 && tensor.extents[1] == 3)
    #expect(tensor.byte_count == 24)
    #expect(retort_describe(model, retort_role(RETORT_RESULT), 4, &tensor) == RETORT_OK)
    #expect(String(cString: tensor.name) == "kept" && String(cString: tensor.type) == "bool")
    #expect(retort_free(model) == RETORT_OK)
    #expect(String(cString: retort_version()).wholeMatch(of: /\d+\.\d+\.\d+/) != nil)
  }

  @Test func runsReadAndWriteTheCallersMemory() throws {
    let model = try load()
    defer { _ = retort_free(model) }
    for round in 0..<3 {
      let (x, y, others) = (Memory(byteCount: 24), Memory(byteCount: 24), Memory(byteCount: 512))
      let values = (0..<6).map { Float($0 + round) }
      x.put(values)
      let status = Self.run(
        model, [("x", x.start, 24), ("flags", others.start + 400, 2)],
        [
          ("y", y.start, 24), ("same", others.start, 24), ("last", others.start + 64, 24),
          ("kept", others.start + 402, 2),
        ])
      #expect(status == RETORT_OK, "\(Self.lastError)")
      #expect(Self.lastError == "")
      #expect(y.floats(6) == [2, 0, 1, 5, 3, 4].map { Float($0 + round) })
      #expect(others.floats(6) == values)
      #expect(others.floats(6, at: 64) == values.map { 8 * $0 })
      #expect(x.floats(6) == values)
      #expect(others.start.load(fromByteOffset: 402, as: UInt8.self) == 0xEE)
    }
  }

  @Test func buffersMayLieAnywhere() throws {
    let model = try load()
    defer { _ = retort_free(model) }
    let (x, y) = (Memory(byteCount: 64), Memory(byteCount: 64))
    let flags = Memory(byteCount: 2)
    for offset in [0, 1, 4, 6, 28] {
      x.put([1, 2, 3, 4, 5, 6], at: offset)
      #expect(
        Self.run(
          model, [("x", x.start + offset, 24), ("flags", flags.start, 2)],
          [("y", y.start + offset, 24)]) == RETORT_OK)
      #expect(y.floats(6, at: offset) == [3, 1, 2, 6, 4, 5])
    }
    // A result over its input, and half over it.
    for offset in [0, 12] {
      x.put([1, 2, 3, 4, 5, 6])
      #expect(
        Self.run(
          model, [("x", x.start, 24), ("flags", flags.start, 2)],
          [("y", x.start + offset, 24)]) == RETORT_OK)
      #expect(x.floats(6, at: offset) == [3, 1, 2, 6, 4, 5])
    }
  }

  /// What another result overwrites is still handed out as it was given.
  @Test func resultsThatAreInputsMayBeOverwritten() throws {
    let model = try load(
      definition: """
        graph f(a: f32[4], b: f32[4]) -> (first: f32[4], second: f32[4], twice: f32[4]) {
          return b, a, a * 2
        }

        """)
    defer { _ = retort_free(model) }
    let (a, b, other) = (Memory(byteCount: 32), Memory(byteCount: 16), Memory(byteCount: 16))
    let (one, two): ([Float], [Float]) = ([1, 2, 3, 4], [5, 6, 7, 8])
    func run(_ results: [(String, UnsafeMutableRawPointer?, Int)]) {
      a.put(one)
      b.put(two)
      let status = Self.run(model, [("a", a.start, 16), ("b", b.start, 16)], results)
      #expect(status == RETORT_OK, "\(Self.lastError)")
    }
    run([("first", a.start, 16), ("second", b.start, 16)])
    #expect(a.floats(4) == two && b.floats(4) == one)
    for offset in [0, 8] {
      run([("twice", a.start + offset, 16), ("second", other.start, 16)])
      #expect(a.floats(4, at: offset) == [2, 4, 6, 8] && other.floats(4) == one)
    }
    run([("second", a.start, 16), ("first", other.start, 16), ("twice", b.start, 16)])
    #expect(a.floats(4) == one && b.floats(4) == [2, 4, 6, 8] && other.floats(4) == two)
  }

  @Test func emptyBuffersOverlapNothing() throws {
    let model = try load(
      definition: """
        graph f(a: f32[4], none: f32[0]) -> (y: f32[4], rest: f32[0]) { return a * 2, none }

        """)
    defer { _ = retort_free(model) }
    let (a, y) = (Memory(byteCount: 16), Memory(byteCount: 16))
    a.put([1, 2, 3, 4])
    let status = Self.run(
      model, [("a", a.start, 16), ("none", y.start + 4, 0)],
      [("y", y.start, 16), ("rest", y.start + 8, 0)])
    #expect(status == RETORT_OK, "\(Self.lastError)")
    #expect(y.floats(4) == [2, 4, 6, 8])
  }

  @Test func keysComeFromTheSeed() throws {
    let model = try load()
    defer { _ = retort_free(model) }
    let swift = try Model(
      path,
      Model.Options(settings: ["n": "2"], weightFiles: [folder.file("w.npz")], threadCount: 1))
    let (x, noise, flags) = (Memory(byteCount: 24), Memory(byteCount: 24), Memory(byteCount: 2))
    x.put([0, 0, 0, 0, 0, 0])
    for seed: UInt64 in [0, 3, .max] {
      #expect(
        Self.run(
          model, [("flags", flags.start, 2), ("x", x.start, 24)], [("noise", noise.start, 24)],
          seed: seed) == RETORT_OK)
      let expected = try swift.run(
        [
          "x": try RetortAPI.Tensor(x.floats(6), shape: [2, 3]),
          "flags": try RetortAPI.Tensor(bytes: [1, 0], elementType: .bool, shape: [2]),
        ], seed: seed)["noise"]
      #expect(noise.floats(6) == expected?.floats)
    }
  }

  @Test func threadsHaveModelsAndErrorsOfTheirOwn() async throws {
    let shared = try load()
    defer { _ = retort_free(shared) }
    let handles = [
      UInt(bitPattern: shared), UInt(bitPattern: try load()), UInt(bitPattern: shared),
    ]
    await withTaskGroup(of: Bool.self) { group in
      for (index, handle) in handles.enumerated() {
        group.addTask { repeatedly(handle, index) }
      }
      for await isRight in group { #expect(isRight) }
    }
    #expect(retort_free(OpaquePointer(bitPattern: handles[1])) == RETORT_OK)

    @Sendable func repeatedly(_ handle: UInt, _ index: Int) -> Bool {
      let (x, y, flags) = (Memory(byteCount: 24), Memory(byteCount: 24), Memory(byteCount: 2))
      let model = OpaquePointer(bitPattern: handle)
      for turn in 0..<100 {
        x.put((0..<6).map { Float(100 * index + turn + $0) })
        let status = Self.run(
          model, [("x", x.start, 24), ("flags", flags.start, 2)], [("y", y.start, 24)])
        let first = Float(100 * index + turn)
        if status != RETORT_OK || y.floats(3) != [first + 2, first, first + 1] { return false }
        if Self.run(model, [("z\(index)", nil, 0)], []) != RETORT_MISUSE { return false }
      }
      return true
    }
  }

  // MARK: what does not

  @Test func wrongRunsAreErrors() throws {
    let model = try load()
    defer { _ = retort_free(model) }
    let memory = Memory(byteCount: 256)
    let x = ("x", memory.start as UnsafeMutableRawPointer?, 24)
    let flags = ("flags", memory.start + 64 as UnsafeMutableRawPointer?, 2)
    typealias Buffers = [(String, UnsafeMutableRawPointer?, Int)]
    let cases: [(Buffers, Buffers, String)] = [
      ([x], [], "error: input 'flags' ([2]) is not given"),
      ([x, flags, x], [], "error: input 'x' is given twice"),
      ([("x", nil, 24), flags], [], "error: input 'x' (f32[2, 3]) is at NULL"),
      ([("x", memory.start, 23), flags], [], "error: input 'x' is f32[2, 3] of 24 bytes, not 23"),
      ([("x", memory.start, -1), flags], [], "error: input 'x' is f32[2, 3] of 24 bytes, not -1"),
      ([("y", memory.start, 24), flags], [], "error: there is no input 'y'"),
      ([x, flags], [("x", memory.start, 24)], "error: there is no result 'x'"),
      (
        [x, flags], [("y", memory.start + 128, 24), ("last", memory.start + 144, 24)],
        "error: results 'y' and 'last' overlap in memory"
      ),
      ([x, x, x, x], [], "error: 4 inputs are given; the model has 3"),
    ]
    for (inputs, results, message) in cases {
      #expect(Self.run(model, inputs, results) == RETORT_MISUSE)
      #expect(Self.lastError.hasPrefix(message), "\(Self.lastError)")
    }
    #expect(retort_run(model, nil, 2, nil, 0, 0) == RETORT_MISUSE)
    #expect(Self.lastError == "error: the array of inputs is NULL")
    #expect(retort_run(model, nil, 0, nil, Int(bitPattern: UInt.max), 0) == RETORT_MISUSE)
    #expect(
      Self.lastError == "error: 18446744073709551615 results are given; the model has 5")
    #expect(retort_run(model, [retort_buffer()], 1, nil, 0, 0) == RETORT_MISUSE)
    #expect(Self.lastError == "error: the name of one of the inputs is NULL")
  }

  @Test func wrongHandlesAreErrors() throws {
    let model = try load()
    #expect(retort_free(model) == RETORT_OK)
    for handle in [model, OpaquePointer(bitPattern: 7), OpaquePointer(bitPattern: UInt.max)] {
      var count = 0
      var tensor = retort_tensor()
      #expect(retort_free(handle) == RETORT_MISUSE)
      #expect(retort_count(handle, 0, &count) == RETORT_MISUSE)
      #expect(retort_describe(handle, 0, 0, &tensor) == RETORT_MISUSE)
      #expect(retort_run(handle, nil, 0, nil, 0, 0) == RETORT_MISUSE)
      #expect(Self.lastError.hasPrefix("error: the model was freed, or never loaded"))
    }
    #expect(retort_free(nil) == RETORT_OK)
    #expect(retort_run(nil, nil, 0, nil, 0, 0) == RETORT_MISUSE)
    #expect(Self.lastError == "error: the model is NULL")
    let other = try load()
    #expect(other != model)
    #expect(retort_count(other, 0, nil) == RETORT_MISUSE)
    #expect(retort_describe(other, 0, 0, nil) == RETORT_MISUSE)
    var count = 0
    #expect(retort_count(other, 2, &count) == RETORT_MISUSE)
    #expect(Self.lastError == "error: 2 is no role: RETORT_INPUT is 0, RETORT_RESULT is 1")
    var tensor = retort_tensor()
    #expect(retort_describe(other, 0, 3, &tensor) == RETORT_MISUSE)
    #expect(Self.lastError == "error: there is no tensor 3; there are 3")
    #expect(retort_free(other) == RETORT_OK)
  }

  @Test(arguments: [
    (["n=2"], RETORT_MISUSE, "error: there is no option 'n'"),
    (["set"], RETORT_MISUSE, "error: options are NAME=VALUE, got 'set'"),
    (["set=n"], RETORT_MISUSE, "error: 'set' takes NAME=VALUE, got 'n'"),
    (["set=n=1", "set=n=2"], RETORT_MISUSE, "error: 'set' gives 'n' twice: 1 and 2"),
    (["thread=2"], RETORT_MISUSE, "error: there is no option 'thread'"),
    (["threads=-1"], RETORT_MISUSE, "error: 'threads' takes a whole number above 0, got '-1'"),
    (["exact=1"], RETORT_MISUSE, "error: 'exact' takes true or false, got '1'"),
    (["backend=gpu"], RETORT_MISUSE, "error: 'backend' takes one of auto, reference, simd, blas"),
    (["threads=5000"], RETORT_FAILED, "error: 5000 threads are asked for; 1 to 1024 can be had"),
    (["set=m=2"], RETORT_FAILED, "--set m=2: error: "),
    (["weights=/no/such.npz"], RETORT_FAILED, "/no/such.npz: error: cannot be read: "),
    ([], RETORT_FAILED, "error: no weights are given for 'w'"),
  ])
  func wrongLoadsAreErrors(_ words: [String], _ expected: Int, _ message: String) throws {
    var model = OpaquePointer(bitPattern: 1)
    let status = Self.strings(words) { retort_load(path, $0, &model) }
    #expect(status == expected)
    #expect(model == nil)
    #expect(Self.lastError.hasPrefix(message), "\(Self.lastError)")
  }

  @Test func whereNothingCanBePutIsAnError() {
    var model: OpaquePointer?
    #expect(retort_load(nil, nil, &model) == RETORT_MISUSE)
    #expect(Self.lastError == "error: the path is NULL")
    #expect(retort_load("a.graph", nil, nil) == RETORT_MISUSE)
    #expect(Self.lastError == "error: where the model is to be put is NULL")
  }
}
