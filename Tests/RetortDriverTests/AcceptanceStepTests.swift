import RetortTensor
import RetortTestSupport
import Testing

/// DEFENCE 8: steps of the purifier, projections, layers with their derivatives.
@Suite struct AcceptanceStepTests {
  @Test func onePurifierStep() throws {
    let results = try evaluate(
      """
      import "blocks/ball.graph"

      graph step(
        x: f32[n, c, h, w], r: f32[n, c, h, w], g: f32[n, c, h, w]
      ) -> (boxed: f32[n, c, h, w], next: f32[n, c, h, w]) {
        boxed = into_box(x, r)
        return boxed, ball_step(x, boxed, g, size: -2.0 / 255, epsilon: 16.0 / 255, norm: "linf")
      }
      """,
      [
        "x": tensor([0, 0.02, 0.5, 0.97, 1], [1, 1, 1, 5]),
        "r": tensor([0.05, -0.05, 0.06, 0.06, -0.01], [1, 1, 1, 5]),
        "g": tensor([1, 1, -1, -1, 0], [1, 1, 1, 5]),
      ])
    #expect(
      agrees(
        results["boxed"]!, "0.05000000000 -0.02000000000 0.06000000000 0.03000000000 -0.01000000000"
      ))
    #expect(
      agrees(results["next"]!, "0.042156863 -0.020000000 0.062745098 0.030000000 -0.010000000"))
  }

  @Test func rowsScaledIntoABall() throws {
    let results = try evaluate(
      """
      import "blocks/ball.graph"

      graph rows(r: f32[n, c, h, w]) -> (l2: f32[n, c, h, w], l1: f32[n, c, h, w]) {
        return into_ball(r, epsilon: 1.0, norm: "l2"), into_ball(r, epsilon: 1.0, norm: "l1")
      }
      """, ["r": tensor([3, 4, 0.3, 0.4], [2, 2, 1, 1])])
    #expect(agrees(results["l2"]!, "0.599999988 0.799999984 0.300000000 0.400000000"))
    #expect(agrees(results["l1"]!, "0.428571422 0.571428563 0.300000000 0.400000000"))
  }

  @Test func jacobianOfALengthStep() throws {
    let results = try evaluate(
      """
      import "blocks/ball.graph"

      graph step(
        z: f32[1, 3, 1, 1], a: f32[3, 3], b: f32[3]
      ) -> (next: f32[3], first: f32[1, 3, 1, 1], second: f32[1, 3, 1, 1]) {
        e = matmul(a, reshape(z, [3, 1])) - reshape(b, [3, 1])
        g = gradient(0.5 * sum(e * e), z)
        next = reshape(z - 0.1 * steepest(g, norm: "l2"), [3])
        return next, gradient(sum(slice(next, axes: [0], start: [0], stop: [1])), z),
               gradient(sum(slice(next, axes: [0], start: [1], stop: [2])), z)
      }
      """,
      [
        "z": tensor([0.3, 0.6, 0.2], [1, 3, 1, 1]), "a": u([3, 3], scale: 2, shift: -1),
        "b": u([3], offset: 50),
      ])
    #expect(agrees(results["next"]!, "0.22711345453 0.585682557533 0.13304805955"))
    #expect(agrees(results["first"]!, "0.998425302 0.002368354 -0.001620517"))
    #expect(agrees(results["second"]![1], "0.967554011"))
  }

  @Test func swishWithTwoDerivatives() throws {
    let results = try evaluate(
      """
      import "blocks/activation.graph"

      graph curve(x: f32[n]) -> (y: f32[n], first: f32[n], second: f32[n]) {
        y = activate(x, kind: "swish")
        first = gradient(sum(y), x)
        return y, first, gradient(sum(first), x)
      }
      """, ["x": vector(-2, -0.5, 0, 1, 3)])
    #expect(agrees(results["y"]!, "-0.238405844 -0.1887703344 0 0.7310585786 2.8577223805"))
    #expect(
      agrees(results["first"]!, "-0.0907842488 0.2600388127 0.5 0.9276705119 1.088104106"))
    #expect(
      agrees(results["second"]!, "0.0500621687 0.441229027 0.5 0.3023661188 -0.0323214045"))
  }

  @Test func batchNorm() throws {
    let text = """
      import "blocks/norm.graph"

      graph normed(x: f32[n, c, h, w], train: Bool = false) -> (y: f32[n, c, h, w]) {
        return batch_norm(x, train: train)
      }
      """
    let inputs = ["x": u([2, 3, 2, 2])]
    let weights = [
      "running_mean": vector(0.1, 0.2, 0.3), "running_var": vector(1, 2, 0.5),
      "weight": vector(0.5, 1, 2), "bias": vector(0, 0.1, -0.1),
    ]
    let stored = try evaluate(text, inputs, weights: weights)["y"]!
    #expect(agrees([sum(stored), stored[23]], "5.93203611138 1.36761466098"))
    let batch = try evaluate(text, inputs, weights: weights, set: ["train": "true"])["y"]!
    #expect(agrees(batch[23], "2.51785367458"))
  }
}
