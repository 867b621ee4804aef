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

  /// How images are written to a path.
  package enum Target: Equatable, Sendable {
    /// `.npy`, and standard output: 32-bit floats as they are.
    case array
    /// `.bin`: records of CIFAR-10, images of 32 × 32 with labels.
    case records
    /// `.png`: one image.
    case picture
    /// A folder that gets a PNG file for each image.
    case folder

    /// Told by the suffix, in any case.
    ///
    /// - Throws: for the suffix of a format in which images are not written.
    package init(_ path: String) throws(Diagnostics) {
      let lower = path.lowercased()
      if path == "-" || lower.hasSuffix(".npy") {
        self = .array
      } else if lower.hasSuffix(".bin") {
        self = .records
      } else if lower.hasSuffix(".png") {
        self = .picture
      } else {
        guard !Self.foreignSuffixes.contains(where: lower.hasSuffix) else {
          throw Diagnostics(
            "images are not written in this format", path: path,
            hint: "end it in .npy, .png (one image) or .bin (CIFAR-10), or name a folder")
        }
        self = .folder
      }
    }

    private static let foreignSuffixes = [
      ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".npz", ".pt",
      ".safetensors",
    ]
  }

  /// Whether these images, or others of their number, size and labels, can be written to a path: to
  /// be asked before they are computed. It is tried, and what is made for that is taken away.
  ///
  /// - Throws: what would stop `write`.
  package func checkWritable(to path: String) throws(Diagnostics) {
    switch try Target(path) {
    case .array: break
    case .records:
      guard let labels, height == 32, width == 32, labels.allSatisfy((0..<10).contains) else {
        throw Diagnostics(
          "CIFAR-10 records need images of 32x32 with labels 0 to 9", path: path,
          hint: "write .npy or a folder of PNG files")
      }
    case .picture:
      guard count == 1 else {
        throw Diagnostics(
          "a PNG file holds one image, not \(count)", path: path,
          hint: "name a folder, or an .npy file")
      }
    case .folder: return try AtomicFile.checkFolder(path)
    }
    try AtomicFile.check(path)
  }

  /// Writes as `Target` says.
  package func write(to path: String) throws(Diagnostics) {
    try checkWritable(to: path)
    switch try Target(path) {
    case .array: try AtomicFile.write(Npy.encode(pixels), to: path)
    case .records: try AtomicFile.write(records, to: path)
    case .picture: try AtomicFile.write(PNG.encode(image(at: 0)), to: path)
    case .folder:
      try AtomicFile.createFolder(path)
      for (index, file) in files(inFolder: path).enumerated() {
        try AtomicFile.write(PNG.encode(image(at: index)), to: file)
      }
    }
  }

  /// The PNG files that `write` makes in a folder, in the images' order.
  package func files(inFolder path: String) -> [String] {
    names.map { path + "/" + ($0.lowercased().hasSuffix(".png") ? $0 : $0 + ".png") }
  }

  private var records: [UInt8] {
    let bytes = pixels.withElements(of: Float.self) { $0.map(Self.byte) }
    return Cifar(labels: (labels ?? []).map(UInt8.init), pixels: bytes).encoded
  }

  private static func byte(_ value: Float) -> UInt8 {
    value > 0 ? UInt8(min((value * 255).rounded(.toNearestOrAwayFromZero), 255)) : 0
  }
}
