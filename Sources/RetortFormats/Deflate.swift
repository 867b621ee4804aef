/// Packs bytes as DEFLATE data. Source: RFC 1951.
///
/// Repeats are found with chains of three-byte hashes, looking one byte ahead for a longer match;
/// each block takes the shortest of the three kinds. The result depends on the input alone.
struct Deflate {
  private static let window = 1 << 15
  private static let hashBits = 15
  private static let chainLimit = 48
  private static let tokensPerBlock = 1 << 15

  private let input: [UInt8]
  private var output = BitWriter()
  private var head = [Int32](repeating: -1, count: 1 << hashBits)
  private var previous = [Int32](repeating: -1, count: window)
  /// Literals below 256; matches as length << 16 | distance, with length at least 3.
  private var tokens: [UInt32] = []
  private var blockStart = 0

  static func deflate(_ input: [UInt8]) -> [UInt8] {
    // Positions are kept in 32 bits; past them nothing is searched, which stays correct.
    var deflate = Deflate(input)
    return deflate.run()
  }

  private init(_ input: [UInt8]) { self.input = input }

  private mutating func run() -> [UInt8] {
    var position = 0
    var pending = match(at: 0)
    while position < input.count {
      let found = pending
      insert(position)
      let next = position + 1 < input.count ? match(at: position + 1) : (length: 0, distance: 0)
      if found.length >= 3, found.length >= next.length {
        tokens.append(UInt32(found.length << 16 | found.distance))
        for offset in 1..<found.length { insert(position + offset) }
        position += found.length
        pending = match(at: position)
      } else {
        tokens.append(UInt32(input[position]))
        position += 1
        pending = next
      }
      if tokens.count >= Self.tokensPerBlock { flush(upTo: position, isLast: false) }
    }
    flush(upTo: position, isLast: true)
    return output.finished()
  }

  private func hash(_ position: Int) -> Int? {
    guard position + 2 < input.count, position < Int(Int32.max) else { return nil }
    let word =
      UInt32(input[position]) | UInt32(input[position + 1]) << 8
      | UInt32(input[position + 2]) << 16
    return Int((word &* 0x9E37_79B1) >> UInt32(32 - Self.hashBits))
  }

  private mutating func insert(_ position: Int) {
    guard let hash = hash(position) else { return }
    previous[position % Self.window] = head[hash]
    head[hash] = Int32(position)
  }

  /// The longest earlier repeat of what begins at `position`, of at most 258 bytes.
  private func match(at position: Int) -> (length: Int, distance: Int) {
    guard let hash = hash(position) else { return (0, 0) }
    let most = min(258, input.count - position)
    var best = (length: 0, distance: 0)
    var candidate = Int(head[hash])
    var tries = Self.chainLimit
    while candidate >= 0, tries > 0, position - candidate < Self.window, candidate < position {
      if best.length == 0 || input[candidate + best.length] == input[position + best.length] {
        var length = 0
        while length < most, input[candidate + length] == input[position + length] { length += 1 }
        if length > best.length { best = (length, position - candidate) }
        if length == most { break }
      }
      let older = Int(previous[candidate % Self.window])
      // The slot may have been taken over by a later position.
      guard older < candidate else { break }
      candidate = older
      tries -= 1
    }
    return best.length >= 3 ? best : (0, 0)
  }

  /// The symbol of a length (3...258), `257 +` the index of its base.
  private static let lengthSymbols: [UInt8] = {
    var symbols = [UInt8](repeating: 0, count: 259)
    for (index, base) in Inflate.lengthBases.enumerated() {
      for length in base..<min(259, base + 1 << Inflate.lengthExtras[index]) {
        symbols[length] = UInt8(index)
      }
    }
    return symbols
  }()

  private static func distanceSymbol(_ distance: Int) -> Int {
    guard distance > 4 else { return distance - 1 }
    let high = Int.bitWidth - 1 - (distance - 1).leadingZeroBitCount
    return 2 * high + ((distance - 1) >> (high - 1) & 1)
  }

  private static func parts(_ token: UInt32) -> (length: Int, distance: Int)? {
    token < 256 ? nil : (Int(token >> 16), Int(token & 0xFFFF))
  }

  /// Writes the tokens as one block of the shortest kind.
  private mutating func flush(upTo end: Int, isLast: Bool) {
    var literals = [Int](repeating: 0, count: 286)
    var distances = [Int](repeating: 0, count: 30)
    var extraBits = 0
    for token in tokens {
      if let (length, distance) = Self.parts(token) {
        let symbol = Int(Self.lengthSymbols[length])
        let code = Self.distanceSymbol(distance)
        literals[257 + symbol] += 1
        distances[code] += 1
        extraBits += Inflate.lengthExtras[symbol] + Inflate.distanceExtras[code]
      } else {
        literals[Int(token)] += 1
      }
    }
    literals[256] = 1
    let own = BlockCodes(literals: literals, distances: distances)
    let dynamicBits = own.headerBits + own.bits(literals, distances) + extraBits
    let fixedBits = BlockCodes.fixed.bits(literals, distances) + extraBits
    let pieces = (end - blockStart + 0xFFFE) / 0xFFFF
    let storedBits = 8 * (end - blockStart) + 40 * max(1, pieces)
    if storedBits < min(dynamicBits, fixedBits) {
      writeStored(blockStart..<end, isLast)
    } else {
      output.put(isLast ? 1 : 0, 1)
      output.put(fixedBits <= dynamicBits ? 1 : 2, 2)
      let codes = fixedBits <= dynamicBits ? BlockCodes.fixed : own
      if fixedBits > dynamicBits { codes.writeHeader(&output) }
      writeTokens(codes)
    }
    tokens.removeAll(keepingCapacity: true)
    blockStart = end
  }

  private mutating func writeStored(_ range: Range<Int>, _ isLast: Bool) {
    var start = range.lowerBound
    repeat {
      let end = min(start + 0xFFFF, range.upperBound)
      output.put(isLast && end == range.upperBound ? 1 : 0, 3)
      output.alignToByte()
      output.put(end - start, 16)
      output.put((end - start) ^ 0xFFFF, 16)
      output.append(input[start..<end])
      start = end
    } while start < range.upperBound
  }

  private mutating func writeTokens(_ codes: BlockCodes) {
    func put(_ value: UInt16, _ length: UInt8, _ output: inout BitWriter) {
      output.put(Int(value), Int(length))
    }
    for token in tokens {
      guard let (length, distance) = Self.parts(token) else {
        put(codes.literalCodes[Int(token)], codes.literalLengths[Int(token)], &output)
        continue
      }
      let symbol = Int(Self.lengthSymbols[length])
      put(codes.literalCodes[257 + symbol], codes.literalLengths[257 + symbol], &output)
      output.put(length - Inflate.lengthBases[symbol], Inflate.lengthExtras[symbol])
      let code = Self.distanceSymbol(distance)
      put(codes.distanceCodes[code], codes.distanceLengths[code], &output)
      output.put(distance - Inflate.distanceBases[code], Inflate.distanceExtras[code])
    }
    put(codes.literalCodes[256], codes.literalLengths[256], &output)
  }
}
