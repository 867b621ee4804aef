import RetortFormats

extension EvaluationResults {
  /// The results of one run, from those of all its shards in any order.
  ///
  /// - Throws: where a shard is missing or comes twice, where shards are of different recipes,
  ///   data, weights or programs, and where one does not hold what its blocks need.
  package static func merge(_ given: [EvaluationShard]) throws(FormatError) -> EvaluationResults {
    let shards = try ordered(given)
    let frame = shards[0].results.frame
    for shard in shards {
      try shard.checkShape()
      if let difference = shard.results.frame.difference(from: frame) {
        throw FormatError(
          "shard \(shard.index &+ 1) is \(difference) than shard 1; only shards of one evaluation merge"
        )
      }
    }
    var merged = frame
    merged.labels = try joined(shards, "the labels", total: shards[0].imageCount) { $0.labels }
    for index in frame.cells.indices {
      let cell = frame.cells[index]
      merged.cells[index].answers = try joined(
        shards, "the answers of \(cell.arm) on \(cell.attack)"
      ) { $0.cells[index].answers }
    }
    for index in frame.losses.indices {
      let sample = frame.losses[index]
      merged.losses[index].values = try joined(
        shards, "the losses of \(sample.task) on \(sample.points.name)"
      ) { $0.losses[index].values }
    }
    for index in frame.attacks.indices {
      try merged.attacks[index].take(shards, index)
    }
    merged.gallery = shards.flatMap(\.results.gallery).sorted { $0.image < $1.image }
    try merged.validate()
    return merged
  }

  /// All shards of an evaluation in their order.
  private static func ordered(
    _ given: [EvaluationShard]
  ) throws(FormatError) -> [EvaluationShard] {
    guard let first = given.first else { throw FormatError("there are no shards to merge") }
    for shard in given {
      guard shard.count == first.count, shard.blockSize == first.blockSize,
        shard.imageCount == first.imageCount
      else {
        throw FormatError(
          "shard \(shard.index &+ 1) is one of \(shard.count), in blocks of \(shard.blockSize) of "
            + "\(shard.imageCount) images, but shard \(first.index &+ 1) is one of \(first.count), in "
            + "blocks of \(first.blockSize) of \(first.imageCount)")
      }
    }
    guard (1...1 << 16).contains(first.count), (1...ImageSet.countLimit).contains(first.blockSize),
      (0...ImageSet.countLimit).contains(first.imageCount)
    else {
      throw FormatError(
        "\(first.count) shards in blocks of \(first.blockSize) of \(first.imageCount) images are "
          + "not an evaluation")
    }
    var places = [EvaluationShard?](repeating: nil, count: first.count)
    for shard in given {
      guard places.indices.contains(shard.index) else {
        throw FormatError("shard \(shard.index &+ 1) is not one of 1 to \(first.count)")
      }
      guard places[shard.index] == nil else {
        throw FormatError("shard \(shard.index &+ 1) of \(first.count) comes twice")
      }
      places[shard.index] = shard
    }
    let missing = places.indices.filter { places[$0] == nil }
    guard missing.isEmpty else {
      let names = missing.prefix(8).map { String($0 + 1) }.joined(separator: ", ")
      throw FormatError(
        "of \(first.count) shards \(missing.count) \(missing.count == 1 ? "is" : "are") missing: "
          + names + (missing.count > 8 ? ", ..." : ""),
        hint: "give NAME.shard-\(missing[0] + 1)-of-\(first.count).json too")
    }
    return places.compactMap { $0 }
  }

  /// The values of all shards in the order of the images.
  ///
  /// How many there are in all is the sum; every shard must then hold those of its own blocks.
  private static func joined<T>(
    _ shards: [EvaluationShard], _ what: String, total: Int? = nil,
    _ values: (EvaluationResults) -> [T]
  ) throws(FormatError) -> [T] {
    let parts = shards.map { values($0.results) }
    let count = total ?? parts.reduce(0) { $0 + $1.count }
    var merged = [T?](repeating: nil, count: count)
    for (shard, part) in zip(shards, parts) {
      let images = shard.imageRanges(first: count).joined()
      guard images.count == part.count else {
        throw FormatError(
          "\(what) do not fit: shard \(shard.index &+ 1) holds \(part.count), its blocks of \(count) "
            + "images have \(images.count)")
      }
      for (image, value) in zip(images, part) { merged[image] = value }
    }
    return merged.compactMap { $0 }
  }

  /// The results without what differs between shards.
  private var frame: EvaluationResults {
    var frame = self
    frame.labels = []
    frame.gallery = []
    for index in cells.indices { frame.cells[index].answers = [] }
    for index in losses.indices { frame.losses[index].values = [] }
    for index in attacks.indices {
      frame.attacks[index].greatestDistance = 0
      frame.attacks[index].leastPixel = 0
      frame.attacks[index].greatestPixel = 0
      frame.attacks[index].unperturbed = 0
      frame.attacks[index].sha256 = ""
    }
    return frame
  }

  /// In what a frame differs, fit for "is … than"; nil for none.
  private func difference(from other: EvaluationResults) -> String? {
    if format != other.format { return "of another format" }
    if recipe.sha256 != other.recipe.sha256 { return "of another recipe" }
    if program != other.program { return "of another program (\(program))" }
    if data.sha256 != other.data.sha256 { return "of other data" }
    if weights.map(\.sha256) != other.weights.map(\.sha256) { return "of other weights" }
    return self == other ? nil : "of other arms, attacks or descriptions"
  }
}

extension EvaluationResults.Attack {
  /// Takes what is known of each shard's points: extremes, sums and the joint checksum.
  fileprivate mutating func take(_ shards: [EvaluationShard], _ index: Int) throws(FormatError) {
    let parts = shards.map { $0.results.attacks[index] }
    greatestDistance = parts.map(\.greatestDistance).max() ?? 0
    leastPixel = parts.map(\.leastPixel).min() ?? 0
    greatestPixel = parts.map(\.greatestPixel).max() ?? 0
    unperturbed = parts.reduce(0) { $0 + $1.unperturbed }
    let size = shards[0].blockSize
    let blocks = (0..<(images + size - 1) / size).map { block in
      shards[block % shards.count].blockChecksums[index][block / shards.count]
    }
    sha256 = EvaluationShard.checksum(ofBlocks: blocks)
  }
}

extension EvaluationShard {
  /// Whether there is a checksum for each block of each attack.
  fileprivate func checkShape() throws(FormatError) {
    guard blockChecksums.count == results.attacks.count else {
      throw FormatError(
        "shard \(index &+ 1) has checksums of \(blockChecksums.count) attacks, but "
          + "\(results.attacks.count) attacks")
    }
    for (attack, checksums) in zip(results.attacks, blockChecksums) {
      guard (0...imageCount).contains(attack.images),
        (0...attack.images).contains(attack.unperturbed)
      else {
        throw FormatError(
          "\(attack.name) has \(attack.images) images of \(imageCount), "
            + "\(attack.unperturbed) of them as they were")
      }
      let blocks = imageRanges(first: attack.images).count
      guard checksums.count == blocks else {
        throw FormatError(
          "shard \(index &+ 1) has \(checksums.count) checksums of \(attack.name) for \(blocks) blocks"
        )
      }
    }
  }
}
