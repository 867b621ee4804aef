import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

private func plan(_ build: (inout GraphBuilder) -> [Value]) throws -> (Graph, MemoryPlan) {
  let (graph, plan) = MemoryPlanner.plan(GraphBuilder.graph("g", build))
  try MemoryPlan.checkDisjoint(graph)
  return (graph, plan)
}

@Suite struct MemoryTests {
  @Test func chainsAreComputedInPlace() throws {
    let (graph, plan) = try plan { b in
      let x = b.input("x", TensorType([100]))
      return [b.exp(b.tanh(b.neg(x)))]
    }
    #expect(plan.arenaByteCount == 448)
    #expect(plan.lowerBound == 400)
    #expect(
      graph.printed == """
        graph g(x: f32[100]) -> (output0: f32[100]) {
          neg: f32[100] = neg(x) @(offsets: [0])
          tanh: f32[100] = tanh(neg) @(offsets: [0])
          exp: f32[100] = exp(tanh) @(offsets: [0])
          return exp
        }

        """)
  }

  @Test func whatIsReadLaterIsNotOverwritten() throws {
    let (_, plan) = try plan { b in
      let x = b.input("x", TensorType([16]))
      let a = b.exp(x)
      return [b.add(b.tanh(a), a), b.reverse(a, [0])]
    }
    // a, tanh (then the sum in its place), and the reversed tensor, which cannot be made in place.
    #expect(plan.arenaByteCount == 3 * 64)
    #expect(plan.lowerBound == 3 * 64)
  }

  @Test func carriedValuesStayInTheirSlots() throws {
    let (graph, plan) = try plan { b in
      let x = b.input("x", TensorType([16]))
      return [b.loop(3, b.neg(x)) { b, _, r in b.tanh(r) }]
    }
    let loop = graph.body.nodes[1]
    // The start, the slot, the turn's result and the loop's are one stretch; the index is another.
    #expect(plan.arenaByteCount == 2 * 64, "\(graph)")
    #expect(loop.annotation("slots") != nil)
    #expect(loop.regions[0].nodes[0].annotation("offsets") == loop.annotation("offsets"))
    #expect(graph.body.nodes[0].annotation("offsets") == loop.annotation("offsets"))
  }

  @Test func whatALoopReadsLivesAsLongAsTheLoop() throws {
    let (_, plan) = try plan { b in
      let x = b.input("x", TensorType([16]))
      let outer = b.exp(x)
      return [b.loop(3, x) { b, _, r in b.reverse(b.add(b.reverse(r, [0]), outer), [0]) }]
    }
    // The outer value, the index, the slot, and two values of the body.
    #expect(plan.arenaByteCount == 5 * 64)
  }

  @Test func carriedValuesMayChangePlaces() throws {
    let (graph, _) = try plan { b in
      let x = b.input("x", TensorType([16]))
      let y = b.input("y", TensorType([16]))
      return b.loop(3, [x, y]) { b, _, c in ([c[1], c[0]], [c[0]]) }
    }
    #expect(graph.body.nodes[0].annotation("offsets")?.description == "[64, 128, 192]")
  }

  @Test func preparedValuesHaveASegmentOfTheirOwn() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([16]))
      let w = b.input("w", TensorType([16]), role: .parameter(nil))
      return [b.mul(x, b.reverse(b.exp(w), [0]))]
    }
    let planned = try Pipeline.run(graph, through: .planned).graph
    #expect(planned.body.nodes[0].annotation("prepared")?.description == "[0]")
    #expect(planned.body.nodes[0].regions[0].nodes.count == 2)
    #expect(planned.body.nodes[1].annotation("offsets")?.description == "[0]")
    // What the region computes on its way, then the product; what it yields lies elsewhere.
    #expect(try MemoryPlan(of: planned).arenaByteCount == 64)
  }

  @Test func broadcastOperandsOfAKernelAreNotOverwritten() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([4, 4]))
      let a = b.matmul(x, x)
      let row = b.reshape(b.matmul(b.fill(1, [1, 4]), x), [4])
      return [b.exp(b.add(a, b.broadcast(row, to: [4, 4])))]
    }
    let planned = try Pipeline.run(graph, through: .planned).graph
    let kernel = try #require(planned.body.nodes.last)
    let product = try #require(
      planned.body.nodes.first { node in
        node.op is MatMul && planned.type(of: node.results[0]).shape == [4, 4]
      })
    #expect(kernel.op is Fused)
    #expect(kernel.annotation("offsets") == product.annotation("offsets"), "\(planned)")
  }

  @Test func aWrongPlanIsFound() throws {
    let (graph, _) = try plan { b in
      let x = b.input("x", TensorType([16]))
      let a = b.exp(x)
      return [b.add(a, b.tanh(a))]
    }
    var wrong = graph
    wrong.body.nodes[1].annotations = [Annotation("offsets", .integers([0]))]
    let error = #expect(throws: InternalError.self) { try MemoryPlan.checkDisjoint(wrong) }
    #expect(
      error?.message == "g: 'exp' (steps 1...3) and 'tanh' (steps 2...3) share memory at 0")
  }

  @Test func holesAreFilledByTheBestFit() throws {
    let (_, plan) = try plan { b in
      let x = b.input("x", TensorType([64]))
      // Sums die at once; their places are used again.
      var total = b.sum(x)
      for length in [64, 32, 16, 48] {
        let part = b.slice(x, [0], start: [0], stop: [length])
        total = b.add(total, b.sum(b.reverse(part, [0])))
      }
      return [total]
    }
    #expect(plan.arenaByteCount <= 2 * 256 + 2 * 64)
  }
}
