import RetortText

/// A recipe spelled out: every set of points and every cell of answers, in the order in which they
/// are computed.
struct EvaluationSchedule {
  /// Answers of one arm on one set of points.
  struct Cell {
    /// With the settings that a sweep gives it.
    let arm: EvaluationRecipe.Arm
    /// Of `points`.
    let points: Int
    let seed: UInt64
    var images: Int
  }

  private(set) var points: [AttackPlan] = []
  private(set) var arms: [EvaluationRecipe.Arm] = []
  private(set) var cells: [Cell] = []
  private(set) var sweeps: [EvaluationResults.Sweep] = []

  /// - Parameter count: how many images there are.
  /// - Throws: where the recipe asks for more images than there are, or compares what does not meet.
  init(_ recipe: EvaluationRecipe, count: Int) throws(Diagnostics) {
    let all = recipe.images ?? count
    guard all <= count else {
      throw Diagnostics(
        "asks for \(all) images, the data has \(count)",
        hint: "give more data, lower \"images\", or take the first with --count N")
    }
    arms = recipe.arms
    for attack in recipe.attacks {
      let images = min(attack.images ?? all, all)
      let met = recipe.arms.filter { attack.arms?.contains($0.name) ?? true }
      var shared: Int?
      for arm in met {
        if attack.isThrough || shared == nil {
          shared = add(
            AttackPlan(
              attack: attack, name: attack.name, epsilon: attack.epsilon,
              arm: attack.isThrough ? arm : nil, images: images))
        }
        for seed in recipe.seeds {
          cells.append(Cell(arm: arm, points: shared!, seed: seed, images: images))
        }
      }
    }
    try checkMeetings(recipe)
    for sweep in recipe.sweeps { add(sweep, recipe) }
  }

  /// The plan's place; one of the same name is the same plan, for as many images as any asks.
  private mutating func add(_ plan: AttackPlan) -> Int {
    if let known = points.firstIndex(where: {
      $0.name == plan.name && $0.arm?.name == plan.arm?.name
    }) {
      points[known].images = max(points[known].images, plan.images)
      return known
    }
    points.append(plan)
    return points.count - 1
  }

  private mutating func add(_ cell: Cell) {
    let known = cells.firstIndex {
      $0.arm.name == cell.arm.name && $0.points == cell.points && $0.seed == cell.seed
    }
    if let known {
      cells[known].images = max(cells[known].images, cell.images)
    } else {
      cells.append(cell)
    }
  }

  private mutating func add(_ sweep: EvaluationRecipe.Sweep, _ recipe: EvaluationRecipe) {
    let curves: [EvaluationResults.Sweep.Curve]
    let attacked: String
    switch sweep.subject {
    case .attack(let name, let arms):
      attacked = name
      curves = radii(sweep, name, arms, recipe)
    case .arms(let arms, let setting, let name):
      attacked = name
      curves = variants(sweep, arms, setting, name, recipe)
    }
    // Every point has so many answers; where another sweep asks for more of the same, it has more.
    let images = self.images(sweep, points.first { $0.name == attacked }!)
    sweeps.append(
      EvaluationResults.Sweep(
        name: sweep.name, axis: sweep.axis, ticks: sweep.values.map(\.text),
        values: sweep.values.map(\.value), curves: curves, images: images))
  }

  /// The radius of an attack in several values.
  private mutating func radii(
    _ sweep: EvaluationRecipe.Sweep, _ name: String, _ names: [String], _ recipe: EvaluationRecipe
  ) -> [EvaluationResults.Sweep.Curve] {
    let attack = recipe.attacks.first { $0.name == name }!
    var cells = [String: [EvaluationResults.Sweep.CellName]]()
    for value in sweep.values {
      let label = Self.name(name, radius: value)
      let images = self.images(sweep, points.first { $0.name == name }!)
      var shared: Int?
      for arm in names {
        let arm = arms.first { $0.name == arm }!
        if attack.isThrough || shared == nil {
          shared = add(
            AttackPlan(
              attack: attack, name: label, epsilon: value, arm: attack.isThrough ? arm : nil,
              images: images))
        }
        add(Cell(arm: arm, points: shared!, seed: recipe.seeds[0], images: images))
        cells[arm.name, default: []].append(.init(arm: arm.name, attack: label))
      }
    }
    return names.map { .init(name: $0, cells: cells[$0]!) }
  }

  /// A setting of some arms in several values.
  private mutating func variants(
    _ sweep: EvaluationRecipe.Sweep, _ names: [String], _ setting: String, _ attack: String,
    _ recipe: EvaluationRecipe
  ) -> [EvaluationResults.Sweep.Curve] {
    names.map { name in
      let base = recipe.arms.first { $0.name == name }!
      let cells = sweep.values.map { value in
        let arm = EvaluationRecipe.Arm(
          name: Self.name(name, setting, value), about: base.about, purifier: base.purifier,
          settings: base.settings.filter { $0.name != setting } + [(setting, value.text)])
        if !arms.contains(where: { $0.name == arm.name }) { arms.append(arm) }
        let plan = points.firstIndex {
          $0.name == attack && ($0.arm == nil || $0.arm?.name == name)
        }!
        add(
          Cell(arm: arm, points: plan, seed: recipe.seeds[0], images: images(sweep, points[plan])))
        return EvaluationResults.Sweep.CellName(arm: arm.name, attack: attack)
      }
      return .init(name: name, cells: cells)
    }
  }

  private func images(_ sweep: EvaluationRecipe.Sweep, _ plan: AttackPlan) -> Int {
    min(sweep.images ?? plan.images, plan.images)
  }

  private static func name(_ attack: String, radius: EvaluationRecipe.Number) -> String {
    "\(attack), radius \(radius.text)"
  }

  private static func name(
    _ arm: String, _ setting: String, _ value: EvaluationRecipe.Number
  ) -> String {
    "\(arm), \(setting) \(value.text)"
  }

  /// Whether every arm that is compared or drawn meets the points that it is asked about.
  private func checkMeetings(_ recipe: EvaluationRecipe) throws(Diagnostics) {
    func check(_ arm: String, _ attack: String, _ what: String) throws(Diagnostics) {
      guard !cells.contains(where: { $0.arm.name == arm && points[$0.points].name == attack })
      else { return }
      throw Diagnostics(
        "\(what) asks for \"\(arm)\" under \"\(attack)\", but that attack is not for that arm",
        hint: "add the arm to the attack's \"arms\"")
    }
    func refuse(_ derived: String, _ names: [String]) throws(Diagnostics) {
      guard names.contains(derived) else { return }
      throw Diagnostics(
        "\"\(derived)\" is what a sweep calls one of its points", hint: "choose another name")
    }
    for comparison in recipe.comparisons {
      let what = "the comparison \"\(comparison.name)\""
      try check(comparison.a, comparison.attack, what)
      try check(comparison.b, comparison.attack, what)
    }
    for sweep in recipe.sweeps {
      let what = "the sweep \"\(sweep.name)\""
      switch sweep.subject {
      case .attack(let attack, let arms):
        for arm in arms { try check(arm, attack, what) }
        for value in sweep.values {
          try refuse(Self.name(attack, radius: value), recipe.attacks.map(\.name))
        }
        if recipe.attacks.contains(where: { $0.name == attack && $0.method == .clean }) {
          throw Diagnostics("\(what) gives clean images a radius")
        }
      case .arms(let arms, let setting, let attack):
        for arm in arms {
          try check(arm, attack, what)
          if recipe.arms.contains(where: { $0.name == arm && $0.purifier == nil }) {
            throw Diagnostics("\(what) sets \"\(setting)\" of \"\(arm)\", which has no purifier")
          }
          for value in sweep.values {
            try refuse(Self.name(arm, setting, value), recipe.arms.map(\.name))
          }
        }
      }
    }
    for name in recipe.losses?.attacks ?? []
    where recipe.attacks.contains(where: { $0.name == name && $0.isThrough }) {
      throw Diagnostics(
        "\"losses\" asks for \"\(name)\", whose points are made for each arm apart",
        hint: "name an attack without \"through\"")
    }
    for attack in recipe.losses?.attacks ?? [] {
      for arm in recipe.losses?.arms ?? [] { try check(arm, attack, "\"losses\"") }
    }
    if let gallery = recipe.gallery { try check(gallery.arm, gallery.attack, "\"gallery\"") }
  }
}
