import RetortTensor
import RetortText

extension Images {
  /// The image at `index` in bytes: value · 255 to the nearest, clamped; NaN becomes 0.
  package func image(at index: Int) -> RGBImage {
    let count = height * width
    let bytes = pixels.withElements(of: Float.self) { values in
      var bytes = [UInt8](repeating: 0, count: 3 * count)
      for channel in 0..<3 {
        for pixel in 0..<count {
          bytes[3 * pixel + channel] = Self.byte(values[(3 * index + channel) * count + pixel])
        }
      }
      return bytes
    }
    return RGBImage(width: width, height: height, bytes: bytes)
  }

  /// Writes by suffix: `.npy` float32 as they are, `.bin` CIFAR-10 records (32 × 32 with labels),
  /// `.png` for a single image; any other path is a folder that gets one PNG file for each.
  package func write(to path: String) throws(Diagnostics) {
    let lower = path.lowercased()
    if lower.hasSuffix(".npy") || path == "-" {
      return try AtomicFile.write(Npy.encode(pixels), to: path)
    }
    if lower.hasSuffix(".bin") { return try AtomicFile.write(cifarBytes(path), to: path) }
    if lower.hasSuffix(".png") {
      guard count == 1 else {
        throw Diagnostics(
          "a PNG file holds one image, not \(count)", path: path,
          hint: "name a folder, or an .npy file")
      }
      return try AtomicFile.write(PNG.encode(image(at: 0)), to: path)
    }
    try AtomicFile.createFolder(path)
    for index in 0..<count {
      let name = names[index].lowercased().hasSuffix(".png") ? names[index] : names[index] + ".png"
      try AtomicFile.write(PNG.encode(image(at: index)), to: path + "/" + name)
    }
  }

  private func cifarBytes(_ path: String) throws(Diagnostics) -> [UInt8] {
    guard let labels, height == 32, width == 32, labels.allSatisfy((0..<10).contains) else {
      throw Diagnostics(
        "CIFAR-10 records need images of 32x32 with labels 0 to 9", path: path,
        hint: "write .npy or a folder of PNG files")
    }
    let bytes = pixels.withElements(of: Float.self) { $0.map(Self.byte) }
    return Cifar(labels: labels.map(UInt8.init), pixels: bytes).encoded
  }

  private static func byte(_ value: Float) -> UInt8 {
    value > 0 ? UInt8(min((value * 255).rounded(.toNearestOrAwayFromZero), 255)) : 0
  }
}
