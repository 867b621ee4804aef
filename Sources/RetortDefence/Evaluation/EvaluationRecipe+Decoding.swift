import RetortText

extension EvaluationRecipe: Decodable {
  private enum Keys: String, CodingKey, CaseIterable {
    case kind, about, data, classes, backbone, weights, images, batch, seeds, epsilon, arms, attacks
    case comparisons, sweeps, losses, gallery, cleanAccuracy
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.fields(Keys.self, of: .evaluation)
    func take<T: Decodable>(_ key: Keys, _ target: inout T) throws {
      if let value = try fields.decodeIfPresent(T.self, forKey: key) { target = value }
    }
    try take(.about, &about)
    try take(.data, &dataNote)
    try take(.classes, &classNames)
    cleanAccuracy = try fields.decodeIfPresent(Double.self, forKey: .cleanAccuracy)
    if let share = cleanAccuracy, !(0...100).contains(share) {
      throw fields.problem(.cleanAccuracy, "is \(share), expected per cent, from 0 to 100")
    }
    try take(.backbone, &backbone)
    try take(.weights, &weights)
    images = try fields.wholeNumber(.images, in: 1...ImageSet.countLimit)
    batch = try fields.wholeNumber(.batch, in: 1...ImageSet.batchLimit) ?? batch
    seeds = try fields.wholeNumbers(.seeds) ?? seeds
    try take(.epsilon, &epsilon)
    if epsilon.value == 0 { throw fields.problem(.epsilon, "is 0, expected a radius above 0") }
    arms = try fields.decode([Arm].self, forKey: .arms)
    attacks = try fields.decode([Attack].self, forKey: .attacks)
    for index in attacks.indices where !attacks[index].hasOwnRadius {
      attacks[index].epsilon = epsilon
    }
    // Images are in 0...1: 8 is meant as 8/255.
    for attack in attacks where attack.norm == .linf && attack.epsilon.value > 1 {
      throw fields.problem(
        attack.hasOwnRadius ? .attacks : .epsilon,
        "has the radius \(attack.epsilon.text) for \"\(attack.name)\", expected one of at most 1 in"
          + " linf, such as \"8/255\"")
    }
    comparisons = try (fields.decodeIfPresent([ComparisonDraft].self, forKey: .comparisons) ?? [])
      .map(\.comparison)
    try take(.sweeps, &sweeps)
    for sweep in sweeps {
      guard case .attack(let name, _) = sweep.subject,
        attacks.contains(where: { $0.name == name && $0.norm == .linf }),
        let radius = sweep.values.first(where: { $0.value > 1 })
      else { continue }
      throw fields.problem(
        .sweeps,
        "has the radius \(radius.text) in \"\(sweep.name)\", expected ones of at most 1 in linf,"
          + " such as \"8/255\"")
    }
    losses = try fields.decodeIfPresent(Losses.self, forKey: .losses)
    gallery = try fields.decodeIfPresent(Gallery.self, forKey: .gallery)
    guard !seeds.isEmpty, Set(seeds).count == seeds.count else {
      throw fields.problem(.seeds, "must hold one number or more, each once")
    }
    guard !arms.isEmpty else { throw fields.problem(.arms, "is empty") }
    guard !attacks.isEmpty else { throw fields.problem(.attacks, "is empty") }
    try checkNames(fields)
  }

  private func checkNames(_ fields: KeyedDecodingContainer<Keys>) throws {
    func unique(_ names: [String], _ key: Keys) throws {
      var seen = Set<String>()
      for name in names where !seen.insert(name).inserted {
        throw fields.problem(key, "holds two of the name \"\(name)\"")
      }
      if names.contains("") { throw fields.problem(key, "holds one with an empty name") }
    }
    let armNames = arms.map(\.name)
    let attackNames = attacks.map(\.name)
    try unique(armNames, .arms)
    try unique(attackNames, .attacks)
    try unique(comparisons.map(\.name), .comparisons)
    try unique(sweeps.map(\.name), .sweeps)
    // A report names the points of losses "ATTACK, purified by ARM".
    let link = EvaluationResults.LossPoints.link
    for (key, names) in [(Keys.arms, armNames), (.attacks, attackNames)] {
      if let name = names.first(where: { $0.contains(link) }) {
        throw fields.problem(
          key, "holds the name \"\(name)\", but \"\(link)\" is a report's own in names of points")
      }
    }
    func known(_ name: String, _ list: [String], _ key: Keys, _ what: String) throws {
      guard !list.contains(name) else { return }
      let nearest = Suggestion.nearest(to: name, in: list).map { "; did you mean \"\($0)\"?" }
      throw fields.problem(key, "names the \(what) \"\(name)\", which there is not\(nearest ?? "")")
    }
    func arm(_ name: String, _ key: Keys) throws { try known(name, armNames, key, "arm") }
    func attack(_ name: String, _ key: Keys) throws { try known(name, attackNames, key, "attack") }
    for name in attacks.flatMap({ $0.arms ?? [] }) { try arm(name, .attacks) }
    for comparison in comparisons {
      try arm(comparison.a, .comparisons)
      try arm(comparison.b, .comparisons)
      try attack(comparison.attack, .comparisons)
    }
    for sweep in sweeps {
      switch sweep.subject {
      case .attack(let name, let arms):
        try attack(name, .sweeps)
        for name in arms { try arm(name, .sweeps) }
      case .arms(let arms, _, let name):
        try attack(name, .sweeps)
        for name in arms { try arm(name, .sweeps) }
      }
    }
    for name in losses?.attacks ?? [] { try attack(name, .losses) }
    for name in losses?.arms ?? [] { try arm(name, .losses) }
    if let gallery {
      try arm(gallery.arm, .gallery)
      try attack(gallery.attack, .gallery)
    }
  }

  /// A comparison as a recipe spells it.
  private struct ComparisonDraft: Decodable {
    private enum Keys: String, CodingKey, CaseIterable { case name, about, a, b, attack, margin }
    let comparison: EvaluationResults.Comparison

    init(from decoder: any Decoder) throws {
      let fields = try decoder.fields(Keys.self)
      let margin = try fields.decodeIfPresent(Double.self, forKey: .margin)
      if let margin, !(0...100).contains(margin) {
        throw fields.problem(.margin, "is \(margin), expected points, from 0 to 100")
      }
      comparison = EvaluationResults.Comparison(
        name: try fields.decode(String.self, forKey: .name),
        about: try fields.decodeIfPresent(String.self, forKey: .about) ?? "",
        a: try fields.decode(String.self, forKey: .a),
        b: try fields.decode(String.self, forKey: .b),
        attack: try fields.decode(String.self, forKey: .attack),
        margin: margin)
      if comparison.a == comparison.b {
        throw fields.problem(.b, "is \"\(comparison.b)\" as \"a\" is: an arm equals itself")
      }
    }
  }
}

extension EvaluationRecipe.Attack: Decodable {
  private enum Keys: String, CodingKey, CaseIterable {
    case name, about, level, graph, suite, set, epsilon, norm, result, through, keys
    case purifier, arms, images
  }
  private enum KeyHolder: String, CaseIterable { case attacker, defender }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.fields(Keys.self)
    name = try fields.decode(String.self, forKey: .name)
    about = try fields.decodeIfPresent(String.self, forKey: .about) ?? ""
    let graph = try fields.decodeIfPresent(String.self, forKey: .graph)
    let suite = try fields.choice(AttackSuite.self, .suite)
    if graph != nil, suite != nil { throw fields.problem(.suite, "stands beside \"graph\"") }
    method =
      suite.map(EvaluationRecipe.Method.suite) ?? graph.map(EvaluationRecipe.Method.graph) ?? .clean
    isThrough = try fields.decodeIfPresent(Bool.self, forKey: .through) ?? false
    let word = try fields.decodeIfPresent(String.self, forKey: .level)
    let usual: EvaluationResults.Attack.Level =
      method == .clean ? .clean : isThrough ? .t2 : .t0
    guard let level = word.map(EvaluationResults.Attack.Level.init) ?? usual,
      (level == .clean) == (method == .clean)
    else {
      throw fields.problem(
        .level,
        "is \"\(word ?? "")\", expected \"clean\" without a graph and else one of "
          + EvaluationResults.Attack.Level.allCases.dropFirst().map { "\"\($0.rawValue)\"" }
          .joined(separator: ", "))
    }
    self.level = level
    if isThrough, graph == nil, suite != .rand {
      throw fields.problem(.through, "needs a graph, or the suite \"autoattack-rand\"")
    }
    let keys = try fields.choice(KeyHolder.self, .keys) ?? .attacker
    knowsKeys = keys == .defender
    if knowsKeys, !isThrough { throw fields.problem(.keys, "needs \"through\": true") }
    purifierSettings = try fields.settings(.purifier)
    if !isThrough, !purifierSettings.isEmpty {
      throw fields.problem(.purifier, "needs \"through\": true")
    }
    result = try fields.decodeIfPresent(String.self, forKey: .result)
    if result != nil, graph == nil { throw fields.problem(.result, "needs a graph") }
    settings = try fields.settings(.set)
    for name in ["epsilon", "norm", "purifier", "backbone", "classes"]
    where settings.contains(where: { $0.name == name }) {
      throw fields.problem(.set, "sets \"\(name)\", which has a key of its own")
    }
    let radius = try fields.decodeIfPresent(EvaluationRecipe.Number.self, forKey: .epsilon)
    if radius?.value == 0 { throw fields.problem(.epsilon, "is 0, expected a radius above 0") }
    hasOwnRadius = radius != nil || method == .clean
    epsilon = radius ?? EvaluationRecipe.Number(text: "0", value: 0)
    norm = try fields.choice(EvaluationResults.Attack.Norm.self, .norm) ?? .linf
    arms = try fields.decodeIfPresent([String].self, forKey: .arms)
    for key in [Keys.set, .epsilon, .norm] where method == .clean && fields.contains(key) {
      throw fields.problem(key, "means nothing for clean images")
    }
    if arms?.isEmpty == true { throw fields.problem(.arms, "is empty") }
    images = try fields.wholeNumber(.images, in: 1...ImageSet.countLimit)
  }
}

extension EvaluationRecipe.Number: Decodable {
  /// A number, or a text with a fraction of two.
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(SettingText.self).text
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map {
      Double($0.filter { $0 != " " })
    }
    let value: Double? =
      switch (parts.count, parts.first ?? nil, parts.last ?? nil) {
      case (1, let number?, _): number
      case (2, let above?, let below?): above / below
      default: nil
      }
    guard let value, value >= 0, value.isFinite else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "is \(text), expected a number of 0 or more, such as 0.03 or \"8/255\"")
    }
    self.init(text: text, value: value)
  }
}

extension EvaluationRecipe.Arm: Decodable {
  private enum Keys: String, CodingKey, CaseIterable { case name, about, purifier, set }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.fields(Keys.self)
    name = try fields.decode(String.self, forKey: .name)
    about = try fields.decodeIfPresent(String.self, forKey: .about) ?? ""
    purifier = try fields.decodeIfPresent(String.self, forKey: .purifier)
    settings = try fields.settings(.set)
    if purifier == nil, !settings.isEmpty { throw fields.problem(.set, "needs a purifier") }
    for name in ["backbone", "classes"] where settings.contains(where: { $0.name == name }) {
      throw fields.problem(.set, "sets \"\(name)\", which is the recipe's")
    }
  }
}

extension EvaluationRecipe.Sweep: Decodable {
  private enum Keys: String, CodingKey, CaseIterable {
    case name, axis, attack, arms, set, values, images
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.fields(Keys.self)
    name = try fields.decode(String.self, forKey: .name)
    axis = try fields.decodeIfPresent(String.self, forKey: .axis) ?? name
    let attack = try fields.decode(String.self, forKey: .attack)
    let arms = try fields.decode([String].self, forKey: .arms)
    if let setting = try fields.decodeIfPresent(String.self, forKey: .set) {
      subject = .arms(arms, setting: setting, attack: attack)
    } else {
      subject = .attack(attack, arms: arms)
    }
    values = try fields.decode([EvaluationRecipe.Number].self, forKey: .values)
    guard values.count > 1, Set(values.map(\.value)).count == values.count else {
      throw fields.problem(.values, "must hold two values or more, each once")
    }
    if case .attack = subject, values.contains(where: { $0.value == 0 }) {
      throw fields.problem(.values, "holds a radius of 0")
    }
    guard !arms.isEmpty, Set(arms).count == arms.count else {
      throw fields.problem(.arms, "must name one arm or more, each once")
    }
    images = try fields.wholeNumber(.images, in: 1...ImageSet.countLimit)
  }
}

extension EvaluationRecipe.Losses: Decodable {
  private enum Keys: String, CodingKey, CaseIterable {
    case graph, entry, set, tasks, attacks, arms, images
  }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.fields(Keys.self)
    graph = try fields.decode(String.self, forKey: .graph)
    entry = try fields.decodeIfPresent(String.self, forKey: .entry)
    settings = try fields.settings(.set)
    tasks = try fields.decodeIfPresent([String].self, forKey: .tasks)
    attacks = try fields.decode([String].self, forKey: .attacks)
    arms = try fields.decodeIfPresent([String].self, forKey: .arms) ?? []
    images = try fields.count(.images)
    for (key, names) in [(Keys.tasks, tasks ?? []), (.attacks, attacks), (.arms, arms)] {
      var seen = Set<String>()
      if let repeated = names.first(where: { !seen.insert($0).inserted }) {
        throw fields.problem(key, "names \"\(repeated)\" twice")
      }
    }
  }
}

extension EvaluationRecipe.Gallery: Decodable {
  private enum Keys: String, CodingKey, CaseIterable { case attack, arm, images }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.fields(Keys.self)
    attack = try fields.decode(String.self, forKey: .attack)
    arm = try fields.decode(String.self, forKey: .arm)
    images = try fields.count(.images)
  }
}
