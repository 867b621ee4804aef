import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

private func simplified(_ build: (inout GraphBuilder) -> [Value]) throws -> Graph {
  try Pipeline.run(
    GraphBuilder.graph("g", build), through: .simplified,
    options: PipelineOptions(verifiesPasses: true)
  ).graph
}

/// What is left of an expression of one `f32[3, 4]`.
private func outline(_ build: (inout GraphBuilder, Value) -> Value) throws -> String {
  try simplified { b in
    let x = b.input("x", TensorType([3, 4]))
    return [build(&b, x)]
  }.outline
}

@Suite struct SimplifyTests {
  @Test func neutralElementsGo() throws {
    #expect(try outline { b, x in b.add(x, 0) } == "")
    #expect(try outline { b, x in b.add(b.fill(0, like: x), x) } == "")
    #expect(try outline { b, x in b.sub(x, 0) } == "")
    #expect(try outline { b, x in b.mul(x, 1) } == "")
    #expect(try outline { b, x in b.div(x, 1) } == "")
    #expect(try outline { b, x in b.pow(x, 1) } == "")
    #expect(try outline { b, x in b.mul(x, -1) } == "neg")
  }

  @Test func whatIsNotZeroForNaNStays() throws {
    #expect(try outline { b, x in b.mul(x, 0) } == "fill mul")
    #expect(try outline { b, x in b.sub(x, x) } == "sub")
  }

  @Test func opposedOperationsGo() throws {
    #expect(try outline { b, x in b.neg(b.neg(x)) } == "")
    #expect(try outline { b, x in b.relu(b.relu(x)) } == "relu")
    #expect(try outline { b, x in b.max(x, x) } == "")
    #expect(try outline { b, x in b.sub(x, b.neg(b.exp(x))) } == "exp add")
    #expect(try outline { b, x in b.convert(b.convert(x, .f64), .f64) } == "convert")
  }

  @Test func movesThatMoveNothingGo() throws {
    #expect(try outline { b, x in b.reshape(b.reshape(x, [12]), [3, 4]) } == "")
    #expect(try outline { b, x in b.reshape(b.reshape(x, [12]), [2, 6]) } == "reshape")
    #expect(try outline { b, x in b.transpose(b.transpose(x, [1, 0]), [1, 0]) } == "")
    #expect(try outline { b, x in b.transpose(x, [0, -1]) } == "")
    #expect(try outline { b, x in b.slice(x, [0, 1], start: [0, 0], stop: [3, 4]) } == "")
    #expect(try outline { b, x in b.pad(x, [0], low: [0], high: [0]) } == "")
    #expect(try outline { b, x in b.reverse(b.reverse(x, [0]), [-2]) } == "")
    #expect(try outline { b, x in b.concatenate([x], axis: 0) } == "")
    #expect(try outline { b, x in b.sum(b.reshape(x, [3, 1, 4]), axes: [1]) } == "")
  }

  @Test func transposesOfTransposesAreOne() throws {
    let graph = try simplified { b in
      let x = b.input("x", TensorType([2, 3, 4]))
      return [b.transpose(b.transpose(x, [1, 2, 0]), [1, 2, 0])]
    }
    #expect(graph.outline == "transpose")
    let x = tensor((0..<24).map(Double.init), [2, 3, 4], .f32)
    let expected = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 3, 4]))
      return [b.transpose(x, [2, 0, 1])]
    }
    #expect(graph.run(x) == expected.run(x))
  }

  @Test func constantsAreFolded() throws {
    let graph = try simplified { b in
      let table = b.exp(b.mul(b.convert(b.iota([4]), .f32), 0))
      let mixed = b.add(b.iota([3], .f32), b.iota([3], .f32))
      return [table, mixed, b.sqrt(b.fill(4, [1000, 1000]))]
    }
    #expect(graph.outline == "fill constant fill", "\(graph)")
    #expect(graph.run()[1].doubles == [0, 2, 4])
    #expect(graph.run()[2].doubles[999] == 2)
  }

  @Test func everyResultOfAConstantIsFolded() throws {
    let graph = try simplified { b in
      let (values, places) = b.topK(b.iota([5], .f32), k: 2)
      return [values, places]
    }
    #expect(graph.outline == "constant constant", "\(graph)")
    #expect(graph.run().map(\.doubles) == [[4, 3], [4, 3]])
  }

  @Test func longListsOfConstantsAreFolded() throws {
    let graph = try simplified { b in
      let none = b.fill(1, [0])
      return [b.concatenate([Value](repeating: none, count: 20_000), axis: 0)]
    }
    #expect(graph.outline == "constant")
  }

  @Test func largeConstantsAreNotWrittenOut() throws {
    let graph = try simplified { b in [b.exp(b.iota([FoldConstants.elementLimit + 1], .f32))] }
    #expect(graph.outline == "iota exp")
  }

  @Test func choicesByConstantsAreMade() throws {
    #expect(
      try outline { b, x in
        b.select(b.less(b.fill(1, like: x), 2), b.exp(x), b.log(x))
      } == "exp")
  }

  @Test func smallTensorsAreComputedBeforeTheyAreRepeated() throws {
    let graph = try simplified { b in
      let x = b.input("x", TensorType([4, 3]))
      let s = b.input("s", TensorType([3]))
      return [b.mul(x, b.rsqrt(b.add(b.broadcast(s, to: [4, 3]), 1)))]
    }
    #expect(graph.outline == "fill add rsqrt broadcast mul", "\(graph)")
  }

  @Test func equalNodesAreShared() throws {
    #expect(try outline { b, x in b.mul(b.exp(x), b.exp(x)) } == "exp mul")
    let graph = try simplified { b in
      let x = b.input("x", TensorType([2]))
      let outer = b.exp(x)
      let last = b.loop(3, x) { b, _, r in b.mul(b.exp(x), r) }
      return [b.add(last, outer)]
    }
    #expect(graph.outline == "exp repeat { mul } add")
  }

  @Test func padsWithZerosOfBothSignsAreNotShared() throws {
    let graph = try simplified { b in
      let x = b.input("x", TensorType([1]))
      func padded(_ value: Double) -> Value { b.pad(x, [0], low: [1], high: [0], value: value) }
      return [padded(0), padded(-0.0)]
    }
    #expect(graph.outline == "pad pad")
    let read = try TestDefinition(text: graph.printed).graph()
    #expect(read == graph)
    let signs = read.run(tensor([1], nil, .f32)).map { $0.doubles[0].sign }
    #expect(signs == [.plus, .minus])
  }

  @Test func nodesOfDifferentAnnotationsAreNotShared() throws {
    var b = GraphBuilder(name: "g")
    let x = b.input("x", TensorType([2]))
    let first = try b.append(Exp(), [x], annotations: [Annotation("a", .integer(1))])[0]
    let second = try b.append(Exp(), [x], annotations: [Annotation("a", .integer(2))])[0]
    let sum = b.add(first, second)
    let graph = b.finish([sum])
    #expect(try ShareCommonNodes().run(graph).outline == "exp exp add")
  }

  @Test func equalLoopsAreShared() throws {
    let graph = try simplified { b in
      let x = b.input("x", TensorType([2]))
      func turn(_ b: inout GraphBuilder, _ i: Value, _ r: Value) -> Value { b.tanh(b.add(r, x)) }
      let first = b.loop(3, x, turn)
      let second = b.loop(3, x, turn)
      let other = b.loop(4, x, turn)
      return [b.add(b.add(first, second), other)]
    }
    #expect(graph.count(of: Repeat.self) == 2)
  }

  @Test func whatNobodyReadsOfALoopGoes() throws {
    let graph = try simplified { b in
      let x = b.input("x", TensorType([2]))
      let results = b.loop(3, [x, x, x]) { b, _, c in
        // The third carried value feeds the first, the second only itself.
        ([b.mul(c[0], c[2]), b.exp(c[1]), b.tanh(c[2])], [b.log(c[0])])
      }
      return [results[0]]
    }
    let loop = try #require(graph.body.nodes.first)
    #expect(loop.results.count == 2)
    #expect(graph.outline == "repeat { mul tanh }")
  }

  @Test func loopsWithoutTurnsGo() throws {
    let graph = try simplified { b in
      let x = b.input("x", TensorType([2]))
      let results = b.loop(0, [b.exp(x)]) { b, _, c in ([b.tanh(c[0])], [c[0]]) }
      return results
    }
    #expect(graph.outline == "exp fill")
  }

  @Test func namesOfTheUserStay() throws {
    let graph = try simplified { b in
      let x = b.input("x", TensorType([2]))
      let y = b.add(Sub(), [x, b.neg(x)], name: "twice")
      return [y]
    }
    #expect(
      graph.printed == """
        graph g(x: f32[2]) -> (output0: f32[2]) {
          twice: f32[2] = add(x, x)
          return twice
        }

        """)
  }

  @Test func sumsOfImagesAreTakenByTerms() throws {
    func summed(over axes: [Int]) -> Graph {
      GraphBuilder.graph("g") { b in
        let shape: Shape = [2, 3, 4, 5]
        let x = b.input("x", TensorType(shape))
        let s = b.input("s", TensorType([1, 3, 1, 1]))
        let scaled = b.mul(b.exp(x), b.broadcast(s, to: shape))
        return [b.sum(b.neg(b.add(scaled, x)), axes: axes)]
      }
    }
    for (axes, isTaken) in [([0, 2, 3], true), ([0, 2], false)] {
      let graph = summed(over: axes)
      let result = try Pipeline.run(
        graph, through: .simplified, options: PipelineOptions(verifiesPasses: true)
      ).graph
      let inputs = graph.randomInputs(seed: 3)
      #expect(relativeError(result.run(inputs)[0], graph.run(inputs)[0]) < 1e-5)
      #expect(result.outline.contains("broadcast") != isTaken, "\(result.outline)")
    }
  }

  /// Taken by terms, both sums would be infinite and theirs NaN.
  @Test func sumsOfWhatCancelsStay() throws {
    let graph = GraphBuilder.graph("g") { b in
      let x = b.input("x", TensorType([2, 3, 4, 5]))
      let large = b.mul(x, 1e38)
      return [b.sum(b.add(large, b.sub(b.fill(1, like: x), large)), axes: [0, 2, 3])]
    }
    let result = try Pipeline.run(graph, through: .simplified).graph
    #expect(result.count(of: Sum.self) == 1, "\(result.outline)")
    #expect(result.run(graph.randomInputs(seed: 3, in: 1...2))[0].doubles == [0, 0, 0])
  }
}
