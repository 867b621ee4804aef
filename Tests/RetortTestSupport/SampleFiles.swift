import RetortFormats
import RetortTensor

/// One tensor of every element type that files can hold, with values at the ends of their range.
package func sampleTensors() -> [(name: String, tensor: HostTensor)] {
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

/// The `.npy` file of an array of 8-bit numbers, which no tensor in memory has: they are put in the
/// place of another type of one byte.
package func npyOfBytes(_ shape: Shape, _ values: [UInt8]) -> [UInt8] {
  var file = Npy.encode(HostTensor(zeros: TensorType(.bool, shape)))
  file.replaceSubrange(file.firstRange(of: Array("|b1".utf8))!, with: Array("|u1".utf8))
  file.replaceSubrange((file.count - values.count)..., with: values)
  return file
}

package func sampleImage(width: Int, height: Int) -> RGBImage {
  var generator = SeededGenerator(seed: UInt64(width * 1000 + height))
  let bytes = (0..<3 * width * height).map { index in
    UInt8(truncatingIfNeeded: index * 3 + Int(generator.next() % 5))
  }
  return RGBImage(width: width, height: height, bytes: bytes)
}
