import RetortDefence

/// Remembers what it is told, and does something at each line.
final class Listener: ProgressObserver {
  private(set) var lines: [String] = []
  private(set) var reports: [ProgressReport] = []
  private let atLine: (String) -> Void

  init(atLine: @escaping (String) -> Void = { _ in }) { self.atLine = atLine }

  func advanced(_ progress: ProgressReport) { reports.append(progress) }

  func said(_ line: String) {
    lines.append(line)
    atLine(line)
  }

  /// The mean loss of every finished epoch.
  var losses: [Double] {
    lines.compactMap { line in
      let words = line.split(separator: " ")
      guard words.first == "epoch", let place = words.firstIndex(of: "loss") else { return nil }
      return Double(words[place + 1])
    }
  }
}
