import RetortDriver
import RetortIR
import RetortSyntax
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
      let stages = try (arm == nil ? suite.stages : suite.stagesThrough).map { stage in
        let given = Set(attack.settings.map(\.name))
        let own = stage.settings.keys.sorted().filter { !given.contains($0) }
          .map { (name: $0, value: stage.settings[$0]!) }
        var probe = context.template
        probe.path = try context.path(stage.graph)
        // The suite's settings go to those stages that know them.
        let shared = try probe.declared(attack.settings)
        unknown.subtract(shared.map(\.name))
        return try self.stage(stage.name, stage.graph, own + shared, context, seed)
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
    if attack.knowsKeys { try checkDraws(request, context) }
    try add("epsilon", epsilon.text)
    if attack.norm != .linf { try add("norm", attack.norm.rawValue) }
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

  /// Refuses an attack that is to know the defender's draws, but draws anew for each gradient, as
  /// graphs do unless they are told not to: a report would say that it met them.
  private func checkDraws(_ request: Request, _ context: EvaluationContext) throws {
    for (name, value) in [("deterministic", "true"), ("eot", "1")] {
      let isSet = request.settings.contains { $0.name == name && $0.value == value }
      guard !isSet, try context.declares(name, request) else { continue }
      throw Diagnostics(
        "the attack \"\(attack.name)\" has \"keys\": \"defender\", but not \"\(name)\": \(value) in"
          + " \"set\", so that it draws anew for each gradient and never meets the defender's draws",
        path: context.recipePath,
        hint: "set \"deterministic\": true, and \"eot\": 1 where the graph has it")
    }
  }

  /// An arm's purifier as a setting: the file's first graph with the arm's settings, and with those
  /// of `changes` that it knows.
  static func purifier(
    of arm: EvaluationRecipe.Arm, _ changes: [(name: String, value: String)],
    _ context: EvaluationContext
  ) throws -> String {
    let (file, arguments) = try declaration(of: arm, context)
    let changes = changes.filter { change in arguments.contains { $0.name == change.name } }
    let kept = arm.settings.filter { setting in !changes.contains { $0.name == setting.name } }
    let settings = (kept + changes).map { setting in
      let kind = arguments.first { $0.name == setting.name }?.valueKind
      let value = kind.map { SettingSyntax(setting.value, of: $0).spelling } ?? setting.value
      return ", \(setting.name): \(value)"
    }
    return "partial(\(AttributeValue.quoted(file))\(settings.joined()))"
  }

  /// The file of an arm's purifier, and what its first graph lets one set.
  private static func declaration(
    of arm: EvaluationRecipe.Arm, _ context: EvaluationContext
  ) throws -> (file: String, arguments: [Definition.Argument]) {
    let file = try context.path(arm.purifier ?? "purifiers/none.graph")
    let entry = try Compiler(library: context.template.library).load(file).entries.first
    return (file, entry?.arguments.filter { !$0.isTensor } ?? [])
  }

  /// Those settings of the attacker's purifier that the arm's purifier has.
  func appliedPurifierSettings(
    _ context: EvaluationContext
  ) throws -> [(name: String, value: String)] {
    guard let arm, !attack.purifierSettings.isEmpty else { return [] }
    let known = try Self.declaration(of: arm, context).arguments
    return attack.purifierSettings.filter { setting in known.contains { $0.name == setting.name } }
  }

  /// Refuses a setting of an attacker's purifier that none of the purifiers has that are attacked:
  /// it would be left out everywhere, and the report be of another attack.
  static func checkPurifierSettings(
    _ plans: [AttackPlan], _ context: EvaluationContext
  ) throws {
    var isChecked = Set<String>()
    for attack in plans.map(\.attack)
    where !attack.purifierSettings.isEmpty && isChecked.insert(attack.name).inserted {
      var known = Set<String>()
      for arm in plans.filter({ $0.attack.name == attack.name }).compactMap(\.arm) {
        known.formUnion(try declaration(of: arm, context).arguments.map(\.name))
      }
      for setting in attack.purifierSettings where !known.contains(setting.name) {
        throw Diagnostics(
          "the attack \"\(attack.name)\" sets '\(setting.name)' of the purifier, which no purifier"
            + " that it goes through declares", path: context.recipePath,
          hint: Suggestion.hint(for: setting.name, in: known.sorted()))
      }
    }
  }
}
