extension EvaluationSummary {
  package init(_ results: EvaluationResults) {
    cells = Self.cells(results)
    bar = Self.bar(results)
    worstCases = Self.worstCases(results, bar)
    tests = Self.tests(results)
    lossGaps = Self.lossGaps(results)
  }

  /// The main table's or a sweep's entry.
  package func cell(_ arm: String, _ attack: String) -> Cell? {
    cells.first { $0.arm == arm && $0.attack == attack }
  }

  private static func cells(_ results: EvaluationResults) -> [Cell] {
    let order = Dictionary(zip(results.seeds, results.seeds.indices)) { first, _ in first }
    let known = results.cells.filter { order[$0.seed] != nil }
    let sets = Dictionary(grouping: known) { [$0.arm, $0.attack] }
    return known.filter { $0.seed == results.seeds.first }.map { cell in
      let all = sets[[cell.arm, cell.attack]]!.sorted { order[$0.seed]! < order[$1.seed]! }
      let images = cell.answers.count
      let shares = all.map { Share(right: results.rightCount($0), images: $0.answers.count).share }
      let changed = (0..<images).count { image in
        all.contains {
          $0.answers.indices.contains(image) && $0.answers[image] != cell.answers[image]
        }
      }
      return Cell(
        arm: cell.arm, attack: cell.attack,
        first: Share(right: results.rightCount(cell), images: images), shares: shares,
        meanShare: shares.reduce(0, +) / Double(shares.count),
        changed: all.count > 1 && images > 0 ? Double(changed) / Double(images) : nil)
    }
  }

  /// At the norm and radius of the worst case, which is held against it, and without a purifier.
  private static func bar(_ results: EvaluationResults) -> Bar? {
    guard let arm = results.staticArm else { return nil }
    let suites = results.worstCaseAttacks.filter { attack in
      attack.suite != nil && attack.arm == nil && results.cell(arm.name, attack.name) != nil
    }
    let standard = suites.first { $0.suite == AttackSuite.standard.rawValue }
    guard let attack = standard ?? suites.first,
      let cell = results.cell(arm.name, attack.name)
    else { return nil }
    return Bar(
      arm: arm.name, attack: attack.name,
      result: Share(right: results.rightCount(cell), images: cell.answers.count))
  }

  private static func worstCases(_ results: EvaluationResults, _ bar: Bar?) -> [WorstCase] {
    let attacks = results.worstCaseAttacks
    let barCell = bar.flatMap { results.cell($0.arm, $0.attack) }
    return results.mainArms.compactMap { arm in
      let cells = attacks.compactMap { results.cell(arm.name, $0.name) }
      guard let images = cells.map(\.answers.count).min() else { return nil }
      let all = cells.map(results.right)
      let worst = (0..<images).map { image in all.allSatisfy { $0[image] } }
      let paired = barCell.map { Paired(worst, results.right($0)) }
      return WorstCase(
        arm: arm.name, attacks: cells.map(\.attack),
        result: Share(right: worst.count { $0 }, images: images), againstBar: paired)
    }
  }

  private static func tests(_ results: EvaluationResults) -> [Test] {
    let met = results.comparisons.compactMap {
      comparison -> (EvaluationResults.Comparison, Paired)? in
      guard let a = results.cell(comparison.a, comparison.attack),
        let b = results.cell(comparison.b, comparison.attack)
      else { return nil }
      return (comparison, Paired(results.right(a), results.right(b)))
    }
    let family = met.indices.filter { !met[$0].0.boundsLoss }
    let adjusted = Dictionary(
      uniqueKeysWithValues: zip(family, Statistics.holm(family.map { met[$0].1.p })))
    return met.indices.map { index in
      Test(met[index].0, met[index].1, adjusted: adjusted[index])
    }
  }

  private static func lossGaps(_ results: EvaluationResults) -> [LossGap] {
    let cleanPoints = results.cleanPoints
    return results.losses.compactMap { sample in
      guard sample.points != cleanPoints,
        let clean = results.losses.first(where: {
          $0.task == sample.task && $0.points == cleanPoints
        })
      else { return nil }
      let images = min(sample.values.count, clean.values.count)
      guard images > 0 else { return nil }
      let pairs = zip(sample.values, clean.values)
      func mean(_ values: some Sequence<Double>) -> Double { values.reduce(0, +) / Double(images) }
      return LossGap(
        task: sample.task, points: sample.points, images: images,
        cleanMean: mean(clean.values.prefix(images)), mean: mean(sample.values.prefix(images)),
        meanGap: mean(pairs.map { $0 - $1 }),
        higher: Double(pairs.count { $0 > $1 }) / Double(images))
    }
  }
}

extension EvaluationResults {
  /// The images themselves: the points of the attack that is none.
  package var cleanPoints: LossPoints {
    .attack(attacks.first { $0.level == .clean }?.name ?? "clean")
  }

  /// The attacks of the main table that a worst case is taken over: those of the norm and radius of
  /// the first of them, since an image that falls at another radius says nothing of this one.
  package var worstCaseAttacks: [Attack] {
    let attacks = mainAttacks.filter { $0.level != .clean }
    return attacks.filter {
      $0.norm == attacks.first?.norm && $0.epsilon == attacks.first?.epsilon
    }
  }
}

extension EvaluationSummary.Test {
  fileprivate init(
    _ comparison: EvaluationResults.Comparison, _ paired: EvaluationSummary.Paired,
    adjusted: Double?
  ) {
    name = comparison.name
    self.paired = paired
    adjustedP = adjusted
    let (first, second) = (comparison.a, comparison.b)
    guard let adjusted else {
      let margin = (comparison.margin ?? 0) / 100
      let bound = Statistics.greatestLoss(paired.b, paired.c, of: paired.images)
      let least = -Statistics.greatestLoss(paired.c, paired.b, of: paired.images)
      greatestLoss = bound
      outcome = bound <= margin ? .confirmed : least > margin ? .refuted : .undecided
      let allowed = "\(ReportText.points(margin)) may be lost"
      verdict =
        switch outcome {
        case .confirmed:
          "Holds: \(first) loses at most \(ReportText.points(bound)) points against \(second); "
            + allowed + "."
        case .refuted:
          "Does not hold: \(first) loses at least \(ReportText.points(least)) points against "
            + "\(second); \(allowed)."
        case .undecided:
          "Undecided: \(first) may lose up to \(ReportText.points(bound)) points against "
            + "\(second); \(allowed)."
        }
      return
    }
    let isDecided = adjusted <= EvaluationSummary.level
    outcome = !isDecided ? .undecided : paired.b > paired.c ? .confirmed : .refuted
    let difference = ReportText.points(abs(paired.difference))
    verdict =
      switch outcome {
      case .confirmed:
        "Yes: \(first) is right on \(difference) points more of the images than \(second)."
      case .refuted:
        "No, the reverse: \(second) is right on \(difference) points more than \(first)."
      case .undecided:
        "Undecided: the \(difference) points between \(first) and \(second) may be chance."
      }
  }
}
