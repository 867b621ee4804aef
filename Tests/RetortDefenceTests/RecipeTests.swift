import Foundation
import RetortDefence
import RetortFormats
import RetortTestSupport
import Testing

struct RecipeTests {
  private let space: TemporaryFolder
  private static let shipped = try! InputFile.names(inFolder: Repository.library.path("recipes"))
  private static let evaluations = shipped.filter { $0.hasPrefix("evaluation") }

  init() throws { space = try TemporaryFolder() }

  @Test(arguments: evaluations)
  func shippedEvaluationsNameWhatExists(_ name: String) throws {
    let recipe = try EvaluationRecipe(reading: Repository.library.path("recipes/" + name))
    #expect(!recipe.about.isEmpty && !recipe.dataNote.isEmpty)
    var files = recipe.arms.compactMap(\.purifier) + [recipe.losses?.graph].compactMap { $0 }
    for attack in recipe.attacks {
      switch attack.method {
      case .clean: break
      case .graph(let path): files.append(path)
      case .suite(let suite): files += suite.stages.map(\.graph)
      }
    }
    for file in files {
      #expect(FileManager.default.fileExists(atPath: Repository.library.path(file)), "\(file)")
    }
  }

  @Test(arguments: shipped.filter { !evaluations.contains($0) })
  func shippedRecipesAreReadAndNameWhatExists(_ name: String) throws {
    let path = Repository.library.path("recipes/" + name)
    let recipe = try Recipe(reading: path)
    #expect(!recipe.about.isEmpty)
    let graph = recipe.graphPath(in: Repository.library, beside: path)
    #expect(graph.hasPrefix(Repository.library.folder))
    #expect(FileManager.default.fileExists(atPath: graph))
    if let finish = recipe.finish {
      #expect(FileManager.default.fileExists(atPath: Repository.library.path(finish.graph)))
    }
    #expect(recipe.checksum == SHA256.hexadecimal(try InputFile.read(path)))
  }

  @Test func everyKeyIsTaken() throws {
    let file = try space.write(
      """
      {"kind": "training", "about": "a", "graph": "g.graph", "entry": "e",
       "set": {"b": true, "a": 1, "d": "word", "c": 0.25}, "weights": ["w.npz"], "images": 10,
       "epochs": 3, "batch": 5, "rate": {"shape": "cyclic", "peak": 0.5, "rise": 0.25},
       "seed": 18446744073709551615, "keep": "heads.", "storage": "f16",
       "validate": {"graph": "v.graph", "set": {"steps": 2}, "images": 7, "fall": 0.1},
       "finish": {"graph": "f.graph", "images": 4}}
      """, to: "r.json")
    let recipe = try Recipe(reading: file)
    #expect(recipe.entry == "e")
    #expect(
      recipe.settings.map { "\($0.name)=\($0.value)" } == ["a=1", "b=true", "c=0.25", "d=word"])
    #expect(recipe.weights == ["w.npz"])
    #expect(recipe.imageCount == 10)
    #expect(recipe.epochs == 3)
    #expect(recipe.batch == 5)
    #expect(recipe.rate == LearningRate(shape: .cyclic, peak: 0.5, rise: 0.25))
    #expect(recipe.seed == .max)
    #expect(recipe.storage == .f16)
    #expect(recipe.finish?.images == 4)
    #expect(recipe.validate?.graph == "v.graph" && recipe.validate?.images == 7)
    #expect(recipe.validate?.fall == 0.1 && recipe.validate?.settings.first?.value == "2")
    #expect(recipe.graphPath(in: Repository.library, beside: file) == space.file("g.graph"))
    #expect(recipe.keeps("heads.weight"))
    #expect(!recipe.keeps("conv1.weight"))
  }

  @Test func whatIsLeftOutHasTheDocumentedDefault() throws {
    let recipe = try Recipe(
      reading: space.write(#"{"kind": "training", "graph": "g.graph"}"#, to: "r.json"))
    #expect(recipe.entry == nil)
    #expect(recipe.settings.isEmpty && recipe.weights.isEmpty)
    #expect(recipe.imageCount == nil)
    #expect(recipe.epochs == 1)
    #expect(recipe.batch == 128)
    #expect(recipe.rate == LearningRate(shape: .constant, peak: 0.1, rise: nil))
    #expect(recipe.seed == 0)
    #expect(recipe.storage == .f32)
    #expect(recipe.finish == nil)
    #expect(recipe.keeps("anything"))
    #expect(!recipe.keeps("optimiser.velocity.anything"))
  }

  @Test(arguments: [
    (#""epoch": 3"#, #""epoch" is not a known key; did you mean "epochs"?"#),
    (#""learning": 3"#, #""learning" is not a known key"#),
    (#""epochs": "three""#, #""epochs" is not a whole number"#),
    (#""epochs": 1.5"#, #""epochs" is not a whole number in range"#),
    (#""epochs": -1"#, #""epochs" is -1, less than 0"#),
    (#""batch": 0"#, #""batch" is 0, less than 1"#),
    (#""images": -5"#, #""images" is -5, less than 0"#),
    (#""batch": 65537"#, #""batch" is 65537, more than 65536"#),
    (#""epochs": 16777217"#, #""epochs" is 16777217, more than 16777216"#),
    (#""seed": -1"#, #""seed" is not a whole number in range"#),
    (#""about": 7"#, #""about" is not a text"#),
    (#""set": [1]"#, #""set" is not an object"#),
    (#""set": {"steps": [1]}"#, #""set.steps" is not a number, a text, true or false"#),
    (#""weights": "w.npz""#, #""weights" is not a list"#),
    (#""storage": "f8""#, #""storage" is "f8", expected one of "f32", "f16""#),
    (#""rate": "0.1""#, #""rate" is neither a number nor an object with a shape and a peak"#),
    (
      #""rate": {"shape": "step", "peak": 1}"#,
      #""rate.shape" is "step", expected one of "constant", "cosine", "cyclic""#
    ),
    (#""rate": {"shape": "cosine"}"#, #"lacks the key "rate.peak""#),
    (#""rate": {"peak": 1}"#, #"lacks the key "rate.shape""#),
    (
      #""rate": {"shape": "cosine", "peak": 1, "raise": 1}"#,
      #""rate.raise" is not a known key; did you mean "rise"?"#
    ),
    (
      #""rate": {"shape": "cyclic", "peak": 1, "rise": 2}"#,
      #""rate.rise" is 2.0, expected a share from 0 to 1"#
    ),
    (#""finish": {"graph": "g"}"#, #"lacks the key "finish.images""#),
    (#""finish": {"graph": "g", "images": 0}"#, #""finish.images" is 0, less than 1"#),
    (
      #""finish": {"graph": "g", "images": 1, "image": 1}"#,
      #""finish.image" is not a known key; did you mean "images"?"#
    ),
  ])
  func whatDoesNotFitTheSchemaIsNamed(field: String, sentence: String) throws {
    let file = try space.write(#"{"kind": "training", "graph": "g", "# + field + "}", to: "r.json")
    let text = try complaint { _ = try Recipe(reading: file) }
    #expect(text == "\(file): error: \(sentence)\n    = hint: Docs/recipes.md has the schema\n")
  }

  @Test(arguments: [
    (#"{"graph": "g"}"#, #"lacks the key "kind""#),
    (#"{"kind": "training"}"#, #"lacks the key "graph""#),
    (#"{"kind": "baking", "graph": "g"}"#, #""kind" is "baking", expected "training""#),
    (#"{"kind": "training", "graph": null}"#, #""graph" is not a text"#),
    ("[]", "the file is not an object"),
  ])
  func whatIsRequiredIsAskedFor(json: String, sentence: String) throws {
    let file = try space.write(json, to: "r.json")
    let text = try complaint { _ = try Recipe(reading: file) }
    #expect(text == "\(file): error: \(sentence)\n    = hint: Docs/recipes.md has the schema\n")
  }

  @Test(arguments: ["", "{", "kind: training", "\u{0}\u{1}"])
  func whatIsNotJSONIsCalledSo(_ text: String) throws {
    let file = try space.write(text, to: "r.json")
    let said = try complaint { _ = try Recipe(reading: file) }
    #expect(said.hasPrefix("\(file): error: is not JSON"))
  }

  @Test func aKeyThatComesTwiceIsRefused() throws {
    let file = try space.write(
      #"{"kind": "training", "graph": "g", "batch": 4, "batch": 8}"#, to: "r.json")
    let said = try complaint { _ = try Recipe(reading: file) }
    #expect(said.contains("the key 'batch' comes twice"), "\(said)")
  }

  @Test func aMissingRecipeIsNamed() throws {
    let path = space.file("none.json")
    let text = try complaint { _ = try Recipe(reading: path) }
    #expect(text == "\(path): error: cannot be read: No such file or directory\n")
  }
}

struct LearningRateTests {
  @Test func aConstantRateStays() {
    let rate = LearningRate(shape: .constant, peak: 0.3, rise: nil)
    #expect([0, 5, 9].map { rate.rate(step: $0, of: 10) } == [0.3, 0.3, 0.3])
  }

  @Test func aCosineFallsFromThePeakToZero() {
    let rate = LearningRate(shape: .cosine, peak: 2, rise: nil)
    // The middle of step 0 of 1000 is at t = 0.0005; 1 + cos(πt) there is 2 - (πt)²/2.
    #expect(abs(rate.rate(step: 0, of: 1000) - 2) < 2e-6)
    #expect(rate.rate(step: 999, of: 1000) < 2e-6)
    #expect(abs(rate.rate(step: 1, of: 3) - 1) < 1e-15)
    let falls = (0..<20).map { rate.rate(step: $0, of: 20) }
    #expect(zip(falls, falls.dropFirst()).allSatisfy { $0 > $1 })
  }

  @Test func aCycleRisesAndFallsInStraightLines() {
    let rate = LearningRate(shape: .cyclic, peak: 1, rise: nil)
    let values = (0..<10).map { rate.rate(step: $0, of: 10) }
    // Rise over 0.4 of the steps: t / 0.4 at t = 0.05, 0.15, …; then (1 - t) / 0.6.
    let expected =
      [0.125, 0.375, 0.625, 0.875] + [0.55, 0.45, 0.35, 0.25, 0.15, 0.05].map { $0 / 0.6 }
    for (value, wanted) in zip(values, expected) { #expect(abs(value - wanted) < 1e-12) }
  }

  @Test(arguments: [0.0, 1.0])
  func aCycleMayOnlyFallOrOnlyRise(rise: Double) {
    let rate = LearningRate(shape: .cyclic, peak: 1, rise: rise)
    let values = (0..<4).map { rate.rate(step: $0, of: 4) }
    #expect(values == (rise == 0 ? [0.875, 0.625, 0.375, 0.125] : [0.125, 0.375, 0.625, 0.875]))
  }
}
