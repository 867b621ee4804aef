import RetortDefence
import Testing

struct EvaluationSummaryTests {
  /// Eight images, two arms, a clean and three attacked sets, two seeds: to be counted by hand.
  private func small() -> EvaluationResults {
    var results = EvaluationSample.results(images: 8)
    results.labels = [0, 1, 2, 3, 4, 5, 6, 7]
    results.seeds = [0, 1]
    results.arms = [EvaluationSample.arm("none", nil), EvaluationSample.arm("multi", "p.graph")]
    results.attacks = [
      EvaluationSample.attack("clean", level: "clean", images: 8, radius: 0),
      EvaluationSample.attack("PGD", images: 8),
      EvaluationSample.attack("AutoAttack", images: 6, suite: "autoattack-standard"),
      EvaluationSample.attack("far", images: 8, radius: 16),
    ]
    results.cells = [
      cell("none", "clean", 0, "01234567"), cell("none", "clean", 1, "01234567"),
      cell("multi", "clean", 0, "01234569"), cell("multi", "clean", 1, "01234599"),
      cell("none", "PGD", 0, "01239999"), cell("none", "PGD", 1, "01239999"),
      cell("multi", "PGD", 0, "01934569"), cell("multi", "PGD", 1, "01234569"),
      cell("none", "AutoAttack", 0, "019999"), cell("multi", "AutoAttack", 0, "912349"),
      cell("none", "far", 0, "99999999"),
    ]
    results.comparisons = []
    results.sweeps = []
    results.losses = []
    results.gallery = []
    return results
  }

  private func cell(
    _ arm: String, _ attack: String, _ seed: UInt64, _ answers: String
  ) -> EvaluationResults.Cell {
    EvaluationSample.cell(arm, attack, seed: seed, answers.map { $0.wholeNumberValue! })
  }

  @Test func cellsCountTheFirstSeedAndAverageAll() throws {
    let summary = EvaluationSummary(small())
    let cell = try #require(summary.cell("multi", "PGD"))
    #expect(cell.first.right == 6 && cell.first.images == 8)
    #expect(cell.first.interval == Statistics.wilson(6, of: 8))
    #expect(cell.shares == [6 / 8.0, 7 / 8.0])
    #expect(cell.meanShare == 6.5 / 8)
    #expect(cell.changed == 1 / 8.0)
    #expect(summary.cell("none", "AutoAttack")?.changed == nil)
  }

  /// multi is right on 0, 1, 3 to 6 under PGD and on 1 to 4 of six under AutoAttack: 1, 3, 4.
  @Test func theWorstCaseIsPerImageOverWhatAllCover() throws {
    let summary = EvaluationSummary(small())
    let worst = try #require(summary.worstCases.first { $0.arm == "multi" })
    #expect(worst.attacks == ["PGD", "AutoAttack"])
    #expect(worst.result.right == 3 && worst.result.images == 6)
  }

  @Test func theBarIsTheStaticModelUnderAutoAttack() throws {
    let summary = EvaluationSummary(small())
    #expect(summary.bar?.arm == "none")
    #expect(summary.bar?.result.right == 2)
    // multi's worst case has 1, 3, 4 and the bar 0, 1.
    let paired = try #require(summary.worstCases.last?.againstBar)
    #expect(paired.b == 2 && paired.c == 1 && paired.images == 6)
    var results = small()
    results.attacks[2].suite = nil
    #expect(EvaluationSummary(results).bar == nil)
  }

  /// What the worst case is held against is of its norm and radius, and made without a purifier.
  @Test func theBarIsWhereTheWorstCaseIs() {
    var results = small()
    results.attacks[2].epsilon = 16.0 / 255
    #expect(EvaluationSummary(results).bar == nil)
    results = small()
    results.attacks[2].norm = .l2
    #expect(EvaluationSummary(results).bar == nil)
    results = small()
    results.attacks[1].suite = "autoattack-rand"
    results.attacks[1].arm = "none"
    #expect(EvaluationSummary(results).bar?.attack == "AutoAttack")
    results.attacks[1].arm = nil
    // The usual one goes before others, whichever is named first.
    #expect(EvaluationSummary(results).bar?.attack == "AutoAttack")
    results.attacks[2].suite = nil
    #expect(EvaluationSummary(results).bar?.attack == "PGD")
    results.cells.removeAll { $0.arm == "none" && $0.attack == "PGD" }
    #expect(EvaluationSummary(results).bar == nil)
  }

  /// A point that another part of the report has on more images counts on the sweep's own.
  @Test func aSweepIsOverTheSameImages() throws {
    var results = EvaluationSample.results(images: 40)
    let name = results.sweeps[0].curves[0].cells[0]
    #expect(results.imageCount(of: results.sweeps[0]) == 20)
    results.sweeps[0].images = 7
    let share = try #require(
      results.share(
        name, first: results.imageCount(of: results.sweeps[0])))
    let cell = try #require(results.cell(name.arm, name.attack))
    #expect(share.images == 7 && share.right == results.rightCount(cell, first: 7))
    #expect(ReportMarkdown.text(results).contains("; n 7, the same images at every point."))
    #expect(ReportHTML.text(results).contains("intervals; n = 7. Curves"))
    // A report of before it was written down.
    results.sweeps[0].images = nil
    let index = try #require(
      results.cells.firstIndex { $0.arm == name.arm && $0.attack == name.attack })
    results.cells[index].answers.removeLast(5)
    #expect(results.imageCount(of: results.sweeps[0]) == 15)
  }

  @Test func testsArePairedAndCorrectedTogether() {
    let results = EvaluationSample.results()
    let summary = EvaluationSummary(results)
    #expect(summary.tests.map(\.name) == ["H1", "H2", "H3", "H4"])
    let corrected = [0, 1, 3].map { summary.tests[$0] }
    #expect(corrected.map(\.adjustedP) == Statistics.holm(corrected.map(\.paired.p)))
    #expect(summary.tests[2].adjustedP == nil && summary.tests[0].greatestLoss == nil)
    for (test, comparison) in zip(summary.tests, results.comparisons) {
      let (a, b) = (
        results.cell(comparison.a, comparison.attack)!.answers,
        results.cell(comparison.b, comparison.attack)!.answers
      )
      let labels = results.labels
      #expect(test.paired.b == labels.indices.count { a[$0] == labels[$0] && b[$0] != labels[$0] })
      #expect(test.paired.c == labels.indices.count { a[$0] != labels[$0] && b[$0] == labels[$0] })
      #expect(test.paired.p == Statistics.mcNemar(test.paired.b, test.paired.c))
    }
  }

  @Test func verdictsSayWhichWay() {
    var results = EvaluationSample.results(images: 100)
    let labels = results.labels
    let wrong = labels.map { ($0 + 1) % 10 }
    func outcome(_ a: [Int], _ b: [Int]) -> EvaluationSummary.Test {
      results.cells = [
        EvaluationSample.cell("multi", "APGD", a), EvaluationSample.cell("none", "APGD", b),
        EvaluationSample.cell("multi", "clean", a), EvaluationSample.cell("none", "clean", b),
      ]
      results.comparisons = results.comparisons.filter { $0.name == asked }
      return EvaluationSummary(results).tests[0]
    }
    var asked = "H1"
    #expect(outcome(labels, wrong).outcome == .confirmed)
    #expect(outcome(labels, labels).verdict.hasPrefix("Undecided"))
    #expect(outcome(wrong, labels).verdict.hasPrefix("No, the reverse"))
    asked = "H3"
    results.comparisons = EvaluationSample.results(images: 100).comparisons
    #expect(outcome(labels, wrong).outcome == .confirmed)
    #expect(outcome(wrong, labels).outcome == .refuted)
    // No image differs, but of 100 up to 2.6 % might.
    #expect(outcome(labels, labels).outcome == .undecided)
  }

  @Test func lossGapsAreOfTheSameImages() throws {
    var results = small()
    results.losses = [
      EvaluationSample.loss("rotation", "clean", [1, 2, 3, 4]),
      EvaluationSample.loss("rotation", "PGD", [2, 2, 2]),
      EvaluationSample.loss("inpainting", "PGD", [1]),
    ]
    let gap = try #require(EvaluationSummary(results).lossGaps.first)
    #expect(EvaluationSummary(results).lossGaps.count == 1)
    #expect(gap.images == 3 && gap.cleanMean == 2 && gap.mean == 2 && gap.meanGap == 0)
    #expect(gap.higher == 1 / 3.0)
    results.attacks[0].name = "images"
    results.losses[0].points = .attack("images")
    #expect(EvaluationSummary(results).lossGaps == [gap])
  }

  @Test func sweepsStayOutOfTheMainTable() {
    let results = EvaluationSample.results(images: 40)
    #expect(results.mainArms.map(\.name) == ["none", "random", "contrastive", "multi"])
    #expect(
      results.mainAttacks.map(\.name)
        == ["clean", "FGSM", "PGD-50", "APGD", "AutoAttack", "Square", "BPDA+EOT"])
    #expect(results.attackIndex["BPDA+EOT", arm: "multi"]?.arm == "multi")
  }

  @Test func noImagesAreNoFault() {
    var results = EvaluationSample.results(images: 0)
    _ = ReportHTML.text(results)
    results.cells = []
    results.sweeps = []
    #expect(EvaluationSummary(results).tests.isEmpty)
    #expect(ReportMarkdown.text(results).hasPrefix("# Evaluation"))
  }
}
