import RetortDefence
import RetortDriver
import RetortIR
import RetortOps
import RetortPasses
import RetortTestSupport
import Testing

/// The benchmark's workloads are what the peers' are.
@Suite struct WorkloadTests {
  /// Multiply-accumulates of the convolutions and products that the definition itself has, heads'
  /// products of embeddings with each other apart.
  private static func multiplies(_ file: String, _ settings: [String: String]) throws -> Int {
    let graph = try TestDefinition(file: "graphs/\(file)").graph(set: settings)
    let weights = Set(graph.inputs.filter(\.role.isWeight).map(\.value))
    var flops = 0
    graph.forEachNode { node in
      guard let op = node.op as? any TensorOp, op is Conv2d || op is MatMul,
        weights.contains(node.operands[1])
      else { return }
      flops += op.cost(node.operands.map(graph.type), node.results.map(graph.type)).flops
    }
    return flops / 2
  }

  private static func counted(_ name: String) throws -> Int { try Workload.named(name).multiplies }

  @Test func forwardPassesAreCountedInTheirGraphs() throws {
    #expect(try Self.multiplies("bench/w1.graph", ["n": "1"]) == Self.counted("W1"))
    #expect(try Self.multiplies("bench/w2.graph", ["n": "1"]) * 2 == Self.counted("W2"))
    #expect(try Self.multiplies("bench/w6.graph", ["n": "1"]) * 20 == Self.counted("W6"))
    let stem = 27 * 16 * 1024
    #expect(try Self.multiplies("bench/w7.graph", ["n": "1"]) * 3 - stem == Self.counted("W7"))
  }

  /// A definition's backbone calls compute logits too, which nobody reads: seven images' worth.
  @Test(arguments: [
    ("W3", 512, 1), ("W4", 640, 1), ("W5", 64, 10),
  ])
  func purifierStepsAreCountedInTheirGraphs(name: String, width: Int, steps: Int) throws {
    let workload = try Workload.named(name)
    let whole = try Self.multiplies(workload.file, ["n": "1"])
    #expect(2 * steps * (whole - 7 * 10 * width) == workload.multiplies)
  }

  @Test func nominalRatesAreThoseOfThePeers() throws {
    // Table of the peers' baseline, 10^9 operations.
    for (name, batch, gigaflops) in [
      ("W1", 1, 1.11), ("W2", 8, 17.77), ("W3", 32, 497.81), ("W4", 4, 587.27),
      ("W5", 256, 1919.91), ("W6", 32, 710.94), ("W7", 128, 20.36),
    ] {
      let own = try Workload.named(name).gigaflops(batch: batch)
      #expect(abs(own - gigaflops) < 0.006, "\(name): \(own)")
    }
  }

  @Test func weightsHaveThePeersNames() throws {
    let graph = try TestDefinition(file: "graphs/bench/w5.graph").graph(set: ["n": "1"])
    let names = Set(graph.inputs.filter(\.role.isWeight).map(\.name))
    for name in [
      "model.conv1.weight", "model.bn1.running_var", "model.layer2.0.shortcut.0.weight",
      "model.layer2.0.shortcut.1.bias", "model.linear.weight", "heads.proj1.weight",
      "heads.proj2.bias", "heads.rot.weight", "heads.dec_fc.bias", "heads.dec_conv1.weight",
      "heads.dec_conv2.bias",
    ] {
      #expect(names.contains(name), "\(name)")
    }
  }

  @Test func chainsHaveAsManyNodesAsAsked() throws {
    let plain = try CompilerMeasurement.chain(length: 600)
    #expect(plain.nodeCount == 600)
    #expect(plain.passes.contains { $0.name == "plan-memory" })
    let gradient = try CompilerMeasurement.chain(length: 600, gradient: true)
    #expect(gradient.plannedNodeCount > 300)
    #expect(gradient.seconds > 0)
  }
}
