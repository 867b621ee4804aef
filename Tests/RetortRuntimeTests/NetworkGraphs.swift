import RetortIR
import RetortOps
import RetortTensor

/// Graphs with the operations of real networks.
enum NetworkGraphs {
  /// Convolution, normalisation, pooling, product, softmax and a loop with a fused region.
  static let network: Graph = {
    var b = GraphBuilder(name: "network")
    let x = b.input("x", TensorType([3, 3, 17, 15]))
    let kernel = b.input("stem.weight", TensorType([10, 3, 3, 3]), role: .parameter(nil))
    let bias = b.input("stem.bias", TensorType([10]), role: .parameter(nil))
    let head = b.input("head.weight", TensorType([7, 560]), role: .parameter(nil))
    b.origin = Origin(path: "stem")
    let convolved = b.add(Conv2d(Sliding(padding: [1])), [x, kernel], name: "convolved")
    let activated = affine(&b, convolved, bias)
    let pooled = b.maxPool2d(activated, window: [2])
    b.origin = Origin()
    let mean = b.mean(pooled, axes: [2, 3], keep: true)
    let centred = b.sub(pooled, mean)
    let flat = b.reshape(centred, [3, 560])
    let logits = b.matmul(flat, head, transposeB: true)
    let arguments = b.openBlock(
      arguments: [("i", TensorType(.i32, [])), ("r", TensorType([3, 7]))])
    let probabilities = b.softmax(arguments[1])
    let entropy = b.sum(b.mul(probabilities, b.logSoftmax(arguments[1])), axes: [1], keep: true)
    _ = b.openBlock()
    let scaled = b.mul(b.broadcast(entropy, to: [3, 7]), b.fill(0.1, [3, 7]))
    let moved = b.clamp(b.sub(arguments[1], scaled), -2, 2)
    let fusion = b.closeBlock(results: [moved])
    let next = b.addAll(Fused(), [], regions: [fusion], names: ["moved"])[0]
    let body = b.closeBlock(results: [next, entropy])
    let results = b.addAll(
      Repeat(count: 3), [logits], regions: [body], names: ["last", "entropies"])
    return b.finish(
      outputs: [
        GraphOutput(value: results[0], name: "last"),
        GraphOutput(value: results[1], name: "entropies"),
        GraphOutput(value: activated, name: "activated"),
      ])
  }()

  /// `relu(x + bias)` as one region.
  private static func affine(_ b: inout GraphBuilder, _ x: Value, _ bias: Value) -> Value {
    let shape = b.shape(of: x)
    let column = b.reshape(bias, [1, shape[1], 1, 1])
    _ = b.openBlock()
    let sum = b.add(x, b.broadcast(column, to: shape))
    let fusion = b.closeBlock(results: [b.add(Relu(), [sum])])
    return b.addAll(Fused(), [], regions: [fusion], names: ["activated"])[0]
  }

  /// Steps against the gradient of a small network's loss, kept in a box: what the project is for.
  static let purifier: Graph = {
    var b = GraphBuilder(name: "purifier")
    let x = b.input("x", TensorType([3, 3, 9, 7]))
    let kernel = b.input("kernel", TensorType([5, 3, 3, 3]), role: .parameter(nil))
    let scale = b.input("scale", TensorType([5]), role: .buffer(nil))
    let arguments = b.openBlock(
      arguments: [("i", TensorType(.i32, [])), ("r", TensorType([3, 3, 9, 7]))])
    let moved = b.add(x, arguments[1])
    let h = b.conv2d(moved, kernel, padding: [1])
    let wide = b.broadcast(b.reshape(b.exp(scale), [1, 5, 1, 1]), to: b.shape(of: h))
    let loss = b.mean(b.softmax(b.mean(b.swish(b.mul(h, wide)), axes: [2, 3])))
    let energy = b.add(loss, b.mean(b.square(b.maxPool2d(h, window: [2]))))
    let slope = b.add(Gradient(), [energy, arguments[1]], name: "slope")
    let step = b.sub(arguments[1], b.mul(slope, 0.5))
    let next = b.clamp(step, -0.1, 0.1)
    let body = b.closeBlock(results: [next, energy])
    let start = b.fill(0, like: x)
    let results = b.addAll(Repeat(count: 4), [start], regions: [body], names: ["r", "energies"])
    let purified = b.add(x, results[0])
    return b.finish(
      outputs: [
        GraphOutput(value: purified, name: "purified"),
        GraphOutput(value: results[1], name: "energies"),
      ])
  }()

  /// One step of gradient descent on a product, with momentum.
  static let training: Graph = {
    var b = GraphBuilder(name: "training")
    let x = b.input("x", TensorType([6, 11]))
    let weight = b.input("weight", TensorType([11, 4]), role: .parameter(nil))
    let velocity = b.input("velocity", TensorType([11, 4]), role: .buffer(nil))
    let loss = b.mean(b.square(b.tanh(b.matmul(x, weight))))
    let slope = b.add(Gradient(), [loss, weight], name: "slope")
    let speed = b.add(b.mul(velocity, 0.9), slope)
    let moved = b.sub(weight, b.mul(speed, 0.1))
    return b.finish(
      outputs: [
        GraphOutput(value: loss, name: "loss"),
        GraphOutput(value: speed, name: "velocity", role: .update),
        GraphOutput(value: moved, name: "weight", role: .update),
      ])
  }()
}
