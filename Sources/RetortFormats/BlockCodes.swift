/// The two prefix codes of one DEFLATE block and how they are written. Source: RFC 1951, 3.2.7.
struct BlockCodes {
  let literalLengths: [UInt8]
  let distanceLengths: [UInt8]
  let literalCodes: [UInt16]
  let distanceCodes: [UInt16]
  /// The code lengths, run-length coded: symbol, extra value, extra bits.
  private let runs: [(symbol: Int, extra: Int, extraBits: Int)]
  private let runLengths: [UInt8]
  private let literalCount: Int
  private let distanceCount: Int

  /// The shortest codes for symbols that occur so often.
  init(literals: [Int], distances: [Int]) {
    self.init(
      HuffmanCode.lengths(frequencies: literals, limit: 15),
      HuffmanCode.lengths(frequencies: distances, limit: 15))
  }

  /// The codes that every reader knows.
  static let fixed = BlockCodes(
    [UInt8](repeating: 8, count: 144) + [UInt8](repeating: 9, count: 112)
      + [UInt8](repeating: 7, count: 24) + [UInt8](repeating: 8, count: 8),
    [UInt8](repeating: 5, count: 30))

  private init(_ literalLengths: [UInt8], _ distanceLengths: [UInt8]) {
    self.literalLengths = literalLengths
    self.distanceLengths = distanceLengths
    literalCodes = HuffmanCode.codes(literalLengths)
    distanceCodes = HuffmanCode.codes(distanceLengths)
    literalCount = max(257, 1 + (literalLengths.lastIndex { $0 > 0 } ?? 0))
    distanceCount = 1 + (distanceLengths.lastIndex { $0 > 0 } ?? 0)
    let all = Array(literalLengths[..<literalCount] + distanceLengths[..<distanceCount])
    runs = Self.runs(all)
    var frequencies = [Int](repeating: 0, count: 19)
    for run in runs { frequencies[run.symbol] += 1 }
    runLengths = HuffmanCode.lengths(frequencies: frequencies, limit: 7)
  }

  private static func runs(_ lengths: [UInt8]) -> [(symbol: Int, extra: Int, extraBits: Int)] {
    var result: [(symbol: Int, extra: Int, extraBits: Int)] = []
    var index = 0
    while index < lengths.count {
      let value = lengths[index]
      var count = 1
      while index + count < lengths.count, lengths[index + count] == value { count += 1 }
      index += count
      if value > 0 {
        result.append((Int(value), 0, 0))
        count -= 1
      }
      while count >= 3 {
        let taken = min(count, value > 0 ? 6 : count >= 11 ? 138 : 10)
        if value > 0 {
          result.append((16, taken - 3, 2))
        } else {
          result.append(taken >= 11 ? (18, taken - 11, 7) : (17, taken - 3, 3))
        }
        count -= taken
      }
      for _ in 0..<count { result.append((Int(value), 0, 0)) }
    }
    return result
  }

  private var orderCount: Int {
    1 + (Inflate.lengthOrder.lastIndex { runLengths[$0] > 0 } ?? 3)
  }

  var headerBits: Int {
    runs.reduce(14 + 3 * max(4, orderCount)) { $0 + Int(runLengths[$1.symbol]) + $1.extraBits }
  }

  /// The bits that symbols of these frequencies take, without extra bits.
  func bits(_ literals: [Int], _ distances: [Int]) -> Int {
    zip(literals, literalLengths).reduce(0) { $0 + $1.0 * Int($1.1) }
      + zip(distances, distanceLengths).reduce(0) { $0 + $1.0 * Int($1.1) }
  }

  func writeHeader(_ output: inout BitWriter) {
    output.put(literalCount - 257, 5)
    output.put(distanceCount - 1, 5)
    let count = max(4, orderCount)
    output.put(count - 4, 4)
    for index in 0..<count { output.put(Int(runLengths[Inflate.lengthOrder[index]]), 3) }
    let codes = HuffmanCode.codes(runLengths)
    for run in runs {
      output.put(Int(codes[run.symbol]), Int(runLengths[run.symbol]))
      output.put(run.extra, run.extraBits)
    }
  }
}

/// Bits put together from the lowest of each byte, as DEFLATE does.
struct BitWriter {
  private var bytes: [UInt8] = []
  private var pending: UInt64 = 0
  private var pendingCount = 0

  /// Appends the lowest `count` bits, at most 16.
  mutating func put(_ value: Int, _ count: Int) {
    pending |= UInt64(value) << UInt64(pendingCount)
    pendingCount += count
    while pendingCount >= 8 {
      bytes.append(UInt8(truncatingIfNeeded: pending))
      pending >>= 8
      pendingCount -= 8
    }
  }

  mutating func alignToByte() {
    if pendingCount > 0 { put(0, 8 - pendingCount) }
  }

  /// Appends whole bytes; the writer must be aligned.
  mutating func append(_ more: ArraySlice<UInt8>) { bytes += more }

  mutating func finished() -> [UInt8] {
    alignToByte()
    return bytes
  }
}
