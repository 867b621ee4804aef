/// The pitfalls of an evaluation, looked for in its results (DEFENCE 7).
package struct EvaluationChecks {
  /// The share of points that may be their image itself before a set counts as biased.
  private static let unperturbedLimit = 0.01
  /// The share of answers that may change between seeds without remark.
  private static let changedLimit = 0.05
  /// Accuracy that still counts as about none, at a radius that lets an attacker do anything.
  private static let noneLimit = 0.05
  /// The radius at which nothing should be left (DEFENCE 7.2).
  private static let largeRadius = 64.0 / 255

  let results: EvaluationResults
  let summary: EvaluationSummary

  package static func all(
    _ results: EvaluationResults, _ summary: EvaluationSummary
  ) -> [EvaluationCheck] {
    let checks = EvaluationChecks(results: results, summary: summary)
    return [checks.norm(), checks.box()] + checks.reach()
      + [
        checks.returnedClean(), checks.adaptiveNoWeaker(), checks.squareNoStronger(),
        checks.nothingLeft(), checks.randomness(), checks.tuning(), checks.company(),
        checks.normalisation(), checks.batchNorm(), checks.cleanCost(),
      ] + checks.enoughImages()
  }

  /// 7.9: every point within `eps (1 + 1e-6)` of its image.
  private func norm() -> EvaluationCheck {
    let far = results.attacks.filter { $0.greatestDistance > PointExtent.allowance($0.epsilon) }
    let ratio =
      results.attacks.filter { $0.epsilon > 0 }
      .map { $0.greatestDistance / $0.epsilon }.max() ?? 0
    let sets = count(results.attacks.count, "set")
    return far.isEmpty
      ? EvaluationCheck(
        "Norm", .passed,
        "All points of \(sets) lie within their radius; the farthest at "
          + "\(ReportText.fixed(ratio, 6)) of it.")
      : EvaluationCheck(
        "Norm", .warning,
        "\(far.count) of \(sets) reach beyond eps\u{00D7}(1 + 1e-6): "
          + list(far) { "\(title($0)) to \($0.greatestDistance) of \($0.epsilon)" } + ".")
  }

  /// 7.9: every pixel in [0, 1].
  private func box() -> EvaluationCheck {
    let outside = results.attacks.filter { $0.leastPixel < 0 || $0.greatestPixel > 1 }
    let least = results.attacks.map(\.leastPixel).min() ?? 0
    let greatest = results.attacks.map(\.greatestPixel).max() ?? 0
    return EvaluationCheck(
      "Box", outside.isEmpty ? .passed : .warning,
      outside.isEmpty
        ? "All pixels of \(count(results.attacks.count, "set")) of points lie in [0, 1]: from "
          + "\(ReportText.short(least)) to \(ReportText.short(greatest))."
        : "Pixels lie outside [0, 1]: "
          + list(outside) { "\(title($0)) from \($0.leastPixel) to \($0.greatestPixel)" } + ".")
  }

  /// 7.1: points that are their image itself test a purifier on clean images.
  private func returnedClean() -> EvaluationCheck {
    let main = Set(results.mainAttacks.map(\.name))
    let attacked = results.attacks.filter {
      main.contains($0.name) && $0.level != .clean && $0.images > 0
    }
    func share(_ attack: EvaluationResults.Attack) -> Double {
      Double(attack.unperturbed) / Double(attack.images)
    }
    let biased = attacked.filter { share($0) > Self.unperturbedLimit }
    let name = "Returned-clean bias"
    guard let most = attacked.map(share).max() else {
      return EvaluationCheck(name, .cannotTell, "No attack was made.")
    }
    guard !biased.isEmpty else {
      return EvaluationCheck(
        name, .passed,
        "At most \(ReportText.percent(most)) % of an attack's points are their image itself.")
    }
    let tests = results.comparisons.filter { test in biased.contains { $0.name == test.attack } }
    return EvaluationCheck(
      name, .warning,
      "Points that are their image itself: "
        + list(biased) { "\(ReportText.percent(share($0))) % of \(title($0))" }
        + ". There a purifier is scored on clean images, and elsewhere on points just over the "
        + "boundary, where any motion helps. "
        + (tests.isEmpty
          ? "No comparison is tested on them."
          : "\(ReportText.list(tests.map(\.name))) must not be read as robustness."))
  }

  /// 7.2: an attack through the purifier finds at least what one that ignores it finds.
  private func adaptiveNoWeaker() -> EvaluationCheck {
    compareLevels(
      "Masking: T2 finds no less than T0", lower: .t2, upper: .t0,
      healthy: "An attack through the purifier leaves no more right than one that ignores it: ",
      masked: "An attack through the purifier leaves more right than one that ignores it, so its "
        + "gradients may be masked: ")
  }

  /// 7.2: an attack without gradients finds no more than one with them.
  private func squareNoStronger() -> EvaluationCheck {
    compareLevels(
      "Masking: queries find no more than T2", lower: .t2, upper: .queries,
      healthy: "An attack by queries leaves no fewer right than gradients through the purifier: ",
      masked: "An attack by queries leaves fewer right than gradients through the purifier, so "
        + "those may be masked: ")
  }

  /// Whether the strongest attack of a level leaves at most what the strongest of another
  /// leaves, for every purified arm that meets both, on the images of both.
  private func compareLevels(
    _ name: String, lower: EvaluationResults.Attack.Level, upper: EvaluationResults.Attack.Level,
    healthy: String, masked: String
  ) -> EvaluationCheck {
    var findings: [(isMasked: Bool, text: String)] = []
    var unknown: [String] = []
    for arm in results.mainArms where arm.purifier != nil {
      let pairs = [lower, upper].map { level in
        results.worstCaseAttacks.filter { $0.level == level }
          .compactMap { results.cell(arm.name, $0.name) }
      }
      guard let images = (pairs[0] + pairs[1]).map(\.answers.count).min(), images > 0,
        let below = strongest(pairs[0], images), let above = strongest(pairs[1], images)
      else {
        unknown.append(arm.name)
        continue
      }
      func text(_ side: (name: String, right: Int)) -> String {
        "\(ReportText.percent(Double(side.right) / Double(images))) % under \(side.name)"
      }
      findings.append(
        (
          below.right > above.right,
          "\(arm.name) \(text(below)), \(text(above)) (n = \(images))"
        ))
    }
    guard !findings.isEmpty else {
      return EvaluationCheck(
        name, .cannotTell,
        "No purified arm met attacks of both levels, "
          + "\(lower.rawValue) and \(upper.rawValue).")
    }
    let rest =
      unknown.isEmpty ? "" : " Not known of \(ReportText.list(unknown)), which did not meet both."
    let bad = findings.filter(\.isMasked)
    return bad.isEmpty
      ? EvaluationCheck(name, .passed, healthy + list(findings) { $0.text } + "." + rest)
      : EvaluationCheck(name, .warning, masked + list(bad) { $0.text } + "." + rest)
  }

  private func strongest(
    _ cells: [EvaluationResults.Cell], _ images: Int
  ) -> (name: String, right: Int)? {
    cells.map { (name: $0.attack, right: results.rightCount($0, first: images)) }
      .min { $0.right < $1.right }
  }

  /// 7.2: at a radius of 64/255 an attack that knows the whole arm leaves nothing right.
  private func nothingLeft() -> EvaluationCheck {
    let name = "Masking: nothing is left at 64/255"
    var known: [EvaluationSummary.Cell] = []
    let attacks = results.attackIndex
    for cell in summary.cells {
      guard let attack = attacks[cell.attack, arm: cell.arm], attack.norm == .linf,
        attack.epsilon >= Self.largeRadius * (1 - 1e-6)
      else { continue }
      // Points that were made for the bare classifier need not break a purified one.
      let isKnown = results.arm(cell.arm)?.purifier == nil || [.t2, .t3].contains(attack.level)
      if isKnown { known.append(cell) }
    }
    let unknown = results.mainArms.filter { arm in
      arm.purifier != nil && !known.contains { $0.arm == arm.name }
    }
    let rest =
      unknown.isEmpty
      ? ""
      : " Not known of \(ReportText.list(unknown.map(\.name))): no attack through the purifier "
        + "was made at that radius."
    let alive = known.filter { $0.first.share > Self.noneLimit }
    let shown = list(alive.isEmpty ? known : alive) {
      "\($0.arm) \(ReportText.percent($0.first.share)) % under \($0.attack)"
    }
    guard alive.isEmpty else {
      return EvaluationCheck(
        name, .warning,
        "Accuracy stays above \(ReportText.percent(Self.noneLimit)) %, so the attack may be "
          + "blocked by masked gradients: \(shown)." + rest)
    }
    let fallen =
      known.isEmpty
      ? "No attack that knows the arm was made at that radius."
      : "Accuracy falls to about 0: \(shown)."
    return EvaluationCheck(
      name, known.isEmpty || !unknown.isEmpty ? .cannotTell : .passed, fallen + rest)
  }

  /// 7.3: the share of answers that fresh draws change.
  private func randomness() -> EvaluationCheck {
    let name = "Randomness"
    let measured = summary.cells.filter { $0.changed != nil }
    guard let most = measured.max(by: { $0.changed! < $1.changed! }) else {
      return EvaluationCheck(
        name, .cannotTell, "A single seed was run, so no share of changing answers is known.")
    }
    let spread = measured.map { ($0.shares.max() ?? 0) - ($0.shares.min() ?? 0) }.max() ?? 0
    return EvaluationCheck(
      name, most.changed! > Self.changedLimit ? .warning : .passed,
      "Between \(results.seeds.count) seeds at most \(ReportText.percent(most.changed!)) % of the "
        + "answers change (\(most.arm) on \(most.attack)), and a share moves by at most "
        + "\(ReportText.points(spread)) points. Tests use seed \(results.seeds[0]) alone.")
  }

  /// 7.8: what a defence costs on clean images stands beside every robust number.
  private func cleanCost() -> EvaluationCheck {
    let name = "Clean cost"
    let clean = results.mainAttacks.filter { $0.level == .clean }
    func cell(_ arm: EvaluationResults.Arm) -> EvaluationSummary.Cell? {
      clean.lazy.compactMap { summary.cell(arm.name, $0.name) }.first
    }
    let without = results.mainArms.filter { cell($0) == nil }
    guard without.isEmpty else {
      return EvaluationCheck(
        name, .warning,
        "No clean accuracy stands beside the robust one of \(list(without) { $0.name }).")
    }
    guard let base = results.staticArm.flatMap(cell) else {
      return EvaluationCheck(
        name, .cannotTell, "There is no arm without defence to compare clean accuracy with.")
    }
    let costs = results.mainArms.filter { $0.purifier != nil }.compactMap { arm in
      cell(arm).map { (arm.name, base.first.share - $0.first.share) }
    }
    return EvaluationCheck(
      name, .passed,
      "Clean accuracy is \(ReportText.percent(base.first.share)) % without defence"
        + (costs.isEmpty
          ? "." : "; points lost: " + list(costs) { "\($0.0) \(ReportText.points($0.1))" } + "."))
  }

  /// 6.2: whether there are images enough for the difference that is asked for.
  private func enoughImages() -> [EvaluationCheck] {
    results.comparisons.map { comparison in
      let name = "Enough images: \(comparison.name)"
      guard let test = summary.tests.first(where: { $0.name == comparison.name }),
        test.paired.images > 0
      else {
        return EvaluationCheck(
          name, .cannotTell,
          "\(comparison.a) and \(comparison.b) did not both meet "
            + "\(comparison.attack).")
      }
      let paired = test.paired
      let psi = Double(paired.b + paired.c) / Double(paired.images)
      let least = Statistics.decidableDifference(images: paired.images, differing: psi)
      let facts =
        "\(paired.images) images, of which the arms differ on "
        + "\(ReportText.percent(psi)) %, decide a difference of \(ReportText.points(least)) points"
      guard test.outcome == .undecided else {
        return EvaluationCheck(name, .passed, facts + "; the question is decided.")
      }
      let asked = comparison.margin.map { $0 / 100 } ?? abs(paired.difference)
      let needed = Statistics.neededImages(difference: asked, differing: psi)
      let wanted = comparison.margin == nil ? "the difference seen" : "the margin"
      guard needed.isFinite, needed < 1e9 else {
        return EvaluationCheck(name, .cannotTell, facts + "; none was seen.")
      }
      return EvaluationCheck(
        name, Double(paired.images) < needed ? .warning : .passed,
        facts + "; \(wanted), \(ReportText.points(asked)) points, takes "
          + "\(Int(needed.rounded(.up))).")
    }
  }

  private func title(_ attack: EvaluationResults.Attack) -> String {
    attack.arm.map { "\(attack.name) through \($0)" } ?? attack.name
  }

  private func count(_ number: Int, _ noun: String) -> String {
    "\(number) \(noun)\(number == 1 ? "" : "s")"
  }

  private func list<T>(_ items: [T], _ text: (T) -> String) -> String {
    items.map(text).joined(separator: "; ")
  }
}
