import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct LoopPassesTests {
  @Test func whatALoopDoesNotChangeLeavesIt() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 2]))
      let last = b.loop(3, x) { b, _, r in
        let inner = b.loop(2, r) { b, _, s in b.add(b.matmul(x, x), b.matmul(s, r)) }
        return b.mul(inner, b.exp(x))
      }
      return [last]
    }
    let hoisted = try Pipeline.run(graph, through: .hoisted).graph
    #expect(hoisted.outline == "matmul exp repeat { repeat { matmul add } mul }", "\(hoisted)")
    let inputs = graph.randomInputs(seed: 1)
    #expect(hoisted.run(inputs) == graph.run(inputs))
  }

  @Test func readingModesStayWithTheirReaders() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 2]))
      let s = b.input("s", TensorType([2]))
      let last = b.loop(3, x) { b, _, r in
        b.matmul(b.mul(b.add(r, s), 0.5), b.broadcast(s, to: [2, 2]))
      }
      return [last]
    }
    let hoisted = try HoistInvariants().run(graph)
    // The second broadcast is an operand of a product and has to be a tensor anyway.
    #expect(hoisted.outline == "broadcast repeat { broadcast add fill mul matmul }", "\(hoisted)")
  }

  @Test func weightsArePreparedOnce() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 3]))
      let w = b.input("w", TensorType([3, 3]), role: .parameter(nil))
      let last = b.loop(3, x) { b, _, r in b.matmul(r, b.mul(b.exp(w), 2)) }
      return [last]
    }
    let prepared = try Pipeline.run(graph, through: .hoisted).graph
    #expect(prepared.outline == "prepare { exp fill mul } repeat { matmul }", "\(prepared)")
    let inputs = graph.randomInputs(seed: 1, in: -0.5...0.5)
    #expect(prepared.run(inputs) == graph.run(inputs))
    // Again: nothing is left to do.
    #expect(try PrepareWeights().run(prepared).outline == prepared.outline)
  }

  @Test func withoutWorkThereIsNothingToPrepare() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 3]))
      let w = b.input("w", TensorType([3]), role: .parameter(nil))
      return [b.add(b.mul(x, w), 2)]
    }
    let prepared = try Pipeline.run(graph, through: .hoisted).graph
    #expect(prepared.count(of: Prepare.self) == 0, "\(prepared)")
  }

  @Test func algorithmsDependOnShapesAlone() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 4, 6, 6]))
      func kernel(_ extents: Shape) -> Value { b.fill(0.5, extents) }
      let a = b.conv2d(x, kernel([8, 4, 3, 3]), padding: [1])
      let c = b.conv2d(a, kernel([4, 8, 1, 1]))
      let d = b.conv2d(c, kernel([4, 1, 3, 3]), groups: 4)
      let m = b.matmul(b.reshape(d, [2, 64]), b.fill(0.5, [64, 10]))
      return [m, b.matmul(m, b.fill(0.5, [10, 200_000]))]
    }
    let lowered = try ChooseAlgorithms().run(graph)
    let chosen = lowered.body.nodes.compactMap { $0.annotation("algorithm")?.description }
    #expect(
      chosen == ["\"im2col\"", "\"pointwise\"", "\"depthwise\"", "\"simd\"", "\"blas\""])
    #expect(try ChooseAlgorithms().run(lowered) == lowered)
  }

  @Test func wideningChangesEveryReal() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2]))
      let key = b.input("key", TensorType(.key, []))
      let noise = b.uniform(key, [2])
      let last = b.loop(2, x) { b, i, r in b.add(b.mul(r, b.convert(i, .f32)), noise) }
      return [b.mul(last, 0.1)]
    }
    let wide = try Widen().run(graph)
    #expect(!wide.printed.contains("f32"))
    #expect(wide.printed.contains("type: f64"))
  }
}
