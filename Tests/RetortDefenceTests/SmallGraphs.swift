/// Definitions that are small enough to be run in the blink of an eye.
enum SmallGraphs {
  /// A linear classifier on images with a little noise, so that keys matter too.
  static let training = """
    import "blocks/linear.graph"
    import "blocks/loss.graph"
    import "blocks/optimiser.graph"

    graph fit(
      x: f32[n, 3, h, w], y: i32[n], key: key[n], rate: f32[], iteration: f32[],
      optimiser: String = "sgd", noise: Float = 0.05
    ) -> (loss: f32[], accuracy: f32[]) {
      seen = x - 0.5 + uniform(key, shape: [n, 3, h, w], low: -noise, high: noise)
      logits = linear(reshape(seen, [n, -1]), features: 10) as "head"
      loss = optimise(mean(cross_entropy(logits, y)), rate, iteration, optimiser: optimiser)
      return loss, accuracy(logits, y)
    }
    """

  /// Noise of strength 1/4 as purifier, a linear classifier beside it.
  static let purifier = """
    import "blocks/linear.graph"

    graph purify(
      x: f32[n, 3, 32, 32], key: key[n], strength: Float = 0.25
    ) -> (purified: f32[n, 3, 32, 32]) {
      noise = uniform(key, shape: [n, 3, 32, 32], low: -1, high: 1)
      return min(max(x + strength * noise, 0), 1)
    }

    graph classify(x: f32[n, 3, 32, 32]) -> (logits: f32[n, 10]) {
      return linear(reshape(x, [n, -1]), features: 10) as "head"
    }
    """

  /// One affine map; small enough to be computed by hand.
  static let affine = """
    import "blocks/linear.graph"

    graph affine(x: f32[n, 4]) -> (y: f32[n, 2]) {
      return linear(x, features: 2)
    }
    """
}
