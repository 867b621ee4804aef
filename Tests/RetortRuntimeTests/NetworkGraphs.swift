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
}
