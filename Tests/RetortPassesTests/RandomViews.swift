import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport

/// Draws graphs in which one network sees several views: as deep as it likes, left early by some of
/// them, with heads of their own behind it, losses that join views, and gradients; in steps one
/// after the other or in a loop.
struct RandomViews {
  private enum Layer {
    case convolution(Int), transposed(Int), shift, scale, activation(Int), residual, pooling(Int)
    case softmax, doubling
  }

  private var generator: SeededGenerator
  private var b: GraphBuilder
  private var kernels: [Value] = []
  private var scale = Value(id: 0)
  private var matrix = Value(id: 0)

  static func make(seed: UInt64) -> Graph {
    var random = RandomViews(seed: seed)
    return random.graph()
  }

  private init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
    b = GraphBuilder(name: "views\(seed)")
  }

  private mutating func chance(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &generator) }

  private mutating func graph() -> Graph {
    let images = b.input("x", TensorType([1 + chance(2), 3, 4, 4]))
    let other = b.input("y", TensorType([1 + chance(3), 3, 4, 4]))
    kernels = (0..<3).map { b.input("w\($0)", TensorType([3, 3, 3, 3]), role: .parameter(nil)) }
    scale = b.input("s", TensorType([3]), role: .parameter(nil))
    matrix = b.input("m", TensorType([4, 4]), role: .parameter(nil))
    let network = (0..<3 + chance(7)).map { _ in layer() }
    var outputs: [Value] = []
    if chance(2) == 0 {
      let last = b.loop(2, images) { [self] b, _, r in
        var inner = self
        inner.b = b
        let next = inner.step(r, other, network)
        b = inner.b
        return next
      }
      outputs = [last]
    } else {
      var r = images
      for _ in 0..<1 + chance(3) { r = step(r, other, network) }
      outputs = [r]
    }
    return b.finish(outputs)
  }

  private mutating func layer() -> Layer {
    switch chance(11) {
    case 0, 1, 2: .convolution(chance(3))
    case 3: .transposed(chance(3))
    case 4: .shift
    case 5: .scale
    case 6: .activation(chance(3))
    case 7: .residual
    case 8: .pooling(chance(2))
    case 9: .softmax
    default: .doubling
    }
  }

  /// One step down a loss of some views of `r`, and perhaps of another tensor.
  private mutating func step(_ r: Value, _ other: Value, _ network: [Layer]) -> Value {
    var ends: [Value] = []
    for _ in 0..<2 + chance(3) {
      let end = apply(network[..<(chance(4) == 0 ? chance(network.count) : network.count)], view(r))
      ends.append(head(end))
    }
    if chance(2) == 0 { ends.append(head(apply(network[...], other))) }
    var loss = b.fill(0, [])
    for (index, end) in ends.enumerated() {
      let partner = ends[chance(index + 1)]
      let isJoined = b.type(of: partner) == b.type(of: end) && chance(2) == 0
      loss = b.add(loss, b.mean(isJoined ? b.mul(end, b.tanh(partner)) : b.tanh(end)))
    }
    let g = b.addAll(Gradient(), [loss, r])[0]
    return b.sub(r, b.mul(b.tanh(g), 0.5))
  }

  private mutating func view(_ x: Value) -> Value {
    switch chance(5) {
    case 0: x
    case 1: b.reverse(x, [3])
    case 2: b.transpose(x, [0, 1, 3, 2])
    case 3: b.concatenate([x, b.reverse(x, [2])], axis: 0)
    default: b.conv2d(x, kernels[0], padding: [1])
    }
  }

  private mutating func apply(_ layers: ArraySlice<Layer>, _ x: Value) -> Value {
    var (y, earlier) = (x, x)
    for layer in layers {
      let before = y
      switch layer {
      case .convolution(let index):
        y = b.conv2d(y, kernels[index], padding: [1])
        earlier = before
      case .transposed(let index): y = b.conv2dTranspose(y, kernels[index], padding: [1])
      case .shift: y = b.add(y, b.reshape(scale, [3, 1, 1]))
      case .scale: y = b.mul(y, b.reshape(b.tanh(scale), [1, 3, 1, 1]))
      case .activation(let kind): y = kind == 0 ? b.relu(y) : kind == 1 ? b.tanh(y) : b.swish(y)
      case .residual: y = b.mul(b.add(y, earlier), 0.5)
      case .pooling(let kind):
        y =
          kind == 0
          ? b.maxPool2d(y, window: [3, 3], stride: [1, 1], padding: [1])
          : b.avgPool2d(y, window: [3, 3], stride: [1, 1], padding: [1])
      case .softmax: y = b.softmax(y, axis: 1)
      case .doubling:
        y = b.slice(b.concatenate([y, b.neg(y)], axis: 1), [1], start: [1], stop: [4])
      }
    }
    return y
  }

  private mutating func head(_ x: Value) -> Value {
    switch chance(5) {
    case 0: b.mean(x, axes: [2, 3])
    case 1: b.matmul(b.reshape(b.mean(x, axes: [1]), [b.shape(of: x)[0] * 4, 4]), matrix)
    case 2: b.conv2d(b.relu(b.conv2d(x, kernels[1])), b.mul(kernels[2], 0.5), padding: [1])
    case 3: b.matmul(x, b.mul(matrix, 0.5))
    default: x
    }
  }
}
