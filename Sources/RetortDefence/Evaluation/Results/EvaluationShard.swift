import RetortFormats

/// What one of several processes or machines found that share an evaluation's blocks of images.
///
/// Block `k` covers the images from `k · blockSize` on and belongs to shard `k mod count`. In
/// `results` labels, answers and losses are those of this shard's images alone, in their order,
/// each list cut where its attack or sample ends; so are the extents, the unperturbed points and
/// the gallery. Everything else is what one run would say.
package struct EvaluationShard: Codable, Equatable, Sendable {
  package var index: Int
  package var count: Int
  package var blockSize: Int
  /// How many images the whole evaluation has.
  package var imageCount: Int
  /// For each attack of the results, SHA-256 of the points of each of this shard's blocks.
  package var blockChecksums: [[String]]
  package var results: EvaluationResults

  package init(
    index: Int, count: Int, blockSize: Int, imageCount: Int, blockChecksums: [[String]],
    results: EvaluationResults
  ) {
    self.index = index
    self.count = count
    self.blockSize = blockSize
    self.imageCount = imageCount
    self.blockChecksums = blockChecksums
    self.results = results
  }

  /// The images of this shard's blocks among the first so many.
  package func imageRanges(first images: Int) -> [Range<Int>] {
    stride(from: index * blockSize, to: images, by: count * blockSize).map {
      $0..<min($0 + blockSize, images)
    }
  }

  /// The checksum of a whole set of points: SHA-256 of its blocks' SHA-256, in lower-case
  /// hexadecimal and in order, with nothing between.
  package static func checksum(ofBlocks checksums: [String]) -> String {
    SHA256.hexadecimal(checksums.joined().utf8)
  }
}
