import RetortTensor
import RetortText

/// Images of one size, as a network takes them, with what else their file says.
package struct Images: Sendable {
  /// f32 `[n, 3, height, width]` in 0...1.
  package var pixels: HostTensor
  /// A name for each: the PNG file's, or the file's and the number in it.
  package var names: [String]
  /// The classes, where the file has them.
  package var labels: [Int]?
  /// What of a folder was left out, as a sentence; nil where that is nothing.
  package private(set) var note: String?

  package init(pixels: HostTensor, names: [String], labels: [Int]? = nil) {
    precondition(
      pixels.type.element == .f32 && pixels.shape.rank == 4, "images are f32[n, 3, h, w]")
    self.pixels = pixels
    self.names = names
    self.labels = labels
  }

  package var count: Int { pixels.shape[0] }
  package var height: Int { pixels.shape[2] }
  package var width: Int { pixels.shape[3] }

  // MARK: Reading

  /// Reads a PNG file, a folder of PNG files (in the order of their names) or of CIFAR batches, a
  /// CIFAR-10 `.bin` file, or an `.npy` file: float32 or float64 `[n, 3, h, w]` in 0...1, or uint8
  /// of the same shape. Bytes become value / 255. What it costs in memory: Docs/formats.md.
  /// - Parameter first: how many images are wanted at most.
  package static func read(
    _ path: String, first: Int? = nil
  ) throws(Diagnostics) -> Images {
    if InputFile.isFolder(path) { return try readFolder(path, first) }
    let bytes = try InputFile.read(path)
    if PNG.recognises(bytes) || path.lowercased().hasSuffix(".png") {
      return try join([decodePNG(bytes, path)], [fileName(path)], path)
    }
    if Npy.recognises(bytes[...]) || path.lowercased().hasSuffix(".npy") {
      let stored = try naming(path) { () throws(FormatError) in try Npy.decode(bytes[...]) }
      return try fromArray(stored, path, first)
    }
    guard path.lowercased().hasSuffix(".bin") else {
      throw Diagnostics(
        "is no file of images", path: path,
        hint: "read are PNG files, folders of them, CIFAR-10 .bin files and .npy arrays")
    }
    return fromCifar(try naming(path) { () throws(FormatError) in try Cifar(bytes) }, path, first)
  }

  private static func readFolder(_ path: String, _ first: Int?) throws(Diagnostics) -> Images {
    let content = try ImageFolder(listing: path)
    if content.isOfBatches { return fromCifar(try Cifar.read(path), path, first) }
    let wanted = Array(content.pictures.prefix(first ?? .max))
    var images: [RGBImage] = []
    for name in wanted {
      let file = path + "/" + name
      images.append(try decodePNG(InputFile.read(file), file))
    }
    var joined = try join(images, wanted, path)
    joined.note = content.note
    return joined
  }

  /// Refuses a folder of CIFAR batches where images to train on are hardly what is meant.
  package static func refuseTrainingImages(_ path: String) throws(Diagnostics) {
    guard InputFile.isFolder(path), try ImageFolder(listing: path).isOfBatches else { return }
    throw Diagnostics(
      "is a folder, whose training images would be taken", path: path,
      hint: "name the file of the images that are meant, \(path)/test_batch.bin")
  }

  private static func decodePNG(_ bytes: [UInt8], _ path: String) throws(Diagnostics) -> RGBImage {
    try naming(path) { () throws(FormatError) in try PNG.decode(bytes) }
  }

  private static func fileName(_ path: String) -> String {
    String(path.split(separator: "/").last ?? "image.png")
  }

  private static func join(
    _ images: [RGBImage], _ names: [String], _ path: String
  ) throws(Diagnostics) -> Images {
    let (height, width) = (images.first?.height ?? 0, images.first?.width ?? 0)
    for (image, name) in zip(images, names) {
      guard image.height == height, image.width == width else {
        throw Diagnostics(
          "\(quoted(name)) is \(image.width)x\(image.height), but \(quoted(names[0])) is"
            + " \(width)x\(height); images that go together have one size", path: path,
          hint: "resize them, or put each size into a folder of its own")
      }
    }
    // Not before all are known to be of one size: a small file must not cost what a large one does.
    let area = height * width
    let pixels = floats([images.count, 3, height, width]) { target in
      for (index, image) in images.enumerated() {
        for channel in 0..<3 {
          let plane = (3 * index + channel) * area
          for pixel in 0..<area { target[plane + pixel] = unit(image.bytes[3 * pixel + channel]) }
        }
      }
    }
    return Images(pixels: pixels, names: names)
  }

  private static func fromCifar(_ cifar: Cifar, _ path: String, _ first: Int?) -> Images {
    let count = min(cifar.count, max(0, first ?? .max))
    let pixels = floats([count, 3, 32, 32]) { target in
      for index in target.indices { target[index] = unit(cifar.pixels[index]) }
    }
    return Images(
      pixels: pixels, names: numbered(count, of: cifar.count, path),
      labels: cifar.labels[..<count].map(Int.init))
  }

  /// Images from an array, as `read` takes them from an `.npy` file.
  ///
  /// - Throws: for an array of anything else, and for one of no images.
  package static func fromArray(
    _ stored: StoredTensor, _ path: String, _ first: Int? = nil
  ) throws(Diagnostics) -> Images {
    let shape = stored.tensor.shape
    guard shape.rank == 4, shape[1] == 3, ["uint8", "float32", "float64"].contains(stored.dtype)
    else {
      throw Diagnostics(
        "holds \(stored.dtype)\(shape), not images", path: path,
        hint: "images are float32, float64 or uint8 [n, 3, height, width]")
    }
    // An array without values may claim any number of images.
    guard shape.elementCount > 0 else {
      throw Diagnostics("holds no images, its shape is \(shape)", path: path)
    }
    let count = min(shape[0], max(0, first ?? .max))
    let pixels = floats([count, 3, shape[2], shape[3]]) { target in
      func fill<E: Element>(_ value: (E) -> Float) {
        stored.tensor.withElements(of: E.self) { elements in
          for index in target.indices { target[index] = value(elements[index]) }
        }
      }
      switch stored.dtype {
      case "uint8": fill { (byte: Int32) in unit(UInt8(truncatingIfNeeded: byte)) }
      case "float32": fill { (value: Float) in value }
      default: fill { (value: Double) in Float(value) }
      }
    }
    if let wrong = pixels.withElements(of: Float.self, { $0.first { !($0 >= 0 && $0 <= 1) } }) {
      throw Diagnostics(
        "has the value \(wrong); images are in 0...1", path: path,
        hint: wrong.isNaN ? "no pixel may be NaN" : "divide by 255, or save them as uint8")
    }
    return Images(pixels: pixels, names: numbered(count, of: shape[0], path))
  }

  /// A tensor whose values are written where they stay: copies of them are what reading would cost
  /// most.
  private static func floats(
    _ shape: Shape, _ fill: (UnsafeMutableBufferPointer<Float>) -> Void
  ) -> HostTensor {
    var tensor = HostTensor(zeros: TensorType(.f32, shape))
    tensor.withUnsafeMutableBytes { fill($0.bindMemory(to: Float.self)) }
    return tensor
  }

  private static func numbered(_ count: Int, of total: Int, _ path: String) -> [String] {
    let name = fileName(path).split(separator: ".").first ?? "image"
    // Of one width, so that their order is the same for every program that sorts the files; that of
    // the last there is, so that an image has its name however many are taken.
    let width = String(max(0, total - 1)).count
    return (0..<count).map {
      let number = String($0)
      return "\(name)-" + String(repeating: "0", count: width - number.count) + number
    }
  }

  private static func unit(_ byte: UInt8) -> Float { Float(byte) / 255 }
}
