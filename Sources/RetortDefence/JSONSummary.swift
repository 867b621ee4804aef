import RetortFormats
import RetortText

/// What `retort inspect` says of a file of JSON: a recipe, or what `retort evaluate` writes.
package struct JSONSummary {
  private typealias Fact = JSONValue.Member

  package let text: String
  package let json: String

  /// - Throws: for what is no JSON, for JSON of another kind, and for a recipe or a report that the
  ///   commands would refuse.
  package init(reading path: String) throws(Diagnostics) {
    let bytes = try InputFile.read(path, limit: ReportJSON.byteLimit)
    let value = try naming(path) { () throws(FormatError) in try JSONParser.parse(bytes) }
    if let kind = value["kind"]?.string {
      switch RecipeKind(rawValue: kind) {
      case .training: self = Self.training(try Recipe(reading: path))
      case .evaluation: self = Self.evaluation(try EvaluationRecipe(reading: path))
      case nil:
        throw Diagnostics(
          "\"kind\" is \(ReportText.quoted(kind)), expected \"training\" or \"evaluation\"",
          path: path, hint: "Docs/recipes.md has the schema")
      }
      return
    }
    let isShard = value["index"] != nil
    guard value["results"] != nil || value["parts"] != nil else {
      throw Diagnostics(
        "is JSON, but neither a recipe nor a report", path: path,
        hint: "a recipe has a \"kind\", and what 'retort evaluate' writes has \"results\"")
    }
    self = try naming(path) { () throws(FormatError) -> JSONSummary in
      if value["results"] == nil { return Self.times(try ReportJSON.timing(bytes)) }
      if isShard { return Self.shard(try ReportJSON.shard(bytes)) }
      return Self.report(try ReportJSON.results(bytes))
    }
  }

  // MARK: kinds

  private static func training(_ recipe: Recipe) -> JSONSummary {
    let images = recipe.imageCount.map { "\($0)" } ?? "all"
    let settings = recipe.settings.map { "\($0.name)=\($0.value)" }
    let validate = recipe.validate.map { "\($0.graph) on \($0.images) images, fall \($0.fall)" }
    let finish = recipe.finish.map { "\($0.graph) on \($0.images) images" }
    return JSONSummary([
      fact("kind", RecipeKind.training.rawValue), fact("about", recipe.about),
      fact("graph", recipe.graph), fact("entry", recipe.entry), list("set", settings),
      list("weights", recipe.weights), fact("images", images),
      fact("epochs", "\(recipe.epochs)"), fact("batch", "\(recipe.batch)"),
      fact("rate", "\(recipe.rate.shape.rawValue), \(recipe.rate.peak)"),
      fact("seed", "\(recipe.seed)"), fact("keep", recipe.keep),
      fact("storage", recipe.storage.rawValue), fact("validate", validate),
      fact("finish", finish),
    ])
  }

  private static func evaluation(_ recipe: EvaluationRecipe) -> JSONSummary {
    let images = recipe.images.map { "\($0)" } ?? "all"
    return JSONSummary([
      fact("kind", RecipeKind.evaluation.rawValue), fact("about", recipe.about),
      fact("data", recipe.dataNote), fact("backbone", recipe.backbone),
      list("weights", recipe.weights), fact("images", images),
      list("seeds", recipe.seeds.map { "\($0)" }), fact("epsilon", recipe.epsilon.text),
      list("arms", recipe.arms.map(\.name)), list("attacks", recipe.attacks.map(\.name)),
      list("comparisons", recipe.comparisons.map(\.name)),
      list("sweeps", recipe.sweeps.map(\.name)),
    ])
  }

  private static func report(_ results: EvaluationResults) -> JSONSummary {
    let cells = EvaluationSummary(results).cells.map { cell in
      JSONValue.object([
        "arm": .string(cell.arm), "attack": .string(cell.attack),
        "right": .number(cell.first.right), "images": .number(cell.first.images),
      ])
    }
    return JSONSummary(
      [fact("kind", "report")] + facts(of: results, images: results.labels.count),
      table: ReportMarkdown.headline(results) + "\n", [Fact("cells", .array(cells))])
  }

  private static func shard(_ shard: EvaluationShard) -> JSONSummary {
    JSONSummary(
      [fact("kind", "shard"), fact("part", "\(shard.index &+ 1) of \(shard.count)")]
        + facts(of: shard.results, images: shard.imageCount))
  }

  private static func times(_ timing: EvaluationTiming) -> JSONSummary {
    let parts = timing.parts.map { part in
      JSONValue.object([
        "name": .string(part.name), "blocks": .number(part.blocks),
        "images": .number(part.images), "seconds": .number("\(part.seconds)"),
      ])
    }
    return JSONSummary(
      [fact("kind", "times of an evaluation")], table: timing.table,
      [Fact("parts", .array(parts))])
  }

  private static func facts(of results: EvaluationResults, images: Int) -> [Fact?] {
    [
      fact("about", results.about), fact("recipe", results.recipe.name),
      fact("program", results.program), fact("data", results.data.name),
      fact("note", results.dataNote), fact("backbone", results.backbone),
      fact("images", "\(images)"), list("seeds", results.seeds.map { "\($0)" }),
      list("arms", results.mainArms.map(\.name)),
      list("attacks", results.mainAttacks.map(\.name)),
    ]
  }

  // MARK: spelling

  /// Nil where there is nothing to say.
  private static func fact(_ name: String, _ text: String?) -> Fact? {
    guard let text, !text.isEmpty else { return nil }
    return Fact(name, .string(text))
  }

  private static func list(_ name: String, _ items: [String]) -> Fact? {
    items.isEmpty ? nil : Fact(name, .array(items.map { .string($0) }))
  }

  /// - Parameters:
  ///   - table: behind the facts in the text.
  ///   - more: behind them in JSON.
  private init(_ facts: [Fact?], table: String = "", _ more: [Fact] = []) {
    let known = facts.compactMap { $0 }
    let width = known.map(\.key.count).max() ?? 0
    let lines = known.map { fact in
      let blanks = String(repeating: " ", count: width - fact.key.count + 2)
      let items = fact.value.array?.compactMap(\.string) ?? [fact.value.string ?? ""]
      return (fact.key + blanks + items.joined(separator: ", ")).visible() + "\n"
    }
    text = lines.joined() + (table.isEmpty ? "" : "\n" + table)
    json = JSONValue.object(known + more).text + "\n"
  }
}
