import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

private func fused(
  _ limits: FusionLimits = FusionLimits(), _ build: (inout GraphBuilder, Value, Value) -> [Value]
) throws -> Graph {
  let graph = GraphBuilder.graph { b in
    let x = b.input("x", TensorType([4, 4]))
    let y = b.input("y", TensorType([4, 4]))
    return build(&b, x, y)
  }
  let result = try FuseElementwise(limits: limits).run(graph)
  try Verifier(phase: .fused).verify(result)
  let inputs = graph.randomInputs(seed: 4)
  #expect(result.run(inputs) == graph.run(inputs))
  return result
}

@Suite struct FusionTests {
  @Test func aChainIsOneKernel() throws {
    let graph = try fused { b, x, y in [b.exp(b.mul(b.add(x, y), 0.5))] }
    #expect(
      graph.printed == """
        graph g(x: f32[4, 4], y: f32[4, 4]) -> (output0: f32[4, 4]) {
          exp: f32[4, 4] = fused {
            add: f32[4, 4] = add(x, y)
            fill: f32[4, 4] = fill(value: 0.5, shape: [4, 4])
            mul: f32[4, 4] = mul(add, fill)
            exp_1: f32[4, 4] = exp(mul)
            yield exp_1
          }
          return exp
        }

        """)
  }

  @Test func noGroupIsPassedAround() throws {
    // The second group reads a product of the first: one kernel would wait for itself.
    let graph = try fused { b, x, y in
      let a = b.exp(b.add(x, y))
      return [b.tanh(b.add(a, b.matmul(a, y)))]
    }
    #expect(graph.outline == "fused { add exp } matmul fused { add tanh }", "\(graph)")
  }

  @Test func groupsSinkToTheirOnlyReader() throws {
    let graph = try fused { b, x, y in
      let early = b.exp(b.neg(x))
      return [b.mul(b.tanh(b.matmul(x, y)), early)]
    }
    #expect(graph.outline == "matmul fused { neg exp tanh mul }", "\(graph)")
  }

  @Test func valuesReadOutsideAreResults() throws {
    let graph = try fused { b, x, y in
      let a = b.exp(x)
      let c = b.mul(a, y)
      return [b.matmul(a, y), b.tanh(c)]
    }
    #expect(graph.body.nodes[0].results.count == 2)
    #expect(graph.outline == "fused { exp mul tanh } matmul", "\(graph)")
  }

  @Test func broadcastsAreReadThroughInEveryKernel() throws {
    let graph = try fused { b, x, y in
      let s = b.broadcast(b.sum(y, axes: [0]), to: [4, 4])
      let a = b.mul(x, s)
      return [b.add(b.matmul(a, y), s)]
    }
    #expect(
      graph.outline == "sum fused { broadcast mul } matmul fused { broadcast add }", "\(graph)")
  }

  @Test func limitsHold() throws {
    var limits = FusionLimits()
    limits.nodeCount = 3
    let graph = try fused(limits) { b, x, _ in
      var v = x
      for _ in 0..<7 { v = b.tanh(v) }
      return [v]
    }
    #expect(
      graph.outline == "fused { tanh tanh tanh } fused { tanh tanh tanh } tanh", "\(graph)")
  }

  @Test func singleNodesAndOtherTypesStay() throws {
    let single = try fused { b, x, _ in [b.matmul(b.exp(x), x)] }
    #expect(single.outline == "exp matmul")
    let wide = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [4]))
      let i = b.input("i", TensorType(.i32, [4]))
      return [b.exp(b.neg(x)), b.add(b.neg(i), i)]
    }
    #expect(try FuseElementwise().run(wide).outline == wide.outline)
  }

  @Test func loopsAreFusedInside() throws {
    let graph = try fused { b, x, y in
      [b.loop(3, x) { b, _, r in b.clamp(b.sub(r, b.mul(b.sign(y), 0.1)), -1, 1) }]
    }
    #expect(graph.body.nodes[0].regions[0].nodes.count == 1, "\(graph)")
  }

  @Test func sumsOfRowsEndAKernel() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([6, 32]))
      let y = b.mul(x, b.exp(x))
      let total = b.sum(y, axes: [0], keep: true)
      // What reads the sum can run only behind the kernel.
      return [b.sub(y, b.broadcast(total, to: [6, 32])), b.mean(y, axes: [0])]
    }
    let result = try FuseElementwise().run(graph)
    try Verifier(phase: .fused).verify(result)
    #expect(result.outline == "fused { exp mul sum mean } fused { broadcast sub }", "\(result)")
    let inputs = graph.randomInputs(seed: 4)
    #expect(result.run(inputs) == graph.run(inputs))
  }

  @Test func otherSumsStandAlone() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.exp(b.neg(b.input("x", TensorType([6, 32]))))
      return [b.sum(x, axes: [1]), b.sum(x)]
    }
    #expect(try FuseElementwise().run(graph).outline == "fused { neg exp } sum sum")
  }
}
