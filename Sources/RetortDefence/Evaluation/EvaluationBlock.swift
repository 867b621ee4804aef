import RetortFormats

/// Consecutive images of the data: what is computed, kept and shared out as one.
struct EvaluationBlock {
  /// Of its first image in the data.
  let first: Int
  let images: ImageSet
  /// SHA-256 of pixels and labels.
  let checksum: String
  /// Whose draws each image gets: those of its place in the data.
  let keys: [ImageKey]

  init(_ range: Range<Int>, of all: ImageSet) {
    first = range.lowerBound
    images = all.slice(range)
    checksum = images.checksum
    keys = range.map(ImageKey.init(index:))
  }
}
