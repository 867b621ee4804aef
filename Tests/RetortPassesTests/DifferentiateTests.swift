import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// The loss is the graph's first output, the gradients of its inputs the others.
func expectGradients(
  _ graph: Graph, at x: [HostTensor], tolerance: Double = 1e-6,
  _ location: SourceLocation = #_sourceLocation
) throws {
  let expanded = try Pipeline.run(
    graph, through: .differentiated, options: PipelineOptions(verifiesPasses: true)
  ).graph
  let results = expanded.run(x)
  var generator = SeededGenerator(seed: 77)
  for (index, gradient) in results.dropFirst().enumerated() {
    let direction = x[index].random(&generator)
    var inputs = x
    func loss(_ step: Double) -> Double {
      inputs[index] = x[index].moved(step, along: direction)
      return expanded.run(inputs)[0].doubles[0]
    }
    // Richardson: errors of second order cancel.
    let step = 1e-3
    let wide = (loss(step) - loss(-step)) / (2 * step)
    let narrow = (loss(step / 2) - loss(-step / 2)) / step
    let numeric = (4 * narrow - wide) / 3
    let analytic = gradient.dot(direction)
    #expect(
      abs(analytic - numeric) <= tolerance * max(1, abs(numeric)),
      "input \(index): gradient \(analytic), differences \(numeric)", sourceLocation: location)
  }
}

@Suite struct DifferentiateTests {
  @Test func aProductGivesTheOtherFactor() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([3]))
      let y = b.input("y", TensorType([3]))
      return b.gradient(b.sum(b.mul(x, y)), x)
    }
    let expanded = try Pipeline.run(graph, through: .simplified).graph
    #expect(
      expanded.printed == """
        graph g(x: f32[3], y: f32[3]) -> (output0: f32[3]) {
          return y
        }

        """)
  }

  @Test func namesSayWhatIsDifferentiated() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([3]))
      let hidden = b.add(Exp(), [x], name: "hidden")
      let loss = b.add(Sum(), [b.tanh(hidden)], name: "loss")
      return b.gradient(loss, x)
    }
    let text = try Differentiate().run(graph).printed
    #expect(text.contains("d_hidden"), "\(text)")
    #expect(text.contains("gradient: f32[3] = mul("), "\(text)")
  }

  @Test func fanOutIsSummed() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [4]))
      let y = b.sin(x)
      let loss = b.sum(b.add(b.mul(y, y), b.add(b.exp(y), b.mul(x, y))))
      return [loss] + b.gradient(loss, x)
    }
    try expectGradients(graph, at: graph.randomInputs(seed: 1))
  }

  @Test func independentTargetsHaveZeroGradients() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2]))
      let y = b.input("y", TensorType([3]))
      return b.gradient(b.sum(x), y)
    }
    let results = try Pipeline.run(graph, through: .simplified).graph
    #expect(results.outline == "fill")
    #expect(results.run(graph.randomInputs(seed: 1))[0].doubles == [0, 0, 0])
  }

  @Test func weightGradientsNobodyAsksForAreNotMade() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([1, 3, 8, 8]))
      let w = b.input("w", TensorType([4, 3, 3, 3]), role: .parameter(nil))
      return b.gradient(b.sum(b.tanh(b.conv2d(x, w))), x)
    }
    let expanded = try Differentiate().run(graph)
    #expect(expanded.count(of: Conv2dKernel.self) == 0)
    #expect(expanded.count(of: Conv2dTranspose.self) == 1)
  }

  @Test func intermediateTargetsKeepTheirPartOfThePath() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, []))
      let y = b.square(x)
      let loss = b.mul(y, x)
      return b.gradient(loss, y, x)
    }
    let results = try Differentiate().run(graph).run(HostTensor(3.0))
    // d(y x)/dy = x; d(x³)/dx = 3 x²
    #expect(results.map { $0.doubles[0] } == [3, 27])
  }

  @Test func detachStopsTheGradient() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, []))
      return b.gradient(b.mul(x, b.detach(b.square(x))), x)
    }
    let expanded = try Pipeline.run(graph, through: .differentiated).graph
    #expect(expanded.run(HostTensor(3.0))[0].doubles == [9])
    #expect(expanded.count(of: Detach.self) == 0)
  }

  @Test func gradientsOfGradientsAreExpandedInsideOut() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, []))
      let cube = b.mul(b.square(x), x)
      let first = b.gradient(cube, x)[0]
      let second = b.gradient(first, x)[0]
      let third = b.gradient(second, x)[0]
      return [first, second, third, b.gradient(b.mul(first, second), x)[0]]
    }
    let results = try Differentiate().run(graph).run(HostTensor(2.0))
    #expect(results.map { $0.doubles[0] } == [12, 12, 6, 54 * 4])
  }

  @Test func highDerivativesOfLowPowersAreZero() throws {
    for degree in 0...2 {
      let graph = GraphBuilder.graph { b in
        let x = b.input("x", TensorType(.f64, [2]))
        var slope = b.pow(x, Double(degree))
        for _ in 0..<degree + 2 { slope = b.gradient(b.sum(slope), x)[0] }
        return [slope]
      }
      let expanded = try Pipeline.run(graph, through: .differentiated).graph
      #expect(expanded.run(vector(0, 3))[0].doubles == [0, 0], "degree \(degree)")
    }
  }

  /// One waits for the gradient that its loop captures, another for the one inside the loop.
  @Test func gradientsWaitForThoseAroundAndInsideLoops() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, []))
      let slope = b.gradient(b.mul(b.square(x), x), x)[0]
      let last = b.loop(2, x) { b, _, r in b.gradient(b.mul(r, slope), x)[0] }
      return [last] + b.gradient(last, x)
    }
    let results = try Differentiate().run(graph).run(HostTensor(2.0))
    // The slope is 3 x², a turn multiplies by 6 x: 36 x³, whose derivative is 108 x².
    #expect(results.map { $0.doubles[0] } == [288, 432])
  }

  @Test(arguments: [false, true])
  func anOperationWithoutDerivativeOnTheOnlyWayIsAnError(inALoop: Bool) throws {
    let file = SourceFile(path: "g.graph", text: "g = gradient(loss, x)\n")
    var b = GraphBuilder(name: "g")
    let x = b.input("x", TensorType([4]))
    func choose(_ b: inout GraphBuilder) -> Value { b.convert(b.argmax(x, axis: 0), .f32) }
    let best =
      inALoop ? b.loop(2, b.fill(0, [])) { b, _, sum in b.add(sum, choose(&b)) } : choose(&b)
    b.origin = Origin(range: SourceRange(file, 4..<21))
    let gradient = b.gradient(best, x)
    let graph = b.finish(gradient)
    let error = try #require(throws: Diagnostics.self) { try Differentiate().run(graph) }
    #expect(error.list[0].code == "gradient/C3")
    #expect(
      error.list[0].message
        == "no gradient reaches 'x': the loss depends on it only through argmax, "
        + "and argmax is piecewise constant")
    #expect(error.list[0].range?.description == "g.graph:1:5")
    #expect(error.list[0].hint?.contains("detach") == true)
  }

  /// What a gradient makes is read back like all else; top_k's and a loop's have an axis more.
  @Test func gradientsKeepToTheMostDimensions() throws {
    func expand(rank: Int, _ build: (inout GraphBuilder, Value) -> Value) throws {
      let graph = GraphBuilder.graph { b in
        let x = b.input("x", TensorType(Shape([Int](repeating: 1, count: rank))))
        return b.gradient(b.sum(build(&b, x)), x)
      }
      _ = try Differentiate().run(graph)
    }
    func largest(_ b: inout GraphBuilder, _ x: Value) -> Value { b.topK(x, k: 1).values }
    func squared(_ b: inout GraphBuilder, _ x: Value) -> Value {
      b.loop(2, x) { b, _, c in b.square(c) }
    }
    try expand(rank: Shape.rankLimit - 1, largest)
    try expand(rank: Shape.rankLimit - 1, squared)
    let ofTopK = #expect(throws: Diagnostics.self) { try expand(rank: Shape.rankLimit, largest) }
    #expect(
      ofTopK?.list[0].message
        == "a tensor has at most 32 dimensions, one in the gradient of top_k has 33")
    let ofLoop = #expect(throws: Diagnostics.self) { try expand(rank: Shape.rankLimit, squared) }
    #expect(
      ofLoop?.list[0].message
        == "a tensor has at most 32 dimensions, the turns of 'c' that the gradient keeps have 33")
  }

  /// Each of them is about three times as long as the one before.
  @Test func gradientsOfGradientsMayNotGrowWithoutEnd() throws {
    let file = SourceFile(path: "g.graph", text: "g = gradient(loss, x)\n")
    func nested(_ depth: Int) -> Graph {
      GraphBuilder.graph { b in
        let x = b.input("x", TensorType([4]))
        b.origin = Origin(range: SourceRange(file, 4..<21))
        var loss = b.sum(b.mul(x, x))
        for _ in 0..<depth {
          let slope = b.gradient(loss, x)[0]
          loss = b.sum(b.mul(slope, slope))
        }
        return [loss]
      }
    }
    let pass = Differentiate(valueLimit: 5_000)
    let seconds = try threadSeconds { () throws in
      let error = try #require(throws: Diagnostics.self) { try pass.run(nested(60)) }
      #expect(
        error.list[0].message == "with this gradient the graph has more than 5000 values")
      #expect(error.list[0].range?.description == "g.graph:1:5")
      #expect(error.list[0].hint?.contains("detach") == true)
    }
    #expect(seconds < 60)
    #expect(try pass.run(nested(4)).count(of: Gradient.self) == 0)
  }

  @Test func anotherWayRoundMakesItZero() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([4]))
      let best = b.convert(b.argmax(b.detach(x), axis: 0), .f32)
      let both = b.add(best, b.sum(b.mul(x, b.convert(b.argmax(x, axis: 0), .f32))))
      return b.gradient(best, x) + b.gradient(both, x)
    }
    let results = try Differentiate().run(graph).run(tensor([1, 3, 2, 0], nil, .f32))
    #expect(results[0].doubles == [0, 0, 0, 0])
    #expect(results[1].doubles == [1, 1, 1, 1])
  }

  @Test func aSmallNetworkAgreesWithDifferences() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [2, 2, 6, 6]))
      let w1 = b.input("w1", TensorType(.f64, [4, 2, 3, 3]))
      let w2 = b.input("w2", TensorType(.f64, [3, 4]))
      let h = b.swish(b.conv2d(x, w1, stride: [2], padding: [1]))
      let pooled = b.mean(h, axes: [2, 3])
      let logits = b.matmul(pooled, w2, transposeB: true)
      let loss = b.neg(b.mean(b.slice(b.logSoftmax(logits), [1], start: [1], stop: [2])))
      return [loss] + b.gradient(loss, x, w1, w2)
    }
    try expectGradients(graph, at: graph.randomInputs(seed: 3))
  }

  @Test func derivedNodesSayWhereTheyComeFrom() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([3]))
      return b.gradient(b.sum(b.exp(x)), x)
    }
    let expanded = try Differentiate().run(graph)
    #expect(expanded.body.nodes.contains { $0.origin.derivation == "gradient of exp" })
    let again = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([3]))
      let g = b.gradient(b.sum(b.exp(x)), x)[0]
      return b.gradient(b.sum(b.square(g)), x)
    }
    let second = try Differentiate().run(again)
    #expect(
      second.body.nodes.contains { $0.origin.derivation == "gradient of mul in gradient of exp" })
  }
}

extension GraphBuilder {
  /// A smooth function with every derivative.
  mutating func sin(_ x: Value) -> Value { tanh(mul(x, 0.7)) }
}
