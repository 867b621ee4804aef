extension EvaluationResults.LossPoints: Codable {
  /// What no name of an attack or an arm may hold.
  static let link = ", purified by "

  /// An attack's name, or both of `ATTACK, purified by ARM`.
  package var name: String {
    switch self {
    case .attack(let attack): attack
    case .purified(let attack, let arm): attack + Self.link + arm
    }
  }

  /// The points of a name in a report. Recipes refuse an attack that is itself called `…, purified
  /// by …`.
  package init(name: String) {
    if let link = name.ranges(of: Self.link).last {
      self = .purified(
        attack: String(name[..<link.lowerBound]), arm: String(name[link.upperBound...]))
    } else {
      self = .attack(name)
    }
  }

  package init(from decoder: any Decoder) throws {
    self.init(name: try decoder.singleValueContainer().decode(String.self))
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}
