import RetortIR
import RetortOps
import RetortTensor

/// Small graphs with regions.
enum LoopGraphs {
  /// `prepare`, `repeat` from 1 with a collected value, and `fused`.
  static let regions: Graph = {
    var b = GraphBuilder(name: "regions")
    let x = b.input("x", TensorType([2]))
    let weight = b.input("weight", TensorType([]), role: .parameter(nil))
    _ = b.openBlock()
    let six = b.add(Mul(), [weight, b.add(Fill(3, []), [], name: "three")], name: "six")
    let preparation = b.closeBlock(results: [six])
    let w = b.addAll(Prepare(), [], regions: [preparation], names: ["w"])[0]

    let arguments = b.openBlock(arguments: [("i", TensorType(.i32, [])), ("r", TensorType([2]))])
    let i = b.add(Convert(.f32), [arguments[0]], name: "step")
    let scaled = b.add(Mul(), [w, i], name: "scaled")
    let wide = b.add(Broadcast([2]), [scaled], name: "wide")
    let sum = b.add(Add(), [arguments[1], wide], name: "sum")
    let body = b.closeBlock(results: [sum, sum])
    let looped = b.addAll(
      Repeat(count: 2, first: 1), [x], regions: [body], names: ["last", "history"])

    _ = b.openBlock()
    let one = b.add(Fill(1, [2]), [], name: "one")
    let negated = b.add(Neg(), [looped[0]], name: "negated")
    let result = b.add(Add(), [negated, one], name: "result")
    let fusion = b.closeBlock(results: [result])
    let fused = b.addAll(Fused(), [], regions: [fusion], names: ["fused"])[0]
    return b.finish(
      outputs: [
        GraphOutput(value: looped[0], name: "last"),
        GraphOutput(value: looped[1], name: "history"),
        GraphOutput(value: fused, name: "fused"),
      ])
  }()

  static let regionInputs = ["x": HostTensor([2], [Float(1), 2]), "weight": HostTensor(Float(2))]

  /// Carries two values that change places every turn.
  static func swap(turns: Int) -> Graph {
    var b = GraphBuilder(name: "swap")
    let a = b.input("a", TensorType([2]))
    let c = b.input("b", TensorType([2]))
    let arguments = b.openBlock(
      arguments: [("i", TensorType(.i32, [])), ("p", TensorType([2])), ("q", TensorType([2]))])
    let body = b.closeBlock(results: [arguments[2], arguments[1]])
    let results = b.addAll(Repeat(count: turns), [a, c], regions: [body], names: ["u", "v"])
    return b.finish(
      outputs: [
        GraphOutput(value: results[0], name: "a"), GraphOutput(value: results[1], name: "b"),
      ])
  }

  /// `y = u + v + x`; u becomes v, v becomes u + x.
  static let updates: Graph = {
    var b = GraphBuilder(name: "updates")
    let x = b.input("x", TensorType([]))
    let u = b.input("u", TensorType([]), role: .parameter(nil))
    let v = b.input("v", TensorType([]), role: .buffer(nil))
    let sum = b.add(u, x)
    let y = b.add(sum, v)
    return b.finish(
      outputs: [
        GraphOutput(value: y, name: "y"),
        GraphOutput(value: v, name: "u", role: .update),
        GraphOutput(value: sum, name: "v", role: .update),
      ])
  }()

  /// `exp` twice: finite in the first turn only.
  static let overflow: Graph = {
    var b = GraphBuilder(name: "overflow")
    b.origin = Origin(path: "layer")
    let x = b.input("x", TensorType([2]))
    let arguments = b.openBlock(arguments: [("i", TensorType(.i32, [])), ("r", TensorType([2]))])
    let grown = b.add(Exp(), [arguments[1]], name: "grown")
    let body = b.closeBlock(results: [grown])
    let result = b.addAll(Repeat(count: 2), [x], regions: [body], names: ["y"])[0]
    return b.finish(outputs: [GraphOutput(value: result, name: "y")])
  }()

  /// A loop in a loop; the inner one reads values of both levels around it.
  static let nested: Graph = {
    var b = GraphBuilder(name: "nested")
    let x = b.input("x", TensorType([3]))
    let outer = b.openBlock(arguments: [("i", TensorType(.i32, [])), ("r", TensorType([3]))])
    let i = b.broadcast(b.convert(outer[0], .f32), to: [3])
    let inner = b.openBlock(arguments: [("j", TensorType(.i32, [])), ("s", TensorType([3]))])
    let j = b.broadcast(b.convert(inner[0], .f32), to: [3])
    let next = b.add(b.mul(inner[1], 0.5), b.add(b.mul(i, j), x))
    let innerBody = b.closeBlock(results: [next, j])
    let results = b.addAll(
      Repeat(count: 3), [outer[1]], regions: [innerBody], names: ["t", "steps"])
    let total = b.add(results[0], b.sum(results[1], axes: [0]))
    let outerBody = b.closeBlock(results: [total, results[1]])
    let last = b.addAll(Repeat(count: 2), [x], regions: [outerBody], names: ["y", "all"])
    return b.finish(
      outputs: [
        GraphOutput(value: last[0], name: "y"), GraphOutput(value: last[1], name: "all"),
      ])
  }()
}
