import RetortDefence
import RetortFormats
import Testing

struct EvaluationChecksTests {
  private func check(_ name: String, _ results: EvaluationResults) throws -> EvaluationCheck {
    let checks = EvaluationChecks.all(results, EvaluationSummary(results))
    return try #require(checks.first { $0.name.hasPrefix(name) })
  }

  @Test func normAndBoxAreOfAllPoints() throws {
    var results = EvaluationSample.results(images: 40)
    #expect(try check("Norm", results).outcome == .passed)
    #expect(try check("Box", results).outcome == .passed)
    let epsilon = results.attacks[1].epsilon
    results.attacks[1].greatestDistance = epsilon * (1 + 0.9e-6)
    #expect(try check("Norm", results).outcome == .passed)
    results.attacks[1].greatestDistance = epsilon * (1 + 1.1e-6)
    #expect(try check("Norm", results).outcome == .warning)
    #expect(try check("Norm", results).sentence.contains("FGSM"))
    results.attacks[2].leastPixel = -1e-9
    results.attacks[3].greatestPixel = 1.5
    let box = try check("Box", results)
    #expect(box.outcome == .warning)
    #expect(box.sentence.contains("PGD-50 from -1e-09") && box.sentence.contains("APGD from"))
  }

  @Test func stepsReachTheirRadius() throws {
    var results = EvaluationSample.results(images: 40)
    func all() -> [EvaluationCheck] { EvaluationChecks.all(results, EvaluationSummary(results)) }
    // Of attacks without a step size, and of reports from before it was kept, nothing is said.
    #expect(!all().contains { $0.name == "Reach" })
    let before = ReportMarkdown.text(results)
    results.attacks[2].walk = EvaluationSample.made(["steps": 4, "stepSize": 2.0 / 255])
    #expect(try check("Reach", results).outcome == .passed)
    #expect(ReportMarkdown.text(results) != before)
    for index in results.attacks.indices where results.attacks[index].name.contains("radius") {
      results.attacks[index].walk = EvaluationSample.made(["steps": 10, "stepSize": 2.0 / 255])
    }
    let found = try check("Reach", results)
    #expect(found.outcome == .warning)
    #expect(
      found.sentence.contains(
        "PGD-50, radius 32/255: 10 of 2/255 go 20/255 of 32/255; "
          + "PGD-50, radius 64/255: 10 of 2/255 go 20/255 of 64/255. Set step_size"))
    #expect(!found.sentence.contains("PGD-50, radius 16/255"))
    let kept = try ReportJSON.results(ReportJSON.bytes(results))
    #expect(kept.attacks.map(\.walk) == results.attacks.map(\.walk))
    results.attacks[2].walk = EvaluationSample.made(["steps": 3, "stepSize": 1e308])
    #expect(throws: FormatError.self) { try results.validate() }
  }

  @Test func suitesReturnCleanImages() throws {
    var results = EvaluationSample.results(images: 40)
    let found = try check("Returned-clean", results)
    #expect(found.outcome == .warning)
    #expect(found.sentence.contains("50.0 % of AutoAttack"))
    #expect(found.sentence.contains("No comparison is tested on them"))
    results.comparisons[0].attack = "AutoAttack"
    #expect(try check("Returned-clean", results).sentence.contains("H1 must not be read"))
    results.attacks[4].unperturbed = 0
    #expect(try check("Returned-clean", results).outcome == .passed)
  }

  /// Replaces the answers of an arm by some that are right on the first few images.
  private func set(
    _ results: inout EvaluationResults, _ arm: String, _ attack: String, right count: Int
  ) {
    for index in results.cells.indices
    where results.cells[index].arm == arm && results.cells[index].attack == attack {
      for image in results.cells[index].answers.indices {
        results.cells[index].answers[image] = (results.labels[image] + (image < count ? 0 : 1)) % 10
      }
    }
  }

  @Test func maskingShowsWhereAdaptiveAttacksAreWeaker() throws {
    var results = EvaluationSample.results(images: 40)
    for arm in ["random", "contrastive", "multi"] {
      for attack in ["FGSM", "PGD-50", "APGD", "AutoAttack"] {
        set(&results, arm, attack, right: 5)
      }
      set(&results, arm, "BPDA+EOT", right: 4)
      set(&results, arm, "Square", right: 4)
    }
    #expect(try check("Masking: T2", results).outcome == .passed)
    #expect(try check("Masking: queries", results).outcome == .passed)
    set(&results, "multi", "BPDA+EOT", right: 6)
    let masked = try check("Masking: T2", results)
    #expect(masked.outcome == .warning)
    // Ten images are those of both.
    #expect(masked.sentence.contains("multi 60.0 % under BPDA+EOT, 50.0 % under FGSM (n = 10)"))
    #expect(!masked.sentence.contains("random"))
    #expect(try check("Masking: queries", results).outcome == .warning)
    // Of an arm that met one side alone nothing is known, and that is said.
    results.cells.removeAll { $0.attack == "BPDA+EOT" && $0.arm != "contrastive" }
    let partial = try check("Masking: T2", results)
    #expect(partial.outcome == .passed)
    #expect(partial.sentence.hasSuffix("Not known of random and multi, which did not meet both."))
    results.cells.removeAll { $0.attack == "BPDA+EOT" }
    #expect(try check("Masking: T2", results).outcome == .cannotTell)
  }

  @Test func nothingMayBeLeftAtALargeRadius() throws {
    var results = EvaluationSample.results(images: 80)
    set(&results, "none", "PGD-50, radius 64/255", right: 1)
    // Transferred points that a purifier undoes are no sign of masking, nor of its absence.
    set(&results, "multi", "PGD-50, radius 64/255", right: 40)
    let transferred = try check("Masking: nothing", results)
    #expect(transferred.outcome == .cannotTell)
    #expect(transferred.sentence.contains("falls to about 0: none 2.5 %"))
    #expect(transferred.sentence.contains("Not known of random, contrastive and multi:"))
    for arm in ["random", "contrastive", "multi"] {
      results.attacks.append(
        EvaluationSample.attack("T2, 64/255", level: "T2", arm: arm, images: 40, radius: 64))
      results.cells.append(
        EvaluationSample.cell(arm, "T2, 64/255", results.labels.prefix(40).map { ($0 + 1) % 10 }))
    }
    #expect(try check("Masking: nothing", results).outcome == .passed)
    set(&results, "contrastive", "T2, 64/255", right: 3)
    let alive = try check("Masking: nothing", results)
    #expect(alive.outcome == .warning)
    #expect(alive.sentence.contains("contrastive 7.5 % under T2, 64/255"))
    set(&results, "contrastive", "T2, 64/255", right: 0)
    set(&results, "none", "PGD-50, radius 64/255", right: 4)
    #expect(try check("Masking: nothing", results).outcome == .warning)
    results.cells.removeAll { $0.attack.contains("64/255") }
    #expect(try check("Masking: nothing", results).outcome == .cannotTell)
  }

  @Test func imagesThatMeetInABatchAreNotIndependent() throws {
    var results = EvaluationSample.results(images: 40)
    #expect(try check("Company", results).outcome == .passed)
    results.arms[2].settings["negatives"] = "batch"
    results.arms[3].settings["per_image"] = "false"
    let found = try check("Company", results)
    #expect(found.outcome == .warning)
    #expect(found.sentence.contains("contrastive (negatives: batch) and multi (per_image: false)"))
  }

  @Test func aClassifierThatIsFedWronglyShows() throws {
    var results = EvaluationSample.results(images: 400)
    #expect(try check("Clean accuracy", results).outcome == .cannotTell)
    let share = try #require(EvaluationSummary(results).cell("none", "clean")).first
    results.cleanAccuracy = 100 * share.share
    #expect(try check("Clean accuracy", results).outcome == .passed)
    results.cleanAccuracy = 100 * share.interval.high + 0.1
    #expect(try check("Clean accuracy", results).outcome == .warning)
    results.cleanAccuracy = 101
    #expect(throws: FormatError.self) { try results.validate() }
  }

  @Test func batchNormRunsInInferenceMode() throws {
    var results = EvaluationSample.results(images: 40)
    #expect(try check("Batch norm", results).outcome == .passed)
    results.attacks[2].settings["train"] = "true"
    #expect(try check("Batch norm", results).sentence.hasSuffix("PGD-50."))
    #expect(try check("Batch norm", results).outcome == .warning)
  }

  @Test func randomnessIsTheShareOfChangedAnswers() throws {
    var results = EvaluationSample.results(images: 40)
    for index in results.cells.indices { results.cells[index].answers = results.cells[0].answers }
    for index in results.cells.indices {
      let images = results.attackIndex[results.cells[index].attack, arm: results.cells[index].arm]!
        .images
      results.cells[index].answers = Array(results.cells[index].answers.prefix(images))
    }
    #expect(try check("Randomness", results).outcome == .passed)
    let changed = results.cells.firstIndex { $0.arm == "multi" && $0.seed == 2 }!
    for image in 0..<3 {
      results.cells[changed].answers[image] = (results.cells[changed].answers[image] + 1) % 10
    }
    let found = try check("Randomness", results)
    #expect(found.outcome == .warning)
    #expect(found.sentence.contains("7.5 % of the answers change (multi on clean)"))
    results.seeds = [0]
    #expect(try check("Randomness", results).outcome == .cannotTell)
  }

  @Test func cleanAccuracyStandsBesideRobust() throws {
    var results = EvaluationSample.results(images: 40)
    #expect(try check("Clean cost", results).outcome == .passed)
    results.cells.removeAll { $0.arm == "multi" && $0.attack == "clean" }
    let found = try check("Clean cost", results)
    #expect(found.outcome == .warning && found.sentence.contains("multi"))
  }

  @Test func tooFewImagesAreSaid() throws {
    var results = EvaluationSample.results(images: 200)
    let labels = results.labels
    func answers(wrong: [Int]) -> [Int] {
      labels.indices.map { (labels[$0] + (wrong.contains($0) ? 1 : 0)) % 10 }
    }
    results.comparisons = Array(results.comparisons.prefix(1))
    results.sweeps = []
    results.cells = [
      EvaluationSample.cell("multi", "APGD", answers(wrong: [1, 2, 3, 4])),
      EvaluationSample.cell("none", "APGD", answers(wrong: [5, 6, 7, 8, 9, 10, 11, 12])),
    ]
    // d = 0.02 and psi = 0.06: 1175 in the specification's table.
    let found = try check("Enough images: H1", results)
    #expect(found.outcome == .warning)
    #expect(found.sentence.contains("2.0 points, takes 1175"))
    results.cells[1] = EvaluationSample.cell("none", "APGD", answers(wrong: Array(20..<60)))
    #expect(try check("Enough images: H1", results).outcome == .passed)
    results.cells[1] = results.cells[0]
    results.cells[1].arm = "none"
    #expect(try check("Enough images: H1", results).outcome == .cannotTell)
  }
}
