/// A canonical prefix code as in DEFLATE. Source: RFC 1951, section 3.2.2.
struct HuffmanCode: Sendable {
  /// Code lengths looked up at once; longer codes are followed bit by bit.
  static let rootBits = 10

  /// By the next `rootBits` bits of the input: symbol << 4 | length, or 0 if the code is longer.
  private(set) var root = [UInt16](repeating: 0, count: 1 << rootBits)
  /// How many codes have each length, and the symbols in order of their codes.
  private(set) var counts = [Int](repeating: 0, count: 16)
  private(set) var symbols: [UInt16] = []

  /// - Throws: unless the lengths (each at most 15) make a complete code, or the code has a single
  ///   symbol of one bit, or none, which DEFLATE allows for distances.
  init(lengths: ArraySlice<UInt8>, _ what: String) throws(FormatError) {
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    var free = 1
    for length in 1...15 {
      free = free * 2 - counts[length]
      if free < 0 { throw FormatError("the code for \(what) has too many codes of \(length) bits") }
    }
    let used = counts.reduce(0, +)
    guard free == 0 || used == 0 || used == 1 && counts[1] == 1 else {
      throw FormatError("the code for \(what) is incomplete")
    }
    var offsets = [Int](repeating: 0, count: 17)
    for length in 1...15 { offsets[length + 1] = offsets[length] + counts[length] }
    symbols = [UInt16](repeating: 0, count: used)
    for (symbol, length) in lengths.enumerated() where length > 0 {
      symbols[offsets[Int(length)]] = UInt16(symbol)
      offsets[Int(length)] += 1
    }
    fillRoot(Array(lengths))
  }

  private mutating func fillRoot(_ lengths: [UInt8]) {
    for (symbol, code) in Self.codes(lengths).enumerated() {
      let length = Int(lengths[symbol])
      guard length > 0, length <= Self.rootBits else { continue }
      var index = Int(code)
      while index < root.count {
        root[index] = UInt16(symbol << 4 | length)
        index += 1 << length
      }
    }
  }

  /// The code of each symbol with its first bit lowest, as it enters the stream.
  static func codes(_ lengths: [UInt8]) -> [UInt16] {
    var next = [Int](repeating: 0, count: 17)
    var counts = [Int](repeating: 0, count: 16)
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    for length in 1...15 { next[length + 1] = (next[length] + counts[length]) << 1 }
    return lengths.map { length in
      guard length > 0 else { return 0 }
      defer { next[Int(length)] += 1 }
      var code = next[Int(length)]
      var reversed = 0
      for _ in 0..<length {
        reversed = reversed << 1 | code & 1
        code >>= 1
      }
      return UInt16(reversed)
    }
  }

  /// Code lengths of at most `limit` bits for symbols of these frequencies; 0 for those that do
  /// not occur. At least one symbol gets a code, and a lone symbol gets one bit.
  static func lengths(frequencies: [Int], limit: Int) -> [UInt8] {
    var lengths = [UInt8](repeating: 0, count: frequencies.count)
    var scaled = frequencies
    while true {
      let used = scaled.indices.filter { scaled[$0] > 0 }
      if used.count <= 1 {
        lengths[used.first ?? 0] = 1
        return lengths
      }
      let depths = depths(used.map { scaled[$0] })
      if depths.max()! <= limit {
        for (symbol, depth) in zip(used, depths) { lengths[symbol] = UInt8(depth) }
        return lengths
      }
      // Flatter frequencies make a flatter tree; a few rounds reach any limit in use.
      for symbol in used { scaled[symbol] = (scaled[symbol] + 1) / 2 }
    }
  }

  /// The depth of each leaf in a Huffman tree over two or more weights: the two-queue method on
  /// sorted weights.
  private static func depths(_ weights: [Int]) -> [Int] {
    let order = weights.indices.sorted { (weights[$0], $0) < (weights[$1], $1) }
    let leaves = weights.count
    var weight = order.map { weights[$0] }
    var parent = [Int](repeating: 0, count: 2 * leaves - 1)
    var (leaf, inner) = (0, leaves)
    while weight.count < 2 * leaves - 1 {
      var sum = 0
      for _ in 0..<2 {
        let takesLeaf = leaf < leaves && (inner >= weight.count || weight[leaf] <= weight[inner])
        let node = takesLeaf ? leaf : inner
        if takesLeaf { leaf += 1 } else { inner += 1 }
        sum += weight[node]
        parent[node] = weight.count
      }
      weight.append(sum)
    }
    var depth = [Int](repeating: 0, count: weight.count)
    for node in stride(from: weight.count - 2, through: 0, by: -1) {
      depth[node] = depth[parent[node]] + 1
    }
    var result = [Int](repeating: 0, count: leaves)
    for (position, symbol) in order.enumerated() { result[symbol] = depth[position] }
    return result
  }
}
