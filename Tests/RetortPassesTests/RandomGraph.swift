import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport

/// Draws small graphs for properties: elementwise chains, shapes, products, convolutions,
/// reductions, loops, constants, weights and gradients, all of functions that are smooth and stay
/// small.
struct RandomGraph {
  private var generator: SeededGenerator
  private var b: GraphBuilder
  /// Values that may be read where nodes are added now.
  private var pool: [Value] = []

  /// - Parameter hasGradient: whether the graph ends in a gradient of its loss.
  static func make(seed: UInt64, nodeCount: Int = 30, hasGradient: Bool = true) -> Graph {
    var random = RandomGraph(seed: seed)
    return random.graph(nodeCount, hasGradient)
  }

  private init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
    b = GraphBuilder(name: "random\(seed)")
  }

  private mutating func graph(_ nodeCount: Int, _ hasGradient: Bool) -> Graph {
    let x = b.input("x", TensorType([2, 3, 4, 4]))
    let y = b.input("y", TensorType([2, 3, 4, 4]))
    let w = b.input("w", TensorType([3, 3, 3, 3]), role: .parameter(nil))
    let s = b.input("s", TensorType([3]), role: .buffer(nil))
    let m = b.input("m", TensorType([4, 4]), role: .parameter(nil))
    pool = [x, y, w, s, m]
    grow(nodeCount, depth: 0)
    let picks = (0..<3).map { _ in pick(pool) }
    var loss = b.fill(0, [])
    for value in picks { loss = b.add(loss, b.mean(b.tanh(value))) }
    var outputs = [loss, picks[0]]
    if hasGradient { outputs += b.addAll(Gradient(), [loss, x, w, s]) }
    return b.finish(outputs)
  }

  private mutating func pick(_ values: [Value]) -> Value {
    values.randomElement(using: &generator)!
  }

  private mutating func chance(_ sides: Int) -> Int { Int.random(in: 0..<sides, using: &generator) }

  private mutating func grow(_ count: Int, depth: Int) {
    for _ in 0..<count {
      let value = depth < 2 && chance(14) == 0 ? loop(depth) : node()
      pool.append(value)
    }
  }

  /// The rank-4 values that a convolution takes.
  private mutating func images() -> Value? {
    let found = pool.filter { b.shape(of: $0).extents == [2, 3, 4, 4] }
    return found.isEmpty ? nil : pick(found)
  }

  private mutating func node() -> Value {
    let x = pick(pool)
    switch chance(16) {
    case 0: return b.tanh(x)
    case 1: return b.swish(x)
    case 2: return b.mul(b.sigmoid(x), [0.0, 1, -1, 0.5].randomElement(using: &generator)!)
    case 3: return b.add(b.neg(x), [0.0, 1, 2].randomElement(using: &generator)!)
    case 4, 5: return binary(x)
    case 6: return b.reshape(b.neg(b.neg(x)), b.shape(of: x))
    case 7: return transposed(x)
    case 8: return b.sum(b.mul(x, 0.1), axes: b.shape(of: x).rank == 0 ? [] : [-1], keep: true)
    case 9, 10: return convolution() ?? b.tanh(x)
    case 11: return normalised() ?? b.tanh(x)
    case 12: return b.select(b.less(x, 0.3), b.tanh(x), b.mul(x, 0.2))
    case 13: return product() ?? b.sub(x, 0.5)
    case 14: return b.clamp(x, -1.5, 1.5)
    default: return b.max(b.tanh(x), b.mul(x, 0.01))
    }
  }

  private mutating func binary(_ x: Value) -> Value {
    let shape = b.shape(of: x)
    let partners = pool.filter { Shape.broadcast(b.shape(of: $0), shape) == shape }
    let y = b.tanh(pick(partners))
    switch chance(4) {
    case 0: return b.add(x, y)
    case 1: return b.mul(b.tanh(x), y)
    case 2: return b.sub(x, y)
    default: return b.div(b.tanh(x), b.add(b.square(y), 1))
    }
  }

  private mutating func transposed(_ x: Value) -> Value {
    let axes = Array(b.shape(of: x).extents.indices)
    let turned = b.transpose(x, axes.reversed())
    return chance(2) == 0 ? b.transpose(b.tanh(turned), axes.reversed()) : b.tanh(turned)
  }

  private mutating func convolution() -> Value? {
    guard let x = images() else { return nil }
    let kernels = pool.filter { b.shape(of: $0).extents == [3, 3, 3, 3] }
    let w = b.mul(pick(kernels), 0.2)
    return chance(3) == 0
      ? b.conv2dTranspose(x, w, padding: [1]) : b.conv2d(x, w, padding: [1])
  }

  /// A convolution with weights, and a batch norm in inference behind it.
  private mutating func normalised() -> Value? {
    guard let x = images(), pool.count > 4 else { return nil }
    let (w, s) = (pool[2], pool[3])
    let scale = b.reshape(b.rsqrt(b.add(b.square(s), 0.5)), [3, 1, 1])
    let shift = b.reshape(b.mul(s, 0.3), [3, 1, 1])
    return b.add(b.mul(b.sub(b.conv2d(x, w, padding: [1]), shift), scale), shift)
  }

  private mutating func product() -> Value? {
    guard let x = images() else { return nil }
    return b.matmul(b.tanh(x), b.mul(pool[4], 0.3))
  }

  private mutating func loop(_ depth: Int) -> Value {
    let starts = (0..<1 + chance(2)).map { _ in pick(pool) }
    let types = starts.map { ("carried", b.type(of: $0)) }
    let outer = pool
    let arguments = b.openBlock(arguments: [("turn", TensorType(.i32, []))] + types)
    let carried = Array(arguments.dropFirst())
    let time = b.mul(b.convert(arguments[0], .f32), 0.1)
    pool += carried + [time]
    grow(3 + chance(4), depth: depth + 1)
    var next = carried.map { value in
      let shape = b.shape(of: value)
      let partners = pool.filter { Shape.broadcast(b.shape(of: $0), shape) == shape }
      return b.add(b.mul(value, 0.5), b.tanh(pick(partners)))
    }
    if next.count == 2, b.type(of: next[0]) == b.type(of: next[1]), chance(2) == 0 {
      next = [carried[1], next[0]]
    }
    let collected = [pick(pool.filter { b.shape(of: $0).elementCount <= 100 })]
    let region = b.closeBlock(results: next + collected)
    pool = outer
    let op = Repeat(count: 1 + chance(3), first: chance(2))
    let results = b.addAll(op, starts, regions: [region])
    return results[chance(results.count)]
  }
}
