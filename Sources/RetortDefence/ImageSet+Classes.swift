import RetortText

extension ImageSet {
  /// - Parameter path: of the file that is to blame.
  /// - Throws: for a label that a model of so many classes has no class for.
  func requireLabels(
    below classCount: Int, path: String, hint: String
  ) throws(Diagnostics) {
    guard let wrong = labels.firstIndex(where: { $0 < 0 || $0 >= classCount }) else { return }
    throw Diagnostics(
      "image \(wrong) has the label \(labels[wrong]), the model has \(classCount) classes",
      path: path, hint: hint)
  }
}
