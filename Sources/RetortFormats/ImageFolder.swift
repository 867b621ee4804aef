import RetortText

/// A folder of images by its names: PNG files, or else the batches of CIFAR.
struct ImageFolder {
  let path: String
  /// Names that end in `.png`, sorted.
  let pictures: [String]
  /// The other names.
  let others: [String]

  /// - Throws: where there is no folder, or none of images.
  init(listing path: String) throws(Diagnostics) {
    let names = try InputFile.names(inFolder: path)
    func isPicture(_ name: String) -> Bool { name.lowercased().hasSuffix(".png") }
    self.path = path
    pictures = names.filter(isPicture)
    others = names.filter { !isPicture($0) }
    guard !pictures.isEmpty || isOfBatches else {
      let file = others.first { $0.lowercased().hasSuffix(".bin") }
      throw Diagnostics(
        "the folder has neither PNG files nor data_batch_*.bin of CIFAR", path: path,
        hint: file.map { "name the file itself, \(path)/\($0)" })
    }
  }

  /// Whether its images are those of `data_batch_*.bin`.
  var isOfBatches: Bool { pictures.isEmpty && others.contains(where: Cifar.isBatch) }

  /// What is left out where the PNG files are read; nil where that is nothing.
  var note: String? {
    guard let first = others.first else { return nil }
    return "\(path): left out is what does not end in .png: \(quoted(first))"
      + (others.count > 1 ? " and \(others.count - 1) more" : "")
  }
}
