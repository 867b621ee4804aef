import Foundation
import RetortFormats
import RetortTensor

/// A folder of its own for one test, removed with the value.
final class TemporaryFolder {
  let path: String

  init() {
    path = NSTemporaryDirectory() + "/retort-formats-" + UUID().uuidString
    try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ bytes: [UInt8], _ name: String) -> String {
    try! Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  var names: [String] { try! FileManager.default.contentsOfDirectory(atPath: path).sorted() }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

/// One tensor of every element type that files can hold, with values at the ends of their range.
func sampleTensors() -> [(name: String, tensor: HostTensor)] {
  [
    ("f64", HostTensor([2, 2], [0.1, -.infinity, 1e300, -0.0] as [Double])),
    (
      "f32",
      HostTensor([2, 1, 3], [1.5, -2, Float.infinity, Float.leastNonzeroMagnitude, 0, -0.0])
    ),
    ("f16", HostTensor([3], [Half(1), Half(bits: 1), Half(bits: 0xFC00)])),
    ("bf16", HostTensor([2], [BFloat(1), BFloat(bits: 0xFF80)])),
    ("i64", HostTensor([3], [Int64.min, -1, .max])),
    ("i32", HostTensor([], [Int32.min])),
    ("u32", HostTensor([1, 2], [UInt32.max, 7])),
    ("bool", HostTensor([4], [true, false, false, true])),
    ("empty", HostTensor([0, 3], [] as [Float])),
  ]
}

func sampleImage(width: Int, height: Int) -> RGBImage {
  var generator = SeededGenerator(seed: UInt64(width * 1000 + height))
  let bytes = (0..<3 * width * height).map { index in
    UInt8(truncatingIfNeeded: index * 3 + Int(generator.next() % 5))
  }
  return RGBImage(width: width, height: height, bytes: bytes)
}
