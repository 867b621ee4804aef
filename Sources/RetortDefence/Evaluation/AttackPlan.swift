import RetortDriver
import RetortIR
import RetortTensor
import RetortText

/// One set of points that an evaluation makes: an attack, for all arms or through one.
struct AttackPlan {
  let attack: EvaluationRecipe.Attack
  /// The set's name: the attack's, and in a sweep the value that it has there.
  let name: String
  let epsilon: EvaluationRecipe.Number
  /// The arm through whose purifier it is made.
  let arm: EvaluationRecipe.Arm?
  var images: Int

  /// What is added to the seed of the purifiers' draws for those of attacks, so that an attacker
  /// does not know them.
  private static let seedOffset: UInt64 = 0x6174_7461_636B

  /// The attacks that are made in turn; none for clean images.
  func stages(_ context: EvaluationContext, seed: UInt64) throws -> [Stage] {
    let seed = attack.knowsKeys ? seed : seed &+ Self.seedOffset
    switch attack.method {
    case .clean: return []
    case .graph(let path):
      return [try stage(attack.name, path, attack.settings, context, seed)]
    case .suite(let suite):
      var unknown = Set(attack.settings.map(\.name))
      let stages = try suite.stages.map { stage in
        let given = Set(attack.settings.map(\.name))
        let own = stage.settings.keys.sorted().filter { !given.contains($0) }
          .map { (name: $0, value: stage.settings[$0]!) }
        // Through a purifier, Auto-PGD takes it for the identity.
        let graph = arm == nil ? stage.graph : "attacks/bpda.graph"
        var probe = context.template
        probe.path = try context.path(graph)
        // The suite's settings go to those stages that know them.
        let shared = try probe.declared(attack.settings)
        unknown.subtract(shared.map(\.name))
        return try self.stage(stage.name, graph, own + shared, context, seed)
      }
      guard unknown.isEmpty else {
        throw Diagnostics(
          "no stage of \"\(attack.name)\" has an argument '\(unknown.sorted()[0])'",
          path: context.recipePath)
      }
      return stages
    }
  }

  /// One graph of attacks.
  struct Stage {
    let name: String
    let request: Request
    let result: String?
  }

  private func stage(
    _ name: String, _ path: String, _ settings: [(name: String, value: String)],
    _ context: EvaluationContext, _ seed: UInt64
  ) throws -> Stage {
    var request = try context.request(path, settings, seed: seed)
    // None of them stands in a recipe's "set", which is refused there.
    func add(_ name: String, _ value: String) throws {
      guard try context.declares(name, request) else {
        throw Diagnostics(
          "has no argument '\(name)', which the attack \"\(attack.name)\" needs",
          path: request.path)
      }
      request.settings.append((name, value))
    }
    try add("epsilon", epsilon.text)
    if attack.norm != "linf" { try add("norm", attack.norm) }
    if let arm {
      try add("purifier", try Self.purifier(of: arm, attack.purifierSettings, context))
    } else if try context.declares("purifier", request) {
      throw Diagnostics(
        "has the attack \"\(attack.name)\", whose graph goes through a purifier, without"
          + " \"through\"", path: context.recipePath,
        hint: "write \"through\": true to attack each arm through its own purifier")
    }
    return Stage(name: name, request: request, result: attack.result)
  }

  /// An arm's purifier as a setting: the file's first graph with the arm's settings, and with those
  /// of `changes` that it knows.
  static func purifier(
    of arm: EvaluationRecipe.Arm, _ changes: [(name: String, value: String)],
    _ context: EvaluationContext
  ) throws -> String {
    let path = arm.purifier ?? "purifiers/none.graph"
    let file = try context.path(path)
    let entry = try Compiler(library: context.template.library).load(file).entries.first
    let changes = changes.filter { change in
      entry?.arguments.contains { $0.name == change.name } ?? false
    }
    let kept = arm.settings.filter { setting in !changes.contains { $0.name == setting.name } }
    let settings = (kept + changes).map { name, value in
      // A text is spelled as one; everything else as it stands.
      let kind = entry?.arguments.first { $0.name == name }?.kind
      return ", \(name): " + (kind == "String" ? AttributeValue.quoted(value) : value)
    }
    return "partial(\(AttributeValue.quoted(file))\(settings.joined()))"
  }
}
