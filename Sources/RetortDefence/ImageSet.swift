import RetortFormats
import RetortTensor
import RetortText

/// Images with labels, in memory, from which batches are taken.
package struct ImageSet: Sendable {
  /// More images than any set has.
  package static let countLimit = 1 << 24
  /// The most images at a time: the bytes of a larger batch might not fit an Int.
  package static let batchLimit = 1 << 16

  /// `f32[n, 3, h, w]` in [0, 1].
  package let pixels: HostTensor
  /// Empty where the files hold none.
  package let labels: [Int]
  package let names: [String]
  /// What was left out where they were read, as a sentence; nil where that is nothing.
  package private(set) var note: String?

  package var count: Int { pixels.shape[0] }
  package var height: Int { pixels.shape[2] }
  package var width: Int { pixels.shape[3] }

  package init(pixels: HostTensor, labels: [Int], names: [String] = []) {
    self.pixels = pixels
    self.labels = labels
    self.names = names
  }

  /// Everything that `Images` reads: a PNG file or folder, CIFAR-10 `.bin` files, `.npy`.
  ///
  /// - Parameter first: how many are wanted; all if nil. There may be fewer.
  /// - Throws: for what cannot be read, and for an array of no images.
  package init(reading path: String, first: Int? = nil) throws(Diagnostics) {
    let images = try Images.read(path, first: first)
    self.init(pixels: images.pixels, labels: images.labels ?? [], names: images.names)
    note = images.note
  }

  /// - Throws: unless every image has a label.
  package func requireLabels(_ path: String) throws(Diagnostics) {
    guard labels.count == count else {
      throw Diagnostics(
        "has no labels", path: path,
        hint: "give CIFAR-10 .bin files, or draw a set with 'retort data synthetic -o DIR'")
    }
  }

  /// These images with the first labels of another set.
  package func labelled(like other: ImageSet, path: String) throws(Diagnostics) -> ImageSet {
    guard other.labels.count >= count else {
      throw Diagnostics("has \(other.labels.count) labels for \(count) images", path: path)
    }
    return ImageSet(pixels: pixels, labels: Array(other.labels.prefix(count)), names: names)
  }

  /// SHA-256 of pixels and labels.
  package var checksum: String {
    SHA256.hexadecimal(pixels.bytes + labels.map { UInt8(truncatingIfNeeded: $0) })
  }

  private var imageByteCount: Int { pixels.bytes.count / max(1, count) }

  /// A key for each image, from its pixels.
  package var contentKeys: [ImageKey] {
    let each = imageByteCount
    return (0..<count).map {
      ImageKey(content: pixels.bytes[$0 * each..<($0 + 1) * each])
    }
  }

  package func slice(_ range: Range<Int>) -> ImageSet {
    let each = imageByteCount
    let shape = Shape([range.count] + pixels.shape.extents.dropFirst())
    return ImageSet(
      pixels: HostTensor(
        pixels.type.with(shape),
        bytes: Array(pixels.bytes[range.lowerBound * each..<range.upperBound * each])),
      labels: labels.isEmpty ? [] : Array(labels[range]),
      names: names.isEmpty ? [] : Array(names[range]))
  }

  /// Images of which some, by index, are taken from rows of another tensor.
  package static func replacing(
    _ rows: [Int: Int], of images: HostTensor, by others: HostTensor
  ) -> HostTensor {
    let each = images.bytes.count / max(1, images.shape[0])
    var bytes = images.bytes
    for (index, row) in rows {
      bytes.replaceSubrange(
        index * each..<(index + 1) * each, with: others.bytes[row * each..<(row + 1) * each])
    }
    return HostTensor(images.type, bytes: bytes)
  }

  /// The images of the given indices, in their order.
  package func batch(_ indices: [Int]) -> HostTensor {
    let each = imageByteCount
    var bytes: [UInt8] = []
    bytes.reserveCapacity(indices.count * each)
    for index in indices { bytes += pixels.bytes[index * each..<(index + 1) * each] }
    let shape = Shape([indices.count] + pixels.shape.extents.dropFirst())
    return HostTensor(pixels.type.with(shape), bytes: bytes)
  }
}
