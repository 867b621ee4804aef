import RetortFormats

/// Checkpoints put together opcode by opcode, as PyTorch writes them.
package enum TorchSample {
  package static func text(_ text: String) -> [UInt8] {
    [UInt8(ascii: "X"), UInt8(text.utf8.count), 0, 0, 0] + Array(text.utf8)
  }

  package static func global(_ module: String, _ name: String) -> [UInt8] {
    Array("c\(module)\n\(name)\n".utf8)
  }

  /// One byte, or all eight.
  package static func integer(_ value: Int) -> [UInt8] {
    if let byte = UInt8(exactly: value) { return [UInt8(ascii: "K"), byte] }
    return [0x8A, 8] + (0..<8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  package static func integers(_ values: [Int]) -> [UInt8] {
    Array("(".utf8) + values.flatMap(integer) + Array("t".utf8)
  }

  /// A view of storage "0", which has `storageCount` numbers, or of a stretch of it.
  package static func tensor(
    offset: Int, sizes: [Int], strides: [Int], storageCount: Int = 6, stretch: Range<Int>? = nil,
    type: String = "FloatStorage", isLegacy: Bool = false
  ) -> [UInt8] {
    var bytes = global("torch._utils", "_rebuild_tensor_v2") + Array("((".utf8)
    bytes += text("storage") + global("torch", type) + text("0") + text("cpu")
    bytes += integer(storageCount)
    if let stretch {
      bytes += Array("(".utf8) + text("view") + integer(stretch.lowerBound)
      bytes += integer(stretch.count) + Array("t".utf8)
    } else if isLegacy {
      bytes += Array("N".utf8)
    }
    bytes += Array("tQ".utf8) + integer(offset) + integers(sizes) + integers(strides)
    bytes += [0x89] + global("collections", "OrderedDict") + Array(")RtR".utf8)
    return bytes
  }

  package static func dictionary(_ items: [(String, [UInt8])]) -> [UInt8] {
    Array("}(".utf8) + items.flatMap { text($0.0) + $0.1 } + Array("u".utf8)
  }

  package static func pickled(_ value: [UInt8]) -> [UInt8] { [0x80, 2] + value + Array(".".utf8) }

  package static let pickle = pickled(
    dictionary([
      (
        "state_dict",
        dictionary([
          ("module.a", tensor(offset: 0, sizes: [2, 3], strides: [3, 1])),
          ("module.b", tensor(offset: 1, sizes: [3, 2], strides: [1, 2])),
        ])
      ),
      ("epoch", [UInt8(ascii: "K"), 3]),
      ("optimizer", dictionary([("m", tensor(offset: 0, sizes: [6], strides: [1]))])),
    ]))

  /// 0, 1, 2, 3, 4, 5 as float32.
  package static let storage: [UInt8] = [
    0, 0, 0, 0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40, 0, 0, 0x80, 0x40, 0, 0, 0xA0,
    0x40,
  ]

  package static func archive(pickle: [UInt8] = pickle, byteorder: String = "little") throws
    -> [UInt8]
  {
    var writer = ZipWriter()
    try writer.append("archive/data.pkl", pickle)
    try writer.append("archive/byteorder", Array(byteorder.utf8))
    try writer.append("archive/data/0", storage)
    return try writer.finished()
  }

  package static func legacy(fromLittleEndian isLittle: Bool = true) -> [UInt8] {
    let magic: [UInt8] = [0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    var bytes = pickled(magic) + pickled([UInt8(ascii: "M"), 0xE9, 3])
    bytes += pickled(dictionary([("little_endian", [isLittle ? 0x88 : 0x89])]))
    bytes += pickled(
      dictionary([("w", tensor(offset: 0, sizes: [6], strides: [1], isLegacy: true))]))
    bytes += pickled(Array("]".utf8) + text("0") + Array("a".utf8))
    return bytes + [6, 0, 0, 0, 0, 0, 0, 0] + storage
  }
}
