import RetortTensor

/// PyTorch's checkpoints, read without running their pickle: the ZIP container (since 1.6) and the
/// older layout of pickles followed by storages.
///
/// Understood are state dicts: tensors and plain values in dictionaries, lists and tuples. Memory
/// is bounded by eight times the storages that the tensors use, plus 64 MiB, and 256 MiB for what
/// the pickle describes.
package enum TorchCheckpoint {
  /// The model's tensors, and how many others (an optimiser's) there are.
  package struct Contents: Sendable {
    package let tensors: [StoredTensor]
    package let otherCount: Int
  }

  private static let pickleLimit = 1 << 24
  private static let legacyMagic: [UInt8] = [
    0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
  ]

  package static func decode(_ bytes: [UInt8]) throws(FormatError) -> Contents {
    if Zip.recognises(bytes) { return try decodeArchive(bytes) }
    if bytes.first == 0x80 { return try decodeLegacy(bytes) }
    if bytes.count > 262, bytes[257..<262].elementsEqual("ustar".utf8) {
      throw FormatError(
        "is a checkpoint of PyTorch before 0.1.10, a tar archive, which is not read",
        hint: "load it in Python and save it again: torch.save(torch.load(path), path)")
    }
    throw FormatError(
      bytes.isEmpty ? "is empty" : "is not a PyTorch checkpoint: it begins like none")
  }

  // MARK: ZIP container

  private static func decodeArchive(_ bytes: [UInt8]) throws(FormatError) -> Contents {
    let archive = try Zip(bytes)
    let pickles = archive.entries.filter { entry in
      entry.name.hasSuffix("/data.pkl") && entry.name.count { $0 == "/" } == 1
    }
    guard let pickle = pickles.first, pickles.count == 1 else {
      throw FormatError("is not a PyTorch checkpoint: the archive has no single data.pkl")
    }
    guard pickle.byteCount <= pickleLimit else {
      throw FormatError("its data.pkl is larger than the limit of \(pickleLimit) bytes")
    }
    let prefix = pickle.name.dropLast("data.pkl".count)
    let isBigEndian = try isBigEndian(archive, prefix + "byteorder")
    var machine = PickleMachine(ByteReader(try archive.contents(of: pickle)))
    let root = try machine.run()
    guard machine.reader.isAtEnd else { throw FormatError("more follows the pickle in data.pkl") }
    return try TorchReader(machine, isBigEndian: isBigEndian) { (key) throws(FormatError) in
      guard let entry = archive.entry(named: prefix + "data/" + key) else {
        throw FormatError("storage \(quoted(key)) is not in the archive")
      }
      return try archive.contents(of: entry)
    }.contents(root)
  }

  private static func isBigEndian(_ archive: Zip, _ name: String) throws(FormatError) -> Bool {
    guard let entry = archive.entry(named: name) else { return false }
    guard entry.byteCount <= 16 else { throw FormatError("its byteorder is not known") }
    switch String(decoding: try archive.contents(of: entry), as: UTF8.self) {
    case "little": return false
    case "big": return true
    default: throw FormatError("its byteorder is neither little nor big")
    }
  }

  // MARK: Legacy layout

  private static func decodeLegacy(_ bytes: [UInt8]) throws(FormatError) -> Contents {
    var machine = PickleMachine(ByteReader(bytes))
    guard case .longInt(legacyMagic) = try machine.run() else {
      throw FormatError("is not a PyTorch checkpoint: the magic number is wrong")
    }
    guard case .int(1001) = try machine.run() else {
      throw FormatError("has another version of the legacy layout than 1001")
    }
    // Of the machine that wrote it: every one writes numbers little-endian, whatever its own order.
    guard case .dictionary = try machine.run() else {
      throw FormatError("does not describe the machine that wrote it")
    }
    let root = try machine.run()
    let storages = try legacyStorages(&machine, bytes)
    return try TorchReader(machine, isBigEndian: false) { (key) throws(FormatError) in
      guard let range = storages[key] else {
        throw FormatError("storage \(quoted(key)) is not in the file")
      }
      return bytes[range]
    }.contents(root)
  }

  /// The storages after the pickles: for each key its element count and its bytes.
  private static func legacyStorages(
    _ machine: inout PickleMachine, _ bytes: [UInt8]
  ) throws(FormatError) -> [String: Range<Int>] {
    guard case .list(let place) = try machine.run() else {
      throw FormatError("the list of storages is missing")
    }
    var reader = machine.reader
    var storages: [String: Range<Int>] = [:]
    for key in machine.heap[place] {
      guard case .string(let key) = key, storages[key] == nil,
        let index = machine.torch.storageOfKey[key]
      else { throw FormatError("the list of storages names one that no tensor uses") }
      let storage = machine.torch.storages[index]
      let what = "storage \(quoted(key))"
      let count = try reader.little(Int64.self, what)
      guard count == storage.wholeCount else {
        throw FormatError("\(what) has \(count) elements; its tensors say \(storage.wholeCount)")
      }
      storages[key] = try reader.range(storage.wholeCount * storage.type.byteCount, of: what)
    }
    guard reader.isAtEnd else {
      throw FormatError("\(reader.remaining) bytes follow the last storage")
    }
    return storages
  }
}
