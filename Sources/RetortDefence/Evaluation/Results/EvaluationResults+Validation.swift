import RetortFormats

extension EvaluationResults {
  package static let knownFormat = 1
  /// More than an `f32` holds; differences of such numbers are still numbers.
  private static let greatest = 1e40

  /// Whether the parts fit together, so that everything may be derived without looking again.
  ///
  /// - Throws: a sentence on the first thing that does not.
  package func validate() throws(FormatError) {
    try require(format == Self.knownFormat, "the format is \(format), not \(Self.knownFormat)")
    try require(!classNames.isEmpty, "there are no classes")
    try require(labels.count <= ImageSet.countLimit, "there are \(labels.count) images")
    try require(
      !seeds.isEmpty && Set(seeds).count == seeds.count,
      "the seeds are not one or more, "
        + "each once")
    if let share = cleanAccuracy {
      try require((0...100).contains(share), "the clean accuracy is \(share) per cent")
    }
    try validateClasses(labels, "the labels")
    try unique(arms.map { ([$0.name], $0.name) }, "arm")
    try unique(comparisons.map { ([$0.name], $0.name) }, "comparison")
    try unique(sweeps.map { ([$0.name], $0.name) }, "sweep")
    try unique(
      attacks.map { attack in
        ([attack.name, attack.arm], attack.name + (attack.arm.map { " through \($0)" } ?? ""))
      }, "attack")
    let index = Index(self)
    for attack in attacks { try validate(attack, index) }
    try unique(
      cells.map { cell in
        let seed = String(cell.seed)
        return ([cell.arm, cell.attack, seed], "\(cell.arm) on \(cell.attack), seed \(seed)")
      }, "cell")
    for cell in cells { try validate(cell, index) }
    try unique(
      losses.map { ([$0.task, $0.points.name], "\($0.task) on \($0.points.name)") }, "loss")
    for sample in losses { try validate(sample) }
    for comparison in comparisons { try validate(comparison, index) }
    for sweep in sweeps { try validate(sweep, index) }
    for row in gallery { try validate(row) }
  }

  private func require(
    _ condition: Bool, _ complaint: @autoclosure () -> String
  ) throws(FormatError) {
    if !condition { throw FormatError(complaint()) }
  }

  /// Names are compared part by part: joined, those of different things may be the same text.
  private func unique(
    _ names: [(parts: [String?], text: String)], _ what: String
  ) throws(FormatError) {
    var seen = Set<[String?]>()
    for name in names {
      try require(!name.text.isEmpty, "one \(what) has no name")
      try require(
        seen.insert(name.parts).inserted, "the \(what) \(ReportText.quoted(name.text)) comes twice")
    }
  }

  private func validateClasses(_ values: [Int], _ what: String) throws(FormatError) {
    if let wrong = values.first(where: { !classNames.indices.contains($0) }) {
      throw FormatError("\(what) hold class \(wrong), there are \(classNames.count)")
    }
  }

  private func validate(_ attack: Attack, _ index: Index) throws(FormatError) {
    let name = "the attack \(ReportText.quoted(attack.name))"
    try require(
      (0...labels.count).contains(attack.images),
      "\(name) has \(attack.images) images of \(labels.count)")
    try require(
      (0...attack.images).contains(attack.unperturbed),
      "\(name) has \(attack.unperturbed) unperturbed points of \(attack.images)")
    let numbers = [
      attack.epsilon, attack.greatestDistance, attack.leastPixel, attack.greatestPixel,
      attack.gflopPerImage, attack.walk?.length ?? 0,
    ]
    try require(numbers.allSatisfy(\.isFinite), "\(name) holds NaN or infinity")
    try require(attack.epsilon >= 0, "\(name) has the radius \(attack.epsilon)")
    if let arm = attack.arm { try known(arm, name, index) }
  }

  private func validate(_ cell: Cell, _ index: Index) throws(FormatError) {
    let name = "the answers of \(ReportText.quoted(cell.arm)) on \(ReportText.quoted(cell.attack))"
    try known(cell.arm, name, index)
    try require(
      index.seeds.contains(cell.seed), "\(name) are of seed \(cell.seed), which there is not")
    guard let attack = index.attacks[cell.attack, arm: cell.arm] else {
      throw FormatError("\(name) are of an attack that there is not")
    }
    try require(
      cell.answers.count <= attack.images,
      "\(name) are \(cell.answers.count), but \(attack.images) images were attacked")
    try require(
      index.answerCounts[[cell.arm, cell.attack]] == cell.answers.count,
      "\(name) are not as many under seed \(cell.seed) as under the first")
    try validateClasses(cell.answers, name)
  }

  private func validate(_ sample: LossSample) throws(FormatError) {
    let name =
      "the losses of \(ReportText.quoted(sample.task)) on \(ReportText.quoted(sample.points.name))"
    try require(
      sample.values.count <= labels.count,
      "\(name) are \(sample.values.count), there are \(labels.count) images")
    try require(
      sample.values.allSatisfy { abs($0) <= Self.greatest },
      "\(name) hold NaN, infinity or a number beyond \(Self.greatest)")
  }

  private func validate(_ comparison: Comparison, _ index: Index) throws(FormatError) {
    let name = "the comparison \(ReportText.quoted(comparison.name))"
    for arm in [comparison.a, comparison.b] { try known(arm, name, index) }
    try require(comparison.margin?.isFinite ?? true, "\(name) has a margin that is no number")
  }

  private func validate(_ sweep: Sweep, _ index: Index) throws(FormatError) {
    let name = "the sweep \(ReportText.quoted(sweep.name))"
    try require(
      sweep.ticks.count == sweep.values.count,
      "\(name) has \(sweep.ticks.count) ticks for \(sweep.values.count) values")
    try require(
      sweep.values.allSatisfy { abs($0) <= Self.greatest },
      "\(name) has a value that is no number or beyond \(Self.greatest)")
    if let images = sweep.images {
      try require(
        (0...ImageSet.countLimit).contains(images), "\(name) is over \(images) images")
    }
    for curve in sweep.curves {
      try require(
        curve.cells.count == sweep.values.count,
        "\(name) has a curve of \(curve.cells.count) points for \(sweep.values.count) values")
      for cell in curve.cells {
        try require(
          index.answerCounts[[cell.arm, cell.attack]] != nil,
          "\(name) names \(ReportText.quoted(cell.arm)) on "
            + "\(ReportText.quoted(cell.attack)), which there is not"
        )
      }
    }
  }

  private func validate(_ row: GalleryRow) throws(FormatError) {
    let name = "the gallery's image \(row.image)"
    try require(labels.indices.contains(row.image), "\(name) is not one of \(labels.count)")
    try validateClasses([row.label] + row.panels.compactMap(\.answer), name)
    for panel in row.panels {
      // The signature of PNG, and nothing but the letters of base 64.
      try require(
        panel.png.hasPrefix("iVBORw0KGgo")
          && panel.png.utf8.allSatisfy { Self.base64.contains($0) },
        "\(name) has a picture that is not PNG in base 64")
    }
  }

  private static let base64 = Set(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=".utf8)

  private func known(_ arm: String, _ what: String, _ index: Index) throws(FormatError) {
    try require(
      index.arms.contains(arm),
      "\(what) names the arm \(ReportText.quoted(arm)), which there is not")
  }

  /// Finds parts by their names at once, as attacks are found.
  private struct Index {
    let arms: Set<String>
    let seeds: Set<UInt64>
    let attacks: AttackIndex
    /// Of each arm's answers on an attack under the first seed.
    let answerCounts: [[String]: Int]

    init(_ results: EvaluationResults) {
      arms = Set(results.arms.map(\.name))
      seeds = Set(results.seeds)
      attacks = results.attackIndex
      answerCounts = Dictionary(
        results.cells.filter { $0.seed == results.seeds.first }
          .map { ([$0.arm, $0.attack], $0.answers.count) }
      ) { first, _ in first }
    }
  }
}
