import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

/// Gradient rules against central differences in Double, for every operation of the catalogue.
@Suite struct GradientTests {
  /// Samples that something can be differentiated in.
  static func samples(where isMeant: (Differentiability) -> Bool) -> [(any TensorOp, Sample)] {
    OpCatalog.standard.all.filter { isMeant($0.differentiability) }
      .flatMap { op in op.samples.map { ($0.op, $0) } }
      .filter { $1.operands.contains { $0.type.element.isReal } }
  }

  @Test func rulesAgreeWithCentralDifferences() throws {
    for (index, (op, sample)) in Self.samples(where: { $0 == .differentiable }).enumerated() {
      let x = sample.wideTensors(seed: UInt64(index))
      guard try op.inferTypes(x.map(\.type)).contains(where: \.element.isReal) else { continue }
      let rule = try OpGradient(of: op, x.map(\.type))
      try Verifier(phase: []).verify(rule.graph)
      var generator = SeededGenerator(seed: 1000 + UInt64(index))
      let direction = x.map { $0.type.element.isReal ? $0.randomLike(&generator) : nil }
      let y = try op.evaluate(x)
      let seeds = rule.seeded.map { y[$0].randomLike(&generator) }
      let cotangents = GraphEvaluator(rule.graph).run(x + seeds)

      var analytic = 0.0
      var scale = 0.0
      for (target, cotangent) in zip(rule.targets, cotangents) {
        #expect(cotangent.type == x[target].type, "\(op.signature): cotangent of operand \(target)")
        let products = zip(cotangent.doubles, direction[target]!.doubles).map { $0 * $1 }
        analytic += products.reduce(0, +)
        scale += products.reduce(0) { $0 + abs($1) }
      }
      // An operand without a cotangent moves too, and must then change nothing.
      let moves = x.indices.map { Self.isFixed(op, operand: $0) ? nil : direction[$0] }
      let numeric = try Self.directionalDerivative(op, x, along: moves, rule.seeded, seeds)
      for (result, seed) in zip(rule.seeded, seeds) {
        scale += zip(y[result].doubles, seed.doubles).reduce(0) { $0 + abs($1.0 * $1.1) }
      }
      #expect(
        abs(analytic - numeric) <= 1e-6 * scale,
        "\(op.signature) on \(x.map(\.type)): rule \(analytic), differences \(numeric)")
    }
  }

  @Test func rulesGiveTheSameForEachOperandAlone() throws {
    for (index, (op, sample)) in Self.samples(where: { $0 == .differentiable }).enumerated() {
      let x = sample.wideTensors(seed: UInt64(index))
      guard try op.inferTypes(x.map(\.type)).contains(where: \.element.isReal) else { continue }
      let all = try OpGradient(of: op, x.map(\.type))
      guard all.targets.count > 1 else { continue }
      var generator = SeededGenerator(seed: UInt64(index))
      let seeds = try op.evaluate(x).filter(\.type.element.isReal).map { $0.randomLike(&generator) }
      let expected = GraphEvaluator(all.graph).run(x + seeds)
      for (target, cotangent) in zip(all.targets, expected) {
        let alone = try OpGradient(of: op, x.map(\.type), wanted: [target])
        #expect(alone.targets == [target], "\(op.signature)")
        #expect(GraphEvaluator(alone.graph).run(x + seeds) == [cotangent], "\(op.signature)")
      }
    }
  }

  /// `detach` is the one operation whose gradient is zero by decree.
  @Test func operationsOfZeroDerivativeStandStill() throws {
    let samples = Self.samples {
      if case .zero = $0 { true } else { false }
    }
    for (index, (op, sample)) in samples.enumerated() where !(op is Detach) {
      let x = sample.wideTensors(seed: UInt64(index))
      var generator = SeededGenerator(seed: 2000 + UInt64(index))
      let direction = x.map { $0.type.element.isReal ? $0.randomLike(&generator) : nil }
      let ahead = try op.evaluate(Self.moved(x, by: 1e-5, along: direction))
      let behind = try op.evaluate(Self.moved(x, by: -1e-5, along: direction))
      #expect(ahead == behind, "\(op.signature)")
    }
  }

  /// Crops have a slope in their boxes, but no gradient flows there: said so in their definition.
  private static func isFixed(_ op: any TensorOp, operand: Int) -> Bool {
    (op is CropResize || op is CropResizeAdjoint) && operand == 1
  }

  /// `⟨u, J v⟩` by central differences.
  private static func directionalDerivative(
    _ op: any TensorOp, _ x: [HostTensor], along direction: [HostTensor?], _ results: [Int],
    _ seeds: [HostTensor]
  ) throws -> Double {
    let step = 1e-5
    let ahead = try op.evaluate(moved(x, by: step, along: direction))
    let behind = try op.evaluate(moved(x, by: -step, along: direction))
    var total = 0.0
    for (result, seed) in zip(results, seeds) {
      for (i, weight) in seed.doubles.enumerated() {
        total += weight * (ahead[result].doubles[i] - behind[result].doubles[i]) / (2 * step)
      }
    }
    return total
  }

  private static func moved(
    _ x: [HostTensor], by step: Double, along direction: [HostTensor?]
  ) -> [HostTensor] {
    zip(x, direction).map { tensor, direction in
      guard let direction else { return tensor }
      return HostTensor(
        tensor.shape, zip(tensor.doubles, direction.doubles).map { $0 + step * $1 })
    }
  }
}

extension HostTensor {
  /// Numbers between −1 and 1 in a tensor of the same type.
  fileprivate func randomLike(_ generator: inout SeededGenerator) -> HostTensor {
    let numbers = (0..<elementCount).map { _ in Double.random(in: -1...1, using: &generator) }
    return HostTensor(shape, numbers).converted(to: type.element)
  }
}
