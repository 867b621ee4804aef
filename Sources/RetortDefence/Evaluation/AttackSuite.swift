/// A sequence of attacks, each on the images that the ones before left right (Croce & Hein, arXiv
/// 2003.01690; DEFENCE 5, AutoAttack). Images that none breaks are returned as they are.
package enum AttackSuite: String, Sendable, CaseIterable {
  /// APGD-CE, targeted APGD, targeted FAB, Square.
  case standard = "autoattack-standard"
  /// For randomised defences: APGD-CE and APGD-DLR with 20 draws a gradient.
  case rand = "autoattack-rand"
  /// More restarts and the untargeted forms too.
  case plus = "autoattack-plus"

  /// A graph of the library's `attacks`, with settings.
  package struct Stage: Sendable, Equatable {
    package let name: String
    package let graph: String
    package let settings: [String: String]
  }

  /// Classes that targeted attacks aim at: the second to the tenth of the clean logits.
  private static let targetCount = 9

  package var stages: [Stage] {
    switch self {
    case .standard:
      return [Self.apgd("ce")] + Self.targeted("apgd") + Self.targeted("fab") + [Self.square]
    case .rand:
      return [Self.apgd("ce", ["eot": "20"]), Self.apgd("dlr", ["eot": "20"])]
    case .plus:
      return [
        Self.apgd("ce", ["restarts": "5"]), Self.apgd("dlr", ["restarts": "5"]),
        Stage(name: "FAB", graph: "attacks/fab.graph", settings: ["restarts": "5"]),
        Self.square,
      ] + Self.targeted("apgd") + Self.targeted("fab")
    }
  }

  /// The stages through a purifier, which the gradient takes for the identity. They are as long as
  /// the suite's own, of which the graph's default would be a tenth.
  package var stagesThrough: [Stage] {
    stages.map { stage in
      Stage(
        name: stage.name, graph: "attacks/bpda.graph",
        settings: stage.settings.merging(["steps": "100"]) { own, _ in own })
    }
  }

  private static func apgd(_ loss: String, _ more: [String: String] = [:]) -> Stage {
    Stage(
      name: "APGD-\(loss.uppercased())", graph: "attacks/apgd.graph",
      settings: more.merging(["loss": loss]) { $1 })
  }

  private static func targeted(_ attack: String) -> [Stage] {
    (1...targetCount).map { rank in
      Stage(
        name: "\(attack.uppercased())-T\(rank)", graph: "attacks/\(attack)_targeted.graph",
        settings: ["rank": String(rank)])
    }
  }

  private static let square = Stage(name: "Square", graph: "attacks/square.graph", settings: [:])
}
