/// Definitions of small networks that tests put in the place of a backbone.
package enum Speck {
  /// `speck`, one smooth layer, and `thin`, PreActResNet-18 of width 4, behind their imports.
  package static let text = """
    import "blocks/activation.graph"
    import "blocks/convolution.graph"
    import "blocks/linear.graph"
    import "blocks/norm.graph"
    import "blocks/pooling.graph"
    import "models/preactresnet18.graph"

    graph speck(
      x: f32[n, 3, h, w], classes: Int = 10, train: Bool = false
    ) -> (
      logits: f32[n, classes], features: f32[n, 8],
      map: f32[n, 8, floor_div(h, 4), floor_div(w, 4)]
    ) {
      y = convolution(x, channels: 8, kernel: 4, stride: 4, padding: 0) as "conv1"
      map = activate(batch_norm(y, train: train) as "bn1", kind: "swish")
      features = global_average_pool(map)
      return linear(features, features: classes) as "linear", features, map
    }

    graph thin(
      x: f32[n, 3, 32, 32], classes: Int = 10, train: Bool = false
    ) -> (logits: f32[n, classes], features: f32[n, 32], map: f32[n, 32, 4, 4]) {
      logits, features, map = preactresnet18(x, classes: classes, train: train, width: 4)
      return logits, features, map
    }
    """
}
