/// Definitions that together use every construct of the language.
enum EmbeddedSamples {
  static let all = [saliency, fit, halve, purify, choices]

  static let files = [
    "lib/blocks/linear.graph": """
    graph linear(x: f32[n, inputs], features: Int) -> f32[n, features] {
      parameter weight: f32[features, inputs] init normal(0.1)
      parameter bias: f32[features] init fill(0)
      return matmul(x, weight, transpose_b: true) + bias
    }
    """
  ]

  static let saliency = """
    // A linear classifier and the gradient of its loss with respect to the image.
    graph saliency(x: f32[n, 3, 8, 8], classes: Int = 10)
        -> (logits: f32[n, classes], g: f32[n, 3, 8, 8]) {
      parameter weight: f32[classes, 192] as "fc.weight"
      parameter bias: f32[classes] as "fc.bias"
      logits = matmul(reshape(x, [n, -1]), weight, transpose_b: true) + bias
      g = gradient(sum(reduce_max(logits, axis: 1)), x)
      return logits, g
    }
    """

  static let fit = """
    import "blocks/linear.graph"

    graph fit(x: f32[n, 4], y: f32[n, 1], rate: f32[]) -> (loss: f32[]) {
      e = linear(x, features: 1) as "model" - y
      loss = mean(e * e)
      weights = parameters("")
      slopes = gradient(loss, weights)
      for i in 0..<count(weights) {
        buffer velocity: f32[...shape(weights[i])] as "optimiser.{path(weights[i])}" init fill(0)
        v = 0.9 * velocity + slopes[i]
        update velocity = v
        update weights[i] = weights[i] - rate * v
      }
      return loss
    }
    """

  static let halve = """
    graph halve(x: f32[n], steps: Int = 3) -> (last: f32[n], history: f32[steps, n]) {
      y, history = repeat i in 0..<steps with y = x {
        z = y * 0.5
        yield z collect z
      }
      return y, history
    }
    """

  static let purify = """
    graph purify(x: f32[n, 3, 4, 4], key: key[n],
                 steps: Int = 4, epsilon: Float = 16/255,
                 step_size: Float = 2/255) -> f32[n, 3, 4, 4] {
      start = into_box(x, uniform(key, like: x, low: -epsilon, high: epsilon))
      r = repeat i in 0..<steps with r = start {
        loss = noisy_loss(x + r, fold(key, i))
        g    = gradient(loss, r)
        yield into_box(x, clamp(r - step_size * sign(g), -epsilon, epsilon))
      }
      return x + r
    }

    graph noisy_loss(x: f32[n, ...s], key: key[n]) -> f32[] {
      return mean(x * normal(key, like: x))
    }

    graph into_box(x: f32[...s], r: f32[...s]) -> f32[...s] { return max(min(r, 1 - x), -x) }
    """

  static let choices = """
    graph choices(x: f32[n, c], k: Int = 2 * c, names: [String] = ["a", "b"], body: Graph = relu,
                  on: Bool = true) -> (f32[n, c], i32[]) {
      y = on ? body(x) : x
      if count(names) == 2 && on {
        y = y + k
      } else if k > 3 {
        y = x
      } else { y = -x }
      for name in names {
        parameter p: f32[1] as "p.{name}.{k}"
        y = y * p @(note: "{name}", sizes: [k, 2], kind: f32)
      }
      require k / 2 == c, "k is {k}"
      m = y
        + 1.5
        * 2
      u, v = prepare {
        w: f32[2] = exp([0.5, 1])
        yield w, w
      }
      i = fused { yield fill(value: floor_div(7, 2) % 2, shape: [], type: i32) }
      return m + sum(u * v), i
    }
    """
}
