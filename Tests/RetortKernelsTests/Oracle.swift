import RetortKernels
import Testing

/// A small linear congruential generator, so that every test is the same on every machine.
struct Numbers {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state >> 33
  }
  /// In [−1, 1).
  mutating func float() -> Float { Float(next()) * 0x1p-30 - 1 }
  mutating func floats(_ count: Int) -> [Float] { (0..<count).map { _ in float() } }
}

/// The inputs of DEFENCE 8: `u(k) = ((1103515245 k + 12345) mod 2³¹) / 2³¹`.
func acceptanceInput(_ count: Int, offset: Int = 0) -> [Float] {
  (0..<count).map { k in
    Float(Double((1_103_515_245 * (k + offset) + 12345) % 0x8000_0000) / 0x1p31)
  }
}

/// Runs `body` for every tile, last first (no tile may need another), with scratch full of NaN.
func forEachTile(
  _ count: Int, scratchByteCount: Int = 0, _ body: (Int, UnsafeMutableRawPointer) -> Void
) {
  let scratch = UnsafeMutableRawPointer.allocate(byteCount: scratchByteCount + 64, alignment: 64)
  defer { scratch.deallocate() }
  for tile in (0..<count).reversed() {
    scratch.initializeMemory(as: UInt8.self, repeating: 0xFF, count: scratchByteCount + 64)
    body(tile, scratch)
    let behind = UnsafeRawBufferPointer(start: scratch + scratchByteCount, count: 64)
    #expect(behind.allSatisfy { $0 == 255 }, "wrote past its scratch")
  }
}

/// Room for a kernel's result, with guard elements behind it.
struct Result<Scalar: Equatable> {
  private var storage: [Scalar]
  private let guardValue: Scalar
  let count: Int

  init(_ count: Int, guardedBy guardValue: Scalar) {
    self.count = count
    self.guardValue = guardValue
    storage = Array(repeating: guardValue, count: count + 32)
  }

  mutating func fill(_ body: (UnsafeMutablePointer<Scalar>) -> Void) -> [Scalar] {
    storage.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
    let behind = storage[count...]
    #expect(behind.allSatisfy { $0 == guardValue }, "wrote past its output")
    return Array(storage[..<count])
  }
}

func floats(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
  var result = Result<Float>(count, guardedBy: 12345.5)
  return result.fill(body)
}

/// The largest `|a − b| / (1 + |b|)`.
func worst(_ a: [Float], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { x, y in
    let difference = abs(Double(x) - y) / (1 + abs(y))
    return difference.isNaN ? .infinity : difference
  }.max() ?? 0
}

/// The largest `|a − b| / magnitude`, 0 where both are 0.
func worst(_ a: [Float], _ b: [Double], relativeTo magnitudes: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return a.indices.map { i in
    let difference = abs(Double(a[i]) - b[i])
    if difference == 0 { return 0 }
    return difference.isNaN ? .infinity : difference / magnitudes[i]
  }.max() ?? 0
}
