import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct FoldScalesTests {
  /// `relu(bn(conv(x)))` with learned scale and running statistics, in inference.
  private static func block(
    _ b: inout GraphBuilder, _ x: Value, shiftFirst: Bool, hasBias: Bool = false
  ) -> Value {
    let w = b.input("w", TensorType([4, 3, 3, 3]), role: .parameter(nil))
    let gamma = b.input("gamma", TensorType([4]), role: .parameter(nil))
    let beta = b.input("beta", TensorType([4]), role: .parameter(nil))
    let mean = b.input("mean", TensorType([4]), role: .buffer(nil))
    let variance = b.input("variance", TensorType([4]), role: .buffer(nil))
    func channels(_ v: Value) -> Value { b.reshape(v, [4, 1, 1]) }
    var y = b.conv2d(x, w, padding: [1])
    if hasBias {
      let bias = b.input("bias", TensorType([4]), role: .parameter(nil))
      y = b.add(y, channels(bias))
    }
    let scale = b.mul(gamma, b.rsqrt(b.add(b.abs(variance), 1e-5)))
    if shiftFirst {
      y = b.add(b.mul(b.sub(y, channels(mean)), channels(scale)), channels(beta))
    } else {
      y = b.add(b.mul(y, channels(scale)), channels(b.sub(beta, b.mul(mean, scale))))
    }
    return b.relu(y)
  }

  @Test(arguments: [(true, false), (false, false), (true, true)])
  func batchNormGoesIntoTheConvolution(shiftFirst: Bool, hasBias: Bool) throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 3, 6, 6]))
      return [Self.block(&b, x, shiftFirst: shiftFirst, hasBias: hasBias)]
    }
    let prepared = try Pipeline.run(graph, through: .hoisted).graph
    let rest = prepared.body.nodes.dropFirst().map(\.opName)
    #expect(prepared.body.nodes[0].op is Prepare, "\(prepared)")
    let shift = shiftFirst && !hasBias ? "sub" : "add"
    #expect(rest == ["conv2d", "broadcast", shift, "relu"], "\(prepared)")
    let wide = try Widen().run(graph)
    let inputs = wide.randomInputs(seed: 1)
    let simple = try Pipeline.run(wide, through: .hoisted).graph
    #expect(relativeError(simple.run(inputs)[0], wide.run(inputs)[0]) < 1e-12)
  }

  @Test func aScaledConvolutionKeepsItsOwnPlace() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 3, 6, 6]))
      let w = b.input("w", TensorType([4, 3, 3, 3]), role: .parameter(nil))
      let scale = b.input("scale", TensorType([4]), role: .parameter(nil))
      b.origin = Origin(path: "conv1")
      let y = b.conv2d(x, w, padding: [1])
      b.origin = Origin(path: "bn1")
      return [b.mul(y, b.reshape(scale, [4, 1, 1]))]
    }
    let prepared = try Pipeline.run(graph, through: .hoisted).graph
    let convolution = try #require(prepared.body.nodes.first { $0.op is Conv2d })
    #expect(convolution.origin == Origin(path: "conv1", derivation: "with bn1"), "\(prepared)")
  }

  @Test func theWayBackSharesTheFoldedWeights() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 3, 6, 6]))
      let y = Self.block(&b, x, shiftFirst: true)
      return b.gradient(b.sum(b.square(y)), x)
    }
    let prepared = try Pipeline.run(graph, through: .hoisted).graph
    #expect(!prepared.body.nodes.dropFirst().contains { $0.op is Rsqrt })
    let forward = try #require(prepared.body.nodes.first { $0.op is Conv2d })
    let backward = try #require(prepared.body.nodes.first { $0.op is Conv2dTranspose })
    #expect(forward.operands[1] == backward.operands[1], "\(prepared)")
    let wide = try Widen().run(graph)
    let inputs = wide.randomInputs(seed: 1)
    let plain = try Pipeline.run(wide, through: .differentiated).graph
    let simple = try Pipeline.run(wide, through: .hoisted).graph
    #expect(relativeError(simple.run(inputs)[0], plain.run(inputs)[0]) < 1e-12)
  }

  @Test func weightsThatAreUpdatedAreLeftAlone() throws {
    var b = GraphBuilder(name: "g")
    let x = b.input("x", TensorType([2, 3, 6, 6]))
    let y = Self.block(&b, x, shiftFirst: true)
    let updates = [("w", b.fill(0, [4, 3, 3, 3])), ("gamma", b.fill(0, [4]))]
    let graph = b.finish(
      outputs: [GraphOutput(value: y, name: "y")]
        + updates.map { GraphOutput(value: $1, name: $0, role: .update) })
    let simple = try Pipeline.run(graph, through: .simplified).graph
    #expect(simple.count(of: Mul.self) == 2, "\(simple)")
  }

  @Test func resultsThatOthersReadAreLeftAlone() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 3, 6, 6]))
      let w = b.input("w", TensorType([4, 3, 3, 3]), role: .parameter(nil))
      let s = b.input("s", TensorType([4, 1, 1]), role: .parameter(nil))
      let y = b.conv2d(x, w)
      return [b.mul(y, s), b.exp(y)]
    }
    let simple = try Pipeline.run(graph, through: .simplified).graph
    #expect(simple.outline == "conv2d broadcast mul exp", "\(simple)")
  }

  @Test func productsTakeScalesOfRowsAndColumns() throws {
    for transposeB in [false, true] {
      let graph = GraphBuilder.graph { b in
        let x = b.input("x", TensorType(.f64, [5, 3]))
        let w = b.input(
          "w", TensorType(.f64, transposeB ? [4, 3] : [3, 4]), role: .parameter(nil))
        let rows = b.input("rows", TensorType(.f64, [3]), role: .parameter(nil))
        let columns = b.input("columns", TensorType(.f64, [4]), role: .parameter(nil))
        return [b.mul(b.matmul(b.mul(x, rows), w, transposeB: transposeB), columns)]
      }
      let prepared = try Pipeline.run(graph, through: .hoisted).graph
      #expect(prepared.body.nodes.dropFirst().map(\.opName) == ["matmul"], "\(prepared)")
      let inputs = graph.randomInputs(seed: 3)
      #expect(relativeError(prepared.run(inputs)[0], graph.run(inputs)[0]) < 1e-12)
    }
  }

  @Test func transposedConvolutionsTakeScalesOnBothSides() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [2, 4, 3, 3]))
      let w = b.input("w", TensorType(.f64, [4, 2, 4, 4]), role: .parameter(nil))
      let before = b.input("before", TensorType(.f64, [4, 1, 1]), role: .parameter(nil))
      let behind = b.input("behind", TensorType(.f64, [1, 2, 1, 1]), role: .parameter(nil))
      let y = b.conv2dTranspose(b.mul(x, before), w, stride: [2], padding: [1])
      return [b.mul(y, behind)]
    }
    let prepared = try Pipeline.run(graph, through: .hoisted).graph
    #expect(prepared.body.nodes.dropFirst().map(\.opName) == ["conv2d_transpose"], "\(prepared)")
    let inputs = graph.randomInputs(seed: 3)
    #expect(relativeError(prepared.run(inputs)[0], graph.run(inputs)[0]) < 1e-12)
  }

  /// What others read too is not computed twice: its own scale goes in, the next one stays.
  @Test func aScaledResultWithTwoReadersStaysOneConvolution() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 3, 6, 6]))
      let w = b.input("w", TensorType([4, 3, 3, 3]), role: .parameter(nil))
      let s = b.input("s", TensorType([4]), role: .parameter(nil))
      let t = b.input("t", TensorType([4]), role: .parameter(nil))
      let y = b.mul(b.conv2d(x, w, padding: [1]), b.reshape(s, [4, 1, 1]))
      let z = b.mul(y, b.reshape(t, [4, 1, 1]))
      return [b.add(z, b.relu(y))]
    }
    let simplified = try Pipeline.run(graph, through: .simplified).graph
    #expect(simplified.body.nodes.count { $0.op is Conv2d } == 1)
  }
}
