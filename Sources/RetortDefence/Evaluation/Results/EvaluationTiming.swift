import RetortText

/// How long the parts of an evaluation took: `REPORT.timing.json`, beside the results, whose bytes
/// must not depend on it.
package struct EvaluationTiming: Codable, Equatable, Sendable {
  /// One attack, or one arm on one attack.
  package struct Part: Codable, Equatable, Sendable {
    package var name: String
    /// How many blocks there were, those that an earlier run computed too.
    package var blocks: Int
    package var images: Int
    package var seconds: Double

    package var secondsPerImage: Double { images == 0 ? 0 : seconds / Double(images) }
  }

  /// In the order in which they began.
  package private(set) var parts: [Part] = []

  package init() {}

  package var seconds: Double { parts.reduce(0) { $0 + $1.seconds } }

  /// Counts one block, with the seconds that it took when it was computed.
  package mutating func add(_ name: String, seconds: Double, images: Int) {
    let index = parts.firstIndex { $0.name == name } ?? parts.count
    if index == parts.count { parts.append(Part(name: name, blocks: 0, images: 0, seconds: 0)) }
    parts[index].blocks += 1
    parts[index].images += images
    parts[index].seconds += seconds
  }

  /// Adds what another shard took.
  package mutating func add(_ other: EvaluationTiming) {
    for part in other.parts {
      if let index = parts.firstIndex(where: { $0.name == part.name }) {
        parts[index].blocks &+= part.blocks
        parts[index].images &+= part.images
        parts[index].seconds += part.seconds
      } else {
        parts.append(part)
      }
    }
  }

  /// Seconds per image for the console.
  package var table: String {
    var table = TextTable(["part", "blocks", "images", "s", "s/image"])
    for part in parts {
      table.add([
        part.name, String(part.blocks), String(part.images), ReportText.fixed(part.seconds, 1),
        ReportText.short(part.secondsPerImage),
      ])
    }
    return table.text
  }
}
