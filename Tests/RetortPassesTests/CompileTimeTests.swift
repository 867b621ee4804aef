import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import Testing

/// Large graphs of shapes that are easily given more time than they deserve.
@Suite struct CompileTimeTests {
  /// With a copy of the table of names for each value that is added: 5 · 10⁹ names.
  @Test func addedValuesDoNotCopyAllNames() throws {
    let count = 50_000
    let graph = GraphBuilder.graph { b in
      var x = b.input("x", TensorType([2]))
      let minus = b.fill(-1, like: x)
      for _ in 0..<count { x = b.mul(x, minus) }
      return [x]
    }
    var simple = graph
    let duration = try ContinuousClock().measure { simple = try SimplifyAlgebra().run(graph) }
    #expect(simple.count(of: Neg.self) == count)
    #expect(duration < .seconds(10))
  }

  /// Descent: a step's gradient waits for those before, and the last ones for all. With the
  /// ancestors of all that wait collected in each round: 4 · 10⁷ of them.
  @Test func gradientsThatWaitCostLittle() throws {
    let count = 500
    let graph = GraphBuilder.graph { b in
      var r = b.input("x", TensorType([2]))
      for _ in 0..<100 {
        let slope = b.gradient(b.sum(b.square(r)), r)[0]
        r = b.sub(r, b.mul(slope, 0.1))
      }
      let loss = b.sum(b.square(r))
      return (0..<count).map { _ in b.gradient(loss, r)[0] }
    }
    var expanded = graph
    let duration = try ContinuousClock().measure { expanded = try Differentiate().run(graph) }
    #expect(expanded.count(of: Gradient.self) == 0)
    #expect(Set(expanded.body.results).count == count)
    #expect(duration < .seconds(10))
  }

  /// In a chain of carried values each comes to depend on the weight, and to be needed, a turn after
  /// the next one. With the whole body walked for each: 4 · 10⁷ nodes.
  @Test func whatGoesFromTurnToTurnCostsLittle() throws {
    let count = 6000
    let graph = GraphBuilder.graph { b in
      let w = b.input("w", TensorType([]))
      let last = b.loop(2, (0..<count).map { _ in b.fill(1, []) }) { b, _, c in
        (c.indices.map { $0 + 1 < count ? b.tanh(c[$0 + 1]) : b.mul(c[$0], w) }, [])
      }
      return b.gradient(last[0], w)
    }
    var (expanded, live) = (graph, graph)
    let duration = try ContinuousClock().measure {
      live = try RemoveDeadNodes().run(graph)
      expanded = try Differentiate().run(graph)
      expanded = try RemoveDeadNodes().run(expanded)
    }
    #expect(live.count(of: Tanh.self) == count - 1)
    #expect(expanded.count(of: Repeat.self) == 2)
    #expect(duration < .seconds(10))
  }

  /// A loss that reads its parameters through `detach` or not at all. With all that it depends on
  /// walked for each: 2 · 10⁸ nodes.
  @Test func targetsWithoutGradientCostLittle() throws {
    let count = 8000
    let graph = GraphBuilder.graph { b in
      let unused = (0..<count).map { b.input("u\($0)", TensorType([]), role: .parameter(nil)) }
      let read = (0..<count).map { b.input("r\($0)", TensorType([]), role: .parameter(nil)) }
      var y = b.input("x", TensorType([]))
      for value in read { y = b.add(b.tanh(y), b.add(Detach(), [value])) }
      return b.addAll(Gradient(), [y] + unused + read)
    }
    var expanded = graph
    let duration = try ContinuousClock().measure { expanded = try Differentiate().run(graph) }
    #expect(expanded.count(of: Fill.self) == 2 * count)
    #expect(duration < .seconds(10))
  }

  /// The sum of all siblings has many readers. With all of them looked at for each sibling:
  /// 2 · 10⁸ looks.
  @Test func readersOfWhatSiblingsShareCostLittle() throws {
    let (siblingCount, readerCount) = (8192, 30_000)
    let type = TensorType([2, 2])
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", type)
      let w = b.input("w", type, role: .parameter(nil))
      var sums = (0..<siblingCount).map { _ in b.matmul(x, w) }
      while sums.count > 1 {
        sums = stride(from: 0, to: sums.count, by: 2).map { b.add(sums[$0], sums[$0 + 1]) }
      }
      return (0..<readerCount).map { index in
        let weight = b.input("v\(index)", type, role: .parameter(nil))
        return b.matmul(sums[0], weight)
      }
    }
    var merged = graph
    let duration = try ContinuousClock().measure { merged = try MergeSiblings().run(graph) }
    #expect(merged.count(of: MatMul.self) == 1 + readerCount)
    #expect(duration < .seconds(10))
  }
}
