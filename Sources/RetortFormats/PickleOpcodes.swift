/// The names of the pickle opcodes that are refused.
enum PickleOpcodes {
  private static let names: [UInt8: String] = [
    0x81: "NEWOBJ", 0x92: "NEWOBJ_EX", 0x69: "INST", 0x6F: "OBJ", 0x82: "EXT1", 0x83: "EXT2",
    0x84: "EXT4", 0x50: "PERSID", 0x49: "INT", 0x4C: "LONG", 0x46: "FLOAT", 0x53: "STRING",
    0x56: "UNICODE", 0x67: "GET", 0x70: "PUT", 0x8B: "LONG4", 0x8F: "EMPTY_SET", 0x90: "ADDITEMS",
    0x91: "FROZENSET", 0x96: "BYTEARRAY8", 0x97: "NEXT_BUFFER", 0x98: "READONLY_BUFFER",
  ]

  static func refusal(_ opcode: UInt8) -> FormatError {
    guard let name = names[opcode] else {
      return FormatError("the pickle has a byte \(opcode) where an opcode should be")
    }
    return FormatError(
      "the pickle uses the opcode \(name), which no state dict needs and which is not read",
      hint: TorchObjects.resave)
  }
}
