/// A value on the stack of `PickleMachine`.
///
/// Containers are places in the machine's heap, so that values which hold each other need no
/// reference counting and however deep a nesting needs no recursion.
enum PickleValue: Sendable {
  case none
  case bool(Bool)
  case int(Int)
  /// An integer past 64 bits: its bytes, little-endian two's complement.
  case longInt([UInt8])
  case float(Double)
  case string(String)
  case bytes
  case tuple(Int)
  case list(Int)
  /// Keys and values in turn.
  case dictionary(Int)
  /// The name of something that is understood, `collections.OrderedDict`.
  case global(String)
  case storage(Int)
  case tensor(Int)
  /// Something that is known, harmless, and of no interest: a device.
  case opaque

  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .int, .longInt: "an integer"
    case .float: "a float"
    case .string: "a string"
    case .bytes, .opaque: "an object"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dictionary"
    case .global(let name): name
    case .storage: "a storage"
    case .tensor: "a tensor"
    }
  }
}

/// Reads one pickle of PyTorch's without running it: a closed list of opcodes and constructors.
///
/// Everything else is refused by name. Bounds: 2²⁰ values on the stack, 2²⁰ memorised, and held by
/// containers, tensors and storages together 2²² and no more than 4 for each byte read and 2¹⁶:
/// constructors copy what lists hold, and a few bytes call one. Source: Python's `pickletools`,
/// protocols 2 to 4.
struct PickleMachine {
  private static let stackLimit = 1 << 20
  private static let heldLimit = 1 << 22
  /// What a container takes beside its values, in values.
  private static let containerCost = 2

  private(set) var reader: ByteReader
  private(set) var heap: [[PickleValue]] = []
  /// Values in all containers, and what these and the records of tensors take, in values.
  private var heldCount = 0
  private var stack: [PickleValue] = []
  /// The height of the stack at each mark.
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]
  /// What the constructors of tensors have made.
  var torch = TorchObjects()

  init(_ reader: ByteReader) { self.reader = reader }

  /// Runs one pickle to its end; the reader is then just after it. What earlier pickles of the
  /// same file left in the heap stays.
  mutating func run() throws(FormatError) -> PickleValue {
    stack = []
    marks = []
    memo = [:]
    while true {
      let opcode = try reader.byte("an opcode (the pickle has no STOP)")
      if opcode == UInt8(ascii: ".") {
        guard stack.count == 1, marks.isEmpty else {
          throw FormatError("the pickle ends with \(stack.count) values on its stack, not one")
        }
        return stack[0]
      }
      try step(opcode)
      guard stack.count <= Self.stackLimit, memo.count <= Self.stackLimit,
        marks.count <= Self.stackLimit,
        heldCount <= min(Self.heldLimit, 4 * reader.position + (1 << 16))
      else { throw FormatError("the pickle holds more values than a checkpoint has") }
    }
  }

  private mutating func step(_ opcode: UInt8) throws(FormatError) {
    switch Character(Unicode.Scalar(opcode)) {
    case "\u{80}":
      let version = try reader.byte("the pickle's protocol")
      guard (2...5).contains(version) else {
        throw FormatError("the pickle has protocol \(version); 2 to 5 are read")
      }
    case "\u{95}": _ = try reader.range(8, of: "a frame")
    case "(": marks.append(stack.count)
    case "0": _ = try pop()
    case "1": _ = try popToMark()
    case "2": stack.append(try top())
    case "N": stack.append(.none)
    case "\u{88}": stack.append(.bool(true))
    case "\u{89}": stack.append(.bool(false))
    case "J", "K", "M", "G", "\u{8A}": try number(opcode)
    case "X", "\u{8C}", "\u{8D}", "T", "U", "B", "C", "\u{8E}": try text(opcode)
    case "}", "]", ")", "t", "l", "d", "\u{85}", "\u{86}", "\u{87}": try container(opcode)
    case "a", "e", "s", "u": try fill(opcode)
    case "q", "r", "\u{94}", "h", "j": try memorise(opcode)
    case "c":
      let module = try reader.line("a module's name")
      stack.append(try global(module, try reader.line("a name in a module")))
    case "\u{93}":
      guard case .string(let name) = try pop(), case .string(let module) = try pop() else {
        throw FormatError("STACK_GLOBAL takes two strings")
      }
      stack.append(try global(module, name))
    case "R":
      let arguments = try elements(try pop(), "the arguments of REDUCE")
      let callable = try pop()
      stack.append(try construct(callable, arguments))
    case "Q": stack.append(try persistent(try pop()))
    case "b":
      // The attributes of a state dict (`_metadata`) say nothing about its tensors.
      _ = try pop()
      guard case .dictionary = try top() else {
        throw FormatError("BUILD of \(try top().kind): only dictionaries may have attributes")
      }
    default: throw PickleOpcodes.refusal(opcode)
    }
  }

  // MARK: Stack and heap

  private mutating func pop() throws(FormatError) -> PickleValue {
    let value = try top()
    stack.removeLast()
    return value
  }

  private func top() throws(FormatError) -> PickleValue {
    guard stack.count > marks.last ?? 0, let value = stack.last else {
      throw FormatError("an opcode of the pickle needs a value, but the stack is empty")
    }
    return value
  }

  private mutating func popToMark() throws(FormatError) -> [PickleValue] {
    guard let mark = marks.popLast() else { throw FormatError("the pickle lacks a MARK") }
    let values = Array(stack[mark...])
    stack.removeSubrange(mark...)
    return values
  }

  /// Counts what is held beside the values of containers.
  mutating func hold(_ count: Int) { heldCount += count }

  private mutating func allocate(_ values: [PickleValue]) -> Int {
    hold(values.count + Self.containerCost)
    heap.append(values)
    return heap.count - 1
  }

  mutating func dictionary(_ values: [PickleValue]) -> PickleValue { .dictionary(allocate(values)) }

  func elements(_ value: PickleValue, _ what: String) throws(FormatError) -> [PickleValue] {
    guard case .tuple(let place) = value else {
      throw FormatError("\(what) should be a tuple, but is \(value.kind)")
    }
    return heap[place]
  }

  // MARK: Opcodes

  private mutating func number(_ opcode: UInt8) throws(FormatError) {
    switch Character(Unicode.Scalar(opcode)) {
    case "J": stack.append(.int(Int(try reader.little(Int32.self, "an integer"))))
    case "K": stack.append(.int(Int(try reader.byte("an integer"))))
    case "M": stack.append(.int(Int(try reader.little(UInt16.self, "an integer"))))
    case "G": stack.append(.float(Double(bitPattern: try reader.big(UInt64.self, "a float"))))
    default:
      let count = Int(try reader.byte("the length of an integer"))
      let bytes = Array(try reader.slice(count, of: "an integer"))
      guard count <= 8 else {
        stack.append(.longInt(bytes))
        return
      }
      var value: UInt64 = bytes.last ?? 0 >= 0x80 ? .max : 0
      for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
      stack.append(.int(Int(truncatingIfNeeded: value)))
    }
  }

  private mutating func text(_ opcode: UInt8) throws(FormatError) {
    let count: UInt64
    switch Character(Unicode.Scalar(opcode)) {
    case "\u{8C}", "U", "C": count = UInt64(try reader.byte("a length"))
    case "X", "T", "B": count = UInt64(try reader.little(UInt32.self, "a length"))
    default: count = try reader.little(UInt64.self, "a length")
    }
    guard count <= UInt64(reader.remaining) else {
      throw FormatError("a string of \(count) bytes does not fit the pickle")
    }
    if [UInt8(ascii: "B"), UInt8(ascii: "C"), 0x8E].contains(opcode) {
      _ = try reader.range(Int(count), of: "bytes")
      stack.append(.bytes)
    } else {
      stack.append(.string(try reader.text(Int(count), "a string")))
    }
  }

  private mutating func container(_ opcode: UInt8) throws(FormatError) {
    switch Character(Unicode.Scalar(opcode)) {
    case "}": stack.append(.dictionary(allocate([])))
    case "]": stack.append(.list(allocate([])))
    case ")": stack.append(.tuple(allocate([])))
    case "t": stack.append(.tuple(allocate(try popToMark())))
    case "l": stack.append(.list(allocate(try popToMark())))
    case "d":
      let values = try popToMark()
      guard values.count % 2 == 0 else { throw FormatError("a dictionary lacks a value") }
      stack.append(.dictionary(allocate(values)))
    default:
      var values: [PickleValue] = []
      for _ in 0...Int(opcode - 0x85) { values.append(try pop()) }
      stack.append(.tuple(allocate(values.reversed())))
    }
  }

  private mutating func fill(_ opcode: UInt8) throws(FormatError) {
    var values: [PickleValue]
    switch Character(Unicode.Scalar(opcode)) {
    case "a": values = [try pop()]
    case "s":
      let value = try pop()
      values = [try pop(), value]
    default: values = try popToMark()
    }
    hold(values.count)
    let fillsList = opcode == UInt8(ascii: "a") || opcode == UInt8(ascii: "e")
    switch (try top(), fillsList) {
    case (.list(let place), true): heap[place] += values
    case (.dictionary(let place), false):
      guard values.count % 2 == 0 else { throw FormatError("a dictionary lacks a value") }
      heap[place] += values
    case (let target, _):
      throw FormatError("the pickle puts items into \(target.kind)")
    }
  }

  private mutating func memorise(_ opcode: UInt8) throws(FormatError) {
    let place: Int
    switch Character(Unicode.Scalar(opcode)) {
    case "q", "h": place = Int(try reader.byte("a memo's number"))
    case "r", "j": place = Int(try reader.little(UInt32.self, "a memo's number"))
    default: place = memo.count
    }
    if opcode == UInt8(ascii: "h") || opcode == UInt8(ascii: "j") {
      guard let value = memo[place] else {
        throw FormatError("the pickle refers to memo \(place), which it has not set")
      }
      stack.append(value)
    } else {
      memo[place] = try top()
    }
  }
}
