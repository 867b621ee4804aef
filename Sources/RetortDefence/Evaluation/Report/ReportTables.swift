/// The tables that the Markdown and the HTML report share.
struct ReportTables {
  let results: EvaluationResults
  let summary: EvaluationSummary

  /// Arms by attacks, and the worst case.
  var accuracy: ReportTable {
    let attacks = results.mainAttacks
    var table = ReportTable(
      "Accuracy", note: accuracyNote,
      [("arm", .text)] + attacks.map { (heading($0), .number) } + [("worst case", .number)])
    for arm in results.mainArms {
      let cells = attacks.map { attack in
        summary.cell(arm.name, attack.name).map { text($0.first, arm) } ?? "\u{2013}"
      }
      let worst = summary.worstCases.first { $0.arm == arm.name }
      table.add([arm.name] + cells + [worst.map { text($0.result, arm) } ?? "\u{2013}"])
    }
    return table
  }

  var accuracyNote: String {
    "Images answered right, in per cent, with Wilson\u{2019}s 95 % interval, the number of images "
      + "n and the purifier\u{2019}s steps K. Draws of seed \(results.seeds.first ?? 0)."
  }

  func heading(_ attack: EvaluationResults.Attack) -> String {
    attack.level == .clean
      ? attack.name
      : "\(attack.name) (\(attack.level.rawValue), \(attack.ball))"
  }

  private func text(
    _ share: EvaluationSummary.Share, _ arm: EvaluationResults.Arm
  ) -> String {
    bracketed(share) + " n \(share.images)" + (arm.steps.map { " K \($0)" } ?? "")
  }

  /// Each arm's worst case, beside the bar.
  var worstCases: ReportTable {
    var table = ReportTable(
      "Worst case over attacks", note: worstCaseNote,
      [
        ("arm", .text), ("right %", .number), ("n", .number), ("points against the bar", .number),
        ("b", .number), ("c", .number), ("p", .number), ("", .text), ("attacks", .text),
      ])
    for worst in summary.worstCases {
      table.add([
        worst.arm, bracketed(worst.result), String(worst.result.images),
        worst.againstBar.map(bracketed) ?? "\u{2013}",
        worst.againstBar.map { String($0.b) } ?? "\u{2013}",
        worst.againstBar.map { String($0.c) } ?? "\u{2013}",
        worst.againstBar.map { ReportText.p($0.p) } ?? "\u{2013}",
        worst.againstBar.map(position) ?? "", ReportText.list(worst.attacks),
      ])
    }
    return table
  }

  private func position(_ paired: EvaluationSummary.Paired) -> String {
    paired.interval.low > 0
      ? "above the bar" : paired.interval.high < 0 ? "below the bar" : "no difference shown"
  }

  private func bracketed(_ share: EvaluationSummary.Share) -> String {
    "\(ReportText.percent(share.share)) [\(ReportText.percent(share.interval))]"
  }

  private func bracketed(_ paired: EvaluationSummary.Paired) -> String {
    "\(ReportText.points(paired.difference)) [\(ReportText.points(paired.interval))]"
  }

  private var worstCaseNote: String {
    let included = results.worstCaseAttacks
    let names = Set(included.map(\.name))
    let others = results.mainAttacks.filter { $0.level != .clean && !names.contains($0.name) }
    let radius = included.first?.ball ?? "none"
    return "An image counts where it is right under every attack of the arm at \(radius), over the "
      + "images that all of them cover."
      + (others.isEmpty
        ? ""
        : " Left out, being of another norm or radius: "
          + ReportText.list(others.map(\.name)) + ".")
      + " " + barSentence
  }

  private var barSentence: String {
    guard let bar = summary.bar else {
      return "No AutoAttack on a model without defence was run at this norm and radius, so there "
        + "is no bar to compare with (H5)."
    }
    return "The bar to beat (H5) is \(bar.arm) under \(bar.attack): "
      + "\(bracketed(bar.result)) %, n \(bar.result.images). Differences from "
      + "it are paired, on the same images, and reported whichever way they fall; b: right where the "
      + "bar is wrong; c: the reverse; p: McNemar\u{2019}s exact test, two-sided."
  }

  var tests: ReportTable {
    var table = ReportTable(
      "Hypotheses",
      note: "b: right under A and wrong under B; c: the reverse; p: McNemar\u{2019}s exact test, "
        + "two-sided; Holm: p corrected over all tests that have one; (b \u{2212} c)/n in points "
        + "with Tango\u{2019}s 95 % interval. Where a loss is bounded, it is by the upper "
        + "one-sided 95 % bound.",
      [
        ("", .text), ("question", .text), ("answer", .text), ("A, B on points", .text),
        ("n", .number),
        ("b", .number), ("c", .number), ("(b \u{2212} c)/n", .number), ("p", .number),
        ("Holm", .number),
      ])
    for comparison in results.comparisons {
      guard let test = summary.tests.first(where: { $0.name == comparison.name }) else { continue }
      let paired = test.paired
      table.add([
        comparison.name, comparison.about, test.verdict,
        "\(comparison.a), \(comparison.b) on \(comparison.attack)"
          + (results.isMadeForEachArm(comparison.attack) ? ", each on its own points" : ""),
        String(paired.images),
        String(paired.b), String(paired.c), bracketed(paired),
        test.adjustedP == nil ? "\u{2013}" : ReportText.p(paired.p),
        test.adjustedP.map(ReportText.p) ?? "\u{2013}",
      ])
    }
    return table
  }

  /// Shares of all seeds; empty for a single one.
  var seeds: ReportTable {
    var table = ReportTable(
      "Over seeds",
      note: "Images answered right in per cent under each seed of the purifier\u{2019}s draws; "
        + "changed: images whose answer is not the same under all of them.",
      [("arm", .text), ("attack", .text)]
        + results.seeds.map { ("seed \($0)", .number) }
        + [("mean", .number), ("changed %", .number)])
    let main = Set(results.mainCells.map { [$0.arm, $0.attack] })
    for cell in summary.cells where main.contains([cell.arm, cell.attack]) {
      guard let changed = cell.changed, cell.shares.count == results.seeds.count else { continue }
      table.add(
        [cell.arm, cell.attack] + cell.shares.map(ReportText.percent)
          + [ReportText.percent(cell.meanShare), ReportText.percent(changed)])
    }
    return table
  }

  /// The figures of a sweep's curves.
  func sweep(_ sweep: EvaluationResults.Sweep) -> ReportTable {
    let images = results.imageCount(of: sweep)
    var table = ReportTable(
      sweep.name,
      note: "Images answered right, in per cent, with Wilson\u{2019}s 95 % interval; n "
        + "\(images), the same images at every point.",
      [(sweep.axis, .text)] + sweep.curves.map { ($0.name, .number) })
    for (index, tick) in sweep.ticks.enumerated() {
      let shares = sweep.curves.map { curve -> String in
        results.share(curve.cells[index], first: images).map(bracketed) ?? "\u{2013}"
      }
      table.add([tick] + shares)
    }
    return table
  }

  var lossGaps: ReportTable {
    var table = ReportTable(
      "Losses",
      note: "Each task\u{2019}s loss on fixed views, against the same images unattacked. A task "
        + "whose loss does not rise under attack gives a purifier nothing to undo.",
      [
        ("task", .text), ("points", .text), ("n", .number), ("mean clean", .number),
        ("mean", .number), ("gap", .number), ("higher %", .number),
      ])
    for gap in summary.lossGaps {
      table.add([
        gap.task, gap.points.name, String(gap.images), ReportText.short(gap.cleanMean),
        ReportText.short(gap.mean), ReportText.short(gap.meanGap), ReportText.percent(gap.higher),
      ])
    }
    return table
  }

  /// Files and their checksums.
  var sources: ReportTable {
    var table = ReportTable(
      "Files",
      note: "SHA-256 of a file\u{2019}s bytes; for the data, of the images and labels used: their "
        + "pixels as f32, then a byte for each label.",
      [("", .text), ("name", .text), ("SHA-256", .code)])
    table.add(["recipe", results.recipe.name, results.recipe.sha256])
    table.add(["images and labels used", results.data.name, results.data.sha256])
    for source in results.weights { table.add(["weights", source.name, source.sha256]) }
    return table
  }

  var arms: ReportTable {
    var table = ReportTable(
      "Arms",
      [
        ("arm", .text), ("about", .text), ("purifier", .code), ("settings", .code),
        ("GFLOP/image", .number),
      ])
    for arm in results.arms {
      table.add([
        arm.name, arm.about, arm.purifier ?? "\u{2013}", ReportText.settings(arm.settings),
        ReportText.short(arm.gflopPerImage),
      ])
    }
    return table
  }

  var attacks: ReportTable {
    var table = ReportTable(
      "Attacks",
      [
        ("attack", .text), ("level", .text), ("through", .text), ("graph or suite", .code),
        ("settings", .code), ("radius", .text), ("GFLOP/image", .number),
      ])
    for attack in results.attacks {
      table.add([
        attack.name, attack.level.rawValue, attack.arm ?? "\u{2013}",
        attack.suite ?? attack.graph ?? "\u{2013}", ReportText.settings(attack.settingsInForce),
        attack.level == .clean
          ? "\u{2013}" : attack.ball,
        ReportText.short(attack.gflopPerImage),
      ])
    }
    return table
  }

  var points: ReportTable {
    var table = ReportTable(
      "Points",
      note: "The greatest distance of a point from its image, how many are their image itself, and "
        + "SHA-256 over the SHA-256 of the blocks of points.",
      [
        ("attack", .text), ("through", .text), ("n", .number), ("farthest", .number),
        ("unperturbed", .number), ("SHA-256", .code),
      ])
    for attack in results.attacks {
      table.add([
        attack.name, attack.arm ?? "\u{2013}", String(attack.images),
        ReportText.short(attack.greatestDistance), String(attack.unperturbed), attack.sha256,
      ])
    }
    return table
  }

  /// What a reader needs to get the same bytes, besides the files.
  var conditions: [(name: String, value: String)] {
    [
      ("program", results.program), ("backbone", results.backbone),
      ("images", String(results.labels.count)),
      ("classes", results.classNames.joined(separator: ", ")),
      ("seeds", results.seeds.map(String.init).joined(separator: ", ")),
    ]
  }
}
