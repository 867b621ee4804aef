extension EvaluationResults {
  /// Whether an attack goes through the arms' purifiers, so that its points differ between them.
  func isMadeForEachArm(_ attack: String) -> Bool {
    attacks.contains { $0.name == attack && $0.arm != nil }
  }

  /// Whether answers are a point of a sweep; everything else stands in the main table.
  private var sweepCells: Set<[String]> {
    Set(sweeps.flatMap(\.curves).flatMap(\.cells).map { [$0.arm, $0.attack] })
  }

  /// The cells of the main table, without those of sweeps.
  package var mainCells: [Cell] {
    let swept = sweepCells
    return cells.filter { !swept.contains([$0.arm, $0.attack]) }
  }

  /// The arms of the main table.
  package var mainArms: [Arm] {
    let names = Set(mainCells.map(\.arm))
    return arms.filter { names.contains($0.name) }
  }

  /// The attacks of the main table: of several sets of one name, made for an arm each, the first.
  package var mainAttacks: [Attack] {
    let names = Set(mainCells.map(\.attack))
    var seen = Set<String>()
    return attacks.filter { names.contains($0.name) && seen.insert($0.name).inserted }
  }

  /// The arm without defence.
  package var staticArm: Arm? { mainArms.first { $0.purifier == nil } }

  package func arm(_ name: String) -> Arm? { arms.first { $0.name == name } }

  /// Finds the set of points of a name that an arm meets, at once: a report that somebody made up
  /// may hold millions.
  package struct AttackIndex {
    private let sets: [[String?]: Attack]
    private let first: [String: Attack]

    package init(_ attacks: [Attack]) {
      sets = Dictionary(attacks.map { ([$0.name, $0.arm], $0) }) { first, _ in first }
      first = Dictionary(attacks.map { ($0.name, $0) }) { first, _ in first }
    }

    package subscript(name: String, arm arm: String) -> Attack? {
      // An arm's variant in a sweep meets the points that were made for the arm itself.
      sets[[name, arm]] ?? sets[[name, nil]] ?? first[name]
    }
  }

  package var attackIndex: AttackIndex { AttackIndex(attacks) }

  /// The answers under the first seed, which alone is tested, or under another.
  package func cell(_ arm: String, _ attack: String, seed: UInt64? = nil) -> Cell? {
    let wanted = seed ?? seeds.first
    return cells.first { $0.arm == arm && $0.attack == attack && $0.seed == wanted }
  }

  /// Which images are answered right.
  package func right(_ cell: Cell) -> [Bool] { zip(cell.answers, labels).map { $0 == $1 } }

  /// How many images all points of a sweep are over. Answers that are the main table's or another
  /// sweep's too may be more: what is compared along a curve must be of the same images.
  package func imageCount(of sweep: Sweep) -> Int {
    let counts = sweep.curves.flatMap(\.cells).compactMap { cell($0.arm, $0.attack)?.answers.count }
    return min(sweep.images ?? .max, counts.min() ?? 0)
  }

  /// A point of a sweep over its first images, `imageCount(of:)` of them.
  package func share(_ name: Sweep.CellName, first images: Int) -> EvaluationSummary.Share? {
    guard let cell = cell(name.arm, name.attack) else { return nil }
    return EvaluationSummary.Share(right: rightCount(cell, first: images), images: images)
  }

  package func rightCount(_ cell: Cell, first count: Int? = nil) -> Int {
    zip(cell.answers, labels).prefix(count ?? .max).count { $0 == $1 }
  }
}

extension EvaluationResults.Arm {
  /// The purifier's steps `K`, where the recipe sets them.
  package var steps: String? { settings["steps"] }
}
