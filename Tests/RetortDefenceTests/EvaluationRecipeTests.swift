import RetortDefence
import RetortTestSupport
import Testing

/// What a recipe of an evaluation says that means nothing.
struct EvaluationRecipeTests {
  private let space: TemporaryFolder

  init() throws { space = try TemporaryFolder() }

  private func refusal(_ fields: String) throws -> String {
    let file = try space.write(
      """
      {"kind": "evaluation",
       "arms": [{"name": "none"}, {"name": "random", "purifier": "purifiers/random.graph"}],
       "attacks": [{"name": "FGSM", "graph": "attacks/fgsm.graph"},
                   {"name": "far", "graph": "attacks/pgd.graph", "norm": "l2", "epsilon": 2}],
       \(fields)}
      """, to: "recipe.json")
    return try complaint { _ = try EvaluationRecipe(reading: file) }
  }

  @Test(arguments: ["[-1]", "[1.5]", "[18446744073709551616]"])
  func seedsAreWholeNumbers(seeds: String) throws {
    let text = try refusal(#""seeds": \#(seeds)"#)
    #expect(text.contains(#"error: "seeds" holds what is not a whole number in range"#), "\(text)")
    #expect(try refusal(#""seeds": [18446744073709551615, 0]"#).isEmpty)
  }

  private func sweep(_ attack: String, _ values: String) -> String {
    #""sweeps": [{"name": "s", "attack": "\#(attack)", "arms": ["none"], "values": \#(values)}]"#
  }

  @Test func aSweepHasRadiiThatAnAttackHas() throws {
    let text = try refusal(sweep("FGSM", "[0.5, 8, 16]"))
    #expect(text.contains(#""sweeps" has the radius 8 in "s", expected ones of at most 1"#))
    #expect(try refusal(sweep("far", "[8, 16]")).isEmpty)
    for values in [#"["1/255", "2/510"]"#, #"[1, "1/1"]"#] {
      let text = try refusal(sweep("FGSM", values))
      #expect(text.contains("must hold two values or more, each once"), "\(text)")
    }
  }

  @Test func aComparisonIsOfTwoArmsAndAMarginOfPoints() throws {
    func comparison(_ b: String, _ margin: String) -> String {
      #""comparisons": [{"name": "H", "a": "none", "b": "\#(b)", "attack": "FGSM"\#(margin)}]"#
    }
    #expect(try refusal(comparison("none", "")).contains(#"is "none" as "a" is"#))
    for margin in ["200", "-1"] {
      let text = try refusal(comparison("random", #", "margin": \#(margin)"#))
      #expect(text.contains("expected points, from 0 to 100"), "\(text)")
    }
    #expect(try refusal(comparison("random", #", "margin": 2"#)).isEmpty)
  }
}
