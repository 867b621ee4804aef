import RetortTensor
import RetortTestSupport
import Testing

/// DEFENCE 8: losses.
@Suite struct AcceptanceLossTests {
  static let contrastive = """
    import "blocks/nt_xent.graph"

    graph contrastive(
      z: f32[r, d], views: Int = 2, positives: String = "first"
    ) -> (loss: f32[], g: f32[r, d]) {
      loss = mean(nt_xent(z, views: views, positives: positives))
      return loss, gradient(loss, z)
    }
    """

  @Test func twoViewsOfThreeImages() throws {
    let results = try evaluate(Self.contrastive, ["z": u([6, 5], scale: 2, shift: -1)])
    let g = results["g"]!
    #expect(agrees(results["loss"]!, "9.26299571852"))
    #expect(
      agrees([magnitude(g), g[0], g[29]], "8.19028372704 0.0876084713157 -0.190323920791"))
  }

  @Test func fourViewsOfThreeImages() throws {
    let z = u([12, 5], scale: 2, shift: -1)
    let first = try evaluate(Self.contrastive, ["z": z], set: ["views": "4"])
    #expect(agrees(first["loss"]! + [magnitude(first["g"]!)], "6.84377548519 6.29668832893"))
    let all = try evaluate(Self.contrastive, ["z": z], set: ["views": "4", "positives": "all"])
    #expect(agrees(all["loss"]!, "6.65265315885"))
  }

  @Test func fourViewsOfOneImage() throws {
    let results = try evaluate(
      Self.contrastive, ["z": u([4, 5], scale: 2, shift: -1)], set: ["views": "4"])
    #expect(agrees(results["loss"]!, "5.08345939595"))
  }

  @Test func twoViewsOfOneImageMoveNothing() throws {
    let results = try evaluate(Self.contrastive, ["z": u([2, 5], scale: 2, shift: -1)])
    #expect(results["loss"]! == [0])
    #expect(magnitude(results["g"]!) == 0)
  }

  @Test func rotationCrossEntropy() throws {
    let results = try evaluate(
      """
      import "blocks/loss.graph"

      graph angles(logits: f32[n, k], labels: i32[n]) -> (loss: f32[], g: f32[n, k]) {
        loss = mean(cross_entropy(logits, labels))
        return loss, gradient(loss, logits)
      }
      """,
      [
        "logits": u([8, 4], scale: 4, shift: -2),
        "labels": tensor([0, 0, 1, 1, 2, 2, 3, 3], nil, .i32),
      ])
    let g = results["g"]!
    #expect(agrees(results["loss"]!, "1.84288934277"))
    #expect(agrees([g[0], magnitude(g)], "-0.118299122974 1.50000000000"))
  }

  @Test func lossesOfAttacks() throws {
    let results = try evaluate(
      """
      import "blocks/loss.graph"

      graph losses(
        logits: f32[n, k], labels: i32[n], targets: i32[n]
      ) -> (ratio: f32[n], targeted: f32[n], entropy: f32[n], margins: f32[n]) {
        return dlr(logits, labels), dlr_targeted(logits, labels, targets),
               cross_entropy(logits, labels), margin(logits, labels)
      }
      """,
      [
        "logits": tensor([1, 3, 0.5, -1, 2.5, 2, -1, 0, 1, 4], [2, 5]),
        "labels": tensor([1, 0], nil, .i32), "targets": tensor([4, 4], nil, .i32),
      ])
    #expect(agrees(results["ratio"]!, "-0.2500000000 0.6666666667"))
    #expect(agrees(results["targeted"]!, "-0.2222222222 0.5714285714"))
    #expect(agrees(results["entropy"]!, "0.610996650739 2.19076575192"))
    #expect(agrees(results["margins"]!, "-50.500000000 -48.000000000"))
    #expect(agrees(sum(results["margins"]!), "-98.500000000"))
  }
}
