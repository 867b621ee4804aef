import RetortDefence
import RetortDriver
import RetortTestSupport
import Testing

/// Attacks of one's own in an evaluation.
struct EvaluatedAttackTests {
  private let space: TemporaryFolder

  init() throws { space = try TemporaryFolder() }

  /// What an evaluation says of an attack of one step up from every image.
  private func refusal(_ result: String, epsilon: String) throws -> String {
    let attack = try space.write(
      """
      import "blocks/ball.graph"

      graph attack(
        x: f32[n, 3, 32, 32], y: i32[n], key: key[n], epsilon: Float = 8.0 / 255
      ) -> (adversarial: f32[n, 3, 32, 32]) {
        return \(result)
      }
      """, to: "attack.graph")
    let recipe = try EvaluationRecipe(
      reading: space.write(
        """
        {"kind": "evaluation", "backbone": "tiny", "batch": 4,
         "weights": ["classifier-synthetic.safetensors"], "arms": [{"name": "none"}],
         "attacks": [{"name": "own", "graph": "\(attack)", "epsilon": "\(epsilon)"}]}
        """, to: "recipe.json"))
    var request = Request(path: "", library: Repository.library)
    request.threadCount = 1
    return try complaint {
      _ = try Evaluator(
        recipe, images: SyntheticSet.test(count: 4), data: "images", request: request,
        program: "test", cache: space.file("cache"), observer: Listener()
      ).run()
    }
  }

  @Test func roundingBeyondTheBallNamesItsCure() throws {
    let bare = try refusal(
      "x + into_box(x, fill(value: epsilon, shape: [n, 3, 32, 32]))", epsilon: "1/255")
    #expect(bare.contains("the points of \"own, own\" lie up to 0.0039"))
    #expect(
      bare.contains(
        "hint: that is rounding: end it in settle(x, adversarial, epsilon: epsilon) of "
          + "blocks/ball.graph"))
    let settled = try refusal(
      "settle(x, x + into_box(x, fill(value: epsilon, shape: [n, 3, 32, 32])), epsilon: epsilon)",
      epsilon: "1/255")
    #expect(settled.isEmpty, "\(settled)")
    let far = try refusal(
      "x + into_box(x, fill(value: 2 * epsilon, shape: [n, 3, 32, 32]))", epsilon: "1/255")
    #expect(far.contains("hint: an attack must stay in its ball and in [0, 1]"))
  }
}
