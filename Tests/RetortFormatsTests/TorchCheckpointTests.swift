import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct TorchCheckpointTests {
  @Test func viewsOfOneStorageAreReadInOrder() throws {
    let contents = try TorchCheckpoint.decode(TorchSample.archive())
    #expect(contents.tensors.map(\.name) == ["a", "b"])
    #expect(contents.tensors[0].tensor == HostTensor([2, 3], [0, 1, 2, 3, 4, 5] as [Float]))
    #expect(contents.tensors[1].tensor == HostTensor([3, 2], [1, 3, 2, 4, 3, 5] as [Float]))
    #expect(contents.tensors[1].path == [.key("state_dict"), .key("module.b")])
    #expect(contents.otherCount == 1)
  }

  /// Machines of either byte order write its numbers little-endian.
  @Test(arguments: [true, false]) func theLegacyLayoutIsRead(isLittle: Bool) throws {
    let contents = try TorchCheckpoint.decode(TorchSample.legacy(fromLittleEndian: isLittle))
    #expect(contents.tensors.map(\.name) == ["w"])
    #expect(contents.tensors[0].tensor == HostTensor([6], [0, 1, 2, 3, 4, 5] as [Float]))
  }

  @Test func aTensorAloneIsRead() throws {
    let pickle = TorchSample.pickled(TorchSample.tensor(offset: 4, sizes: [2], strides: [1]))
    let contents = try TorchCheckpoint.decode(TorchSample.archive(pickle: pickle))
    #expect(contents.tensors.map(\.name) == ["tensor"])
    #expect(contents.tensors[0].tensor == HostTensor([2], [4, 5] as [Float]))
  }

  /// An empty tensor may lie past its storage, as `x[3:3, 5:5]` does: nothing is read there.
  @Test(arguments: [0, 7, Int.max]) func emptyTensorsLieAnywhere(_ offset: Int) throws {
    let empty = TorchSample.tensor(offset: offset, sizes: [0], strides: [1], stretch: 1..<3)
    let whole = TorchSample.tensor(offset: 0, sizes: [2], strides: [1], stretch: 1..<3)
    let pickle = TorchSample.pickled(TorchSample.dictionary([("e", empty), ("w", whole)]))
    let contents = try TorchCheckpoint.decode(TorchSample.archive(pickle: pickle))
    #expect(contents.tensors.map(\.name) == ["e", "w"])
    #expect(contents.tensors[0].tensor == HostTensor([0], [] as [Float]))
    #expect(contents.tensors[1].tensor == HostTensor([2], [1, 2] as [Float]))
  }

  /// Nothing is read along an axis of one element, and no sum has room for its stride.
  @Test func stridesOfSingleElementsSayNothing() throws {
    let row = TorchSample.tensor(offset: 1, sizes: [3, 1, 1], strides: [2, .max, .max])
    let pickle = TorchSample.pickled(TorchSample.dictionary([("w", row)]))
    let contents = try TorchCheckpoint.decode(TorchSample.archive(pickle: pickle))
    #expect(contents.tensors[0].tensor == HostTensor([3, 1, 1], [1, 3, 5] as [Float]))
  }

  /// As `z.conj().imag` is saved, whose numbers are the negative ones of its storage.
  @Test func tensorsWithMetadataAreRefused() throws {
    let whole = TorchSample.tensor(offset: 0, sizes: [6], strides: [1])
    func archive(_ metadata: [(String, [UInt8])]) throws -> [UInt8] {
      let arguments = whole.dropLast(2) + TorchSample.dictionary(metadata)
      let tensor = arguments + Array("tR".utf8)
      return try TorchSample.archive(
        pickle: TorchSample.pickled(TorchSample.dictionary([("w", Array(tensor))])))
    }
    #expect(try TorchCheckpoint.decode(archive([])).tensors[0].tensor.elementCount == 6)
    let bytes = try archive([("neg", [0x88])])
    let error = #expect(throws: FormatError.self) { try TorchCheckpoint.decode(bytes) }
    #expect(error?.message.hasPrefix("a tensor has metadata") == true, "\(error?.message ?? "")")
  }

  @Test func ofTwoTensorsWithOneNameTheLaterKeepsItsPath() throws {
    let one = TorchSample.tensor(offset: 0, sizes: [1], strides: [1])
    let pickle = TorchSample.pickled(
      TorchSample.dictionary([
        ("state_dict", TorchSample.dictionary([("w", one)])),
        ("ema", TorchSample.dictionary([("w", one)])),
        ("head", TorchSample.dictionary([("w", one)])),
      ]))
    let contents = try TorchCheckpoint.decode(TorchSample.archive(pickle: pickle))
    #expect(contents.tensors.map(\.name) == ["w", "ema.w", "head.w"])
  }

  @Test func aByteorderThatIsNeitherIsRefused() throws {
    let bytes = try TorchSample.archive(byteorder: "middle")
    let error = #expect(throws: FormatError.self) { try TorchCheckpoint.decode(bytes) }
    #expect(error?.message == "its byteorder is neither little nor big")
  }

  /// A view that repeats one number 255⁴ times would take 16 GiB.
  @Test func viewsThatRepeatTheirStorageAreBounded() throws {
    let huge = TorchSample.tensor(
      offset: 0, sizes: [255, 255, 255, 255], strides: [0, 0, 0, 0])
    let pickle = TorchSample.pickled(TorchSample.dictionary([("w", huge)]))
    let bytes = try TorchSample.archive(pickle: pickle)
    let error = #expect(throws: FormatError.self) { try TorchCheckpoint.decode(bytes) }
    #expect(error?.message.contains("far more than the storages") == true)
  }

  /// Each of twenty names would be written with its 16 MB.
  @Test(arguments: [4, 20]) func namesOfOneTensorAreBounded(count: Int) throws {
    var pickle = TorchSample.tensor(offset: 0, sizes: [255, 255, 64], strides: [0, 0, 0])
    pickle += [UInt8(ascii: "q"), 1, UInt8(ascii: "0"), UInt8(ascii: "(")]
    for _ in 0..<count { pickle += [UInt8(ascii: "h"), 1] }
    let bytes = try TorchSample.archive(
      pickle: TorchSample.pickled(pickle + [UInt8(ascii: "l")]))
    guard count > 4 else {
      #expect(try TorchCheckpoint.decode(bytes).tensors.count == count)
      return
    }
    let error = #expect(throws: FormatError.self) { try TorchCheckpoint.decode(bytes) }
    #expect(error?.message.contains("under all their names") == true)
  }

  /// Each level holds the one below twice: 2⁶⁰ ways through a small file.
  @Test func valuesThatHoldEachOtherEndInARefusal() throws {
    var pickle = TorchSample.tensor(offset: 0, sizes: [1], strides: [1])
    for _ in 0..<60 { pickle += [UInt8(ascii: "2"), 0x86] }
    let wide = try TorchSample.archive(pickle: TorchSample.pickled(pickle))
    // A list that holds itself.
    let cycle = Array("]q".utf8) + [0] + Array("h".utf8) + [0] + Array("a".utf8)
    let endless = try TorchSample.archive(pickle: TorchSample.pickled(cycle))
    for bytes in [wide, endless] {
      let error = #expect(throws: FormatError.self) { try TorchCheckpoint.decode(bytes) }
      #expect(error?.message == "is nested more than 32 levels deep")
    }
  }

  @Test(arguments: [
    (TorchSample.global("os", "system"), "'os.system'"),
    (TorchSample.global("torch", "WildStorage"), "'torch.WildStorage'"),
    ([UInt8(ascii: "i")], "INST"),
    (TorchSample.global("collections", "OrderedDict") + [UInt8(ascii: ")"), 0x81], "NEWOBJ"),
    (Array("K\u{5}".utf8), "an integer"),
  ])
  func whatIsNotUnderstoodIsRefusedByName(_ pickle: [UInt8], _ name: String) throws {
    let bytes = try TorchSample.archive(pickle: TorchSample.pickled(pickle))
    let error = #expect(throws: FormatError.self) { try TorchCheckpoint.decode(bytes) }
    #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
  }

  /// A constructor called again and again on one long list: 60,000 copies of 40,000 values.
  @Test func copiesOfAListAreBounded() throws {
    let pair: [UInt8] = TorchSample.text("k") + [UInt8(ascii: "N"), 0x86, UInt8(ascii: "q"), 0]
    // The pair is item 0 of the memo; the list of it, 20,000 times, becomes item 1.
    var pickle: [UInt8] = [0x80, 2] + pair + Array("0](".utf8)
    for _ in 0..<20_000 { pickle += [UInt8(ascii: "h"), 0] }
    pickle += [UInt8(ascii: "e"), 0x85, UInt8(ascii: "q"), 1, UInt8(ascii: "0")]
    pickle +=
      TorchSample.global("collections", "OrderedDict") + [UInt8(ascii: "q"), 2, UInt8(ascii: "0")]
    for _ in 0..<60_000 {
      pickle += [UInt8(ascii: "h"), 2, UInt8(ascii: "h"), 1, UInt8(ascii: "R"), UInt8(ascii: "0")]
    }
    pickle += Array("}.".utf8)
    let bytes = try TorchSample.archive(pickle: pickle)
    let error = #expect(throws: FormatError.self) { try TorchCheckpoint.decode(bytes) }
    #expect(error?.message == "the pickle holds more values than a checkpoint has")
  }

  /// The constructor of a tensor, called again and again by six bytes on the same arguments.
  @Test func tensorsOfOnePickleAreBounded() throws {
    let ones = [Int](repeating: 1, count: 64)
    let whole = TorchSample.tensor(offset: 0, sizes: ones, strides: ones)
    let constructor = TorchSample.global("torch._utils", "_rebuild_tensor_v2")
    var pickle: [UInt8] = [0x80, 2] + constructor + [UInt8(ascii: "q"), 1]
    pickle += whole[constructor.count...].dropLast() + [UInt8(ascii: "q"), 2, UInt8(ascii: "0")]
    for _ in 0..<20_000 {
      pickle += [UInt8(ascii: "0"), UInt8(ascii: "h"), 1, UInt8(ascii: "h"), 2, UInt8(ascii: "R")]
    }
    let bytes = try TorchSample.archive(pickle: pickle + Array(".".utf8))
    let error = #expect(throws: FormatError.self) { try TorchCheckpoint.decode(bytes) }
    #expect(error?.message == "the pickle holds more values than a checkpoint has")
  }

  /// Fifty thousand places of one tensor, each 30 containers deep.
  @Test func placesOfOneTensorAreBounded() throws {
    var pickle = TorchSample.tensor(offset: 0, sizes: [6], strides: [1])
    pickle += [UInt8(ascii: "q"), 1, UInt8(ascii: "0"), UInt8(ascii: "(")]
    for _ in 0..<50_000 { pickle += [UInt8(ascii: "h"), 1] }
    pickle += [UInt8(ascii: "l")] + [UInt8](repeating: 0x85, count: 29)
    let bytes = try TorchSample.archive(pickle: TorchSample.pickled(pickle))
    let error = #expect(throws: FormatError.self) { try TorchCheckpoint.decode(bytes) }
    #expect(error?.message == "holds more tensors than a checkpoint has")
  }
}
