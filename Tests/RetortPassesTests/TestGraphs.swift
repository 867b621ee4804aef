import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport

extension GraphBuilder {
  mutating func gradient(_ loss: Value, _ targets: Value...) -> [Value] {
    addAll(Gradient(), [loss] + targets)
  }

  /// A loop; `body` gives the next carried values and what is collected.
  mutating func loop(
    _ count: Int, first: Int = 0, _ starts: [Value],
    _ body: (inout GraphBuilder, Value, [Value]) -> (next: [Value], collected: [Value])
  ) -> [Value] {
    let types = starts.map { ("c", type(of: $0)) }
    let arguments = openBlock(arguments: [("i", TensorType(.i32, []))] + types)
    let (next, collected) = body(&self, arguments[0], Array(arguments.dropFirst()))
    let region = closeBlock(results: next + collected)
    return addAll(Repeat(count: count, first: first), starts, regions: [region])
  }

  /// A loop that carries one value and collects none.
  mutating func loop(
    _ count: Int, _ start: Value, _ body: (inout GraphBuilder, Value, Value) -> Value
  ) -> Value {
    loop(count, [start]) { b, i, carried in ([body(&b, i, carried[0])], []) }[0]
  }

  func finish(_ outputs: [Value]) -> Graph {
    finish(
      outputs: outputs.enumerated().map { GraphOutput(value: $1, name: "output\($0)") })
  }

  static func graph(
    _ name: String = "g", _ build: (inout GraphBuilder) throws -> [Value]
  ) rethrows -> Graph {
    var b = GraphBuilder(name: name)
    let outputs = try build(&b)
    return b.finish(outputs)
  }
}

extension Graph {
  /// Inputs of the graph's types, the same for the same seed.
  func randomInputs(seed: UInt64, in range: ClosedRange<Double> = -2...2) -> [HostTensor] {
    var generator = SeededGenerator(seed: seed)
    return inputs.map { input in
      let type = self.type(of: input.value)
      let numbers = (0..<type.elementCount).map { _ in
        type.element.isReal
          ? Double(Float(Double.random(in: range, using: &generator)))
          : Double(Int.random(in: 0...(type.element == .bool ? 1 : 5), using: &generator))
      }
      return HostTensor(type.shape, numbers).converted(to: type.element)
    }
  }

  func run(_ inputs: [HostTensor]) -> [HostTensor] { GraphEvaluator(self).run(inputs) }
  func run(_ inputs: HostTensor...) -> [HostTensor] { GraphEvaluator(self).run(inputs) }

  /// The names of a graph's operations in order, those of regions in braces.
  var outline: String {
    func text(_ block: Block) -> String {
      block.nodes.map { node in
        node.opName + node.regions.map { " { " + text($0) + " }" }.joined()
      }.joined(separator: " ")
    }
    return text(body)
  }

  func count<O: Op>(of _: O.Type) -> Int {
    var count = 0
    forEachNode { if $0.op is O { count += 1 } }
    return count
  }

  var printed: String { Printer().text(self) }
}

extension HostTensor {
  /// Another tensor of the type, of numbers between −1 and 1.
  func random(_ generator: inout SeededGenerator) -> HostTensor {
    let numbers = (0..<elementCount).map { _ in Double.random(in: -1...1, using: &generator) }
    return HostTensor(shape, numbers).converted(to: type.element)
  }

  /// `self + scale · other`, for Doubles.
  func moved(_ scale: Double, along other: HostTensor) -> HostTensor {
    HostTensor(shape, zip(doubles, other.doubles).map { $0 + scale * $1 })
  }

  func dot(_ other: HostTensor) -> Double {
    zip(doubles, other.doubles).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
