import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

/// First and second derivatives of every operation through `differentiate`, against central
/// differences in Double.
@Suite struct OpDerivativeTests {
  /// `loss = Σ u · f(x)` and its gradients; with `order` 2 the gradients of
  /// `Σ v · gradient` instead.
  private static func graph(_ sample: Sample, order: Int) throws -> Graph? {
    var b = GraphBuilder(name: "derivative")
    let x = sample.operands.enumerated().map { index, operand in
      b.input(
        "x\(index)",
        operand.type.element.isReal ? operand.type.with(.f64) : operand.type)
    }
    let y = try b.append(widened(sample.op), x)
    let targets = x.filter { b.type(of: $0).element == .f64 }
    let real = y.filter { b.type(of: $0).element == .f64 }
    guard !targets.isEmpty, !real.isEmpty else { return nil }
    var loss = b.fill(0, [], .f64)
    for value in real { loss = b.add(loss, b.sum(b.mul(value, weights(&b, value, 0.37)))) }
    for round in 1..<order {
      let first = b.addAll(Gradient(), [loss] + targets)
      loss = b.fill(0, [], .f64)
      for value in first {
        loss = b.add(loss, b.sum(b.mul(value, weights(&b, value, 0.59 + Double(round)))))
      }
    }
    let gradients = b.addAll(Gradient(), [loss] + targets)
    return b.finish([loss] + gradients)
  }

  /// Numbers between −1 and 1 without a pattern that an operation shares.
  private static func weights(_ b: inout GraphBuilder, _ value: Value, _ seed: Double) -> Value {
    let shape = b.shape(of: value)
    let numbers = (0..<shape.elementCount).map { index in
      let number = (Double(index) + seed) * 0.754_877_666
      return 2 * (number - number.rounded(.down)) - 1
    }
    return b.constant(numbers, shape, .f64)
  }

  /// Operands that are said to get no gradient although the result depends on them.
  private static func isStill(_ kind: any TensorOp.Type, _ target: Int) -> Bool {
    (kind == CropResize.self || kind == CropResizeAdjoint.self) && target == 1
  }

  private static func check(order: Int, tolerance: Double) throws {
    for kind in OpCatalog.standard.all where kind.differentiability == .differentiable {
      for (number, sample) in kind.samples.enumerated() {
        guard sample.operands.allSatisfy({ $0.type.elementCount <= 80 }),
          let graph = try graph(sample, order: order)
        else { continue }
        let expanded = try Pipeline.run(graph, through: .differentiated).graph
        let x = sample.wideTensors(seed: UInt64(number))
        let results = expanded.run(x)
        let targets = x.indices.filter { x[$0].type.element == .f64 }
        var generator = SeededGenerator(seed: UInt64(number))
        for (gradient, target) in zip(results.dropFirst(), targets) {
          if x[target].elementCount == 0 || Self.isStill(kind, target) { continue }
          let direction = x[target].random(&generator)
          var inputs = x
          func loss(_ step: Double) -> Double {
            inputs[target] = x[target].moved(step, along: direction)
            return expanded.run(inputs)[0].doubles[0]
          }
          let step = 1e-4
          let numeric = (loss(step) - loss(-step)) / (2 * step)
          let analytic = gradient.dot(direction)
          #expect(
            abs(analytic - numeric) <= tolerance * max(1, abs(numeric)),
            "order \(order) of \(sample.op.signature), operand \(target): \(analytic), \(numeric)")
        }
      }
    }
  }

  @Test func firstDerivativesAgreeWithDifferences() throws {
    try Self.check(order: 1, tolerance: 1e-6)
  }

  @Test func secondDerivativesAgreeWithDifferences() throws {
    try Self.check(order: 2, tolerance: 1e-5)
  }
}

/// An operation that is asked for `f32`, asked for `f64`.
private func widened<O: TensorOp>(_ op: O) -> any TensorOp {
  var op = op
  for (name, value) in op.attributeValues where value == .element(.f32) {
    _ = op.setAttribute(name, to: .element(.f64))
  }
  return op
}
