import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct LowerConvolutionsTests {
  /// A residual block, the shortcut of stride 2, and global pooling.
  private static func block(images: Int = 2, channels: Int = 8, size: Int = 9) -> Graph {
    GraphBuilder.graph { b in
      let x = b.input("x", TensorType([images, channels, size, size]))
      func weight(_ name: String, _ shape: Shape) -> Value {
        b.input(name, TensorType(shape), role: .parameter(nil))
      }
      let wide = 2 * channels
      let first = weight("first", [wide, channels, 3, 3])
      let second = weight("second", [wide, wide, 3, 3])
      let shortcut = weight("shortcut", [wide, channels, 1, 1])
      let offset = weight("offset", [wide])
      let a = b.conv2d(x, first, stride: [2, 2], padding: [1, 1, 1, 1])
      let shape = b.shape(of: a)
      let shift = b.broadcast(b.reshape(offset, [1, wide, 1, 1]), to: shape)
      let h = b.add(Relu(), [b.add(a, shift)])
      let y = b.add(
        b.conv2d(h, second, padding: [1, 1, 1, 1]), b.conv2d(x, shortcut, stride: [2, 2]))
      let z = b.add(Relu(), [y])
      let loss = b.sum(b.add(Mean(axes: [2, 3]), [z]), axes: [0, 1])
      return [z] + b.gradient(loss, x, first, offset)
    }
  }

  private static func lowered(
    _ graph: Graph, _ model: ConvolutionCostModel = ConvolutionCostModel(),
    through stage: Stage = .lowered
  ) throws -> Graph {
    var options = PipelineOptions(verifiesPasses: true)
    options.convolutions = model
    return try Pipeline.run(graph, through: stage, options: options).graph
  }

  private static func count(_ name: String, in graph: Graph) -> Int {
    var count = 0
    graph.forEachNode { if $0.opName == name { count += 1 } }
    return count
  }

  @Test(arguments: [false, true]) func meaningIsKept(isExact: Bool) throws {
    let graph = Self.block()
    let plain = try Pipeline.run(graph, through: .batched).graph
    let lowered = try Self.lowered(graph, ConvolutionCostModel(isExact: isExact))
    let inputs = graph.randomInputs(seed: 3, in: -1...1)
    for (found, expected) in zip(lowered.run(inputs), plain.run(inputs)) {
      #expect(relativeError(found, expected) <= 1e-5)
    }
    #expect(Self.count("conv2d", in: lowered) == 0)
    #expect(Self.count("conv2d_transpose", in: lowered) == 0)
    #expect(Self.count("conv2d_kernel_last", in: lowered) == 1)
    #expect((Self.count("winograd_conv2d", in: lowered) == 0) == isExact)
  }

  @Test func imagesAreTransposedAtTheEdgesOnly() throws {
    let lowered = try Self.lowered(Self.block())
    // x and the result z, and the cotangent of x; nothing between.
    #expect(Self.count("transpose", in: lowered) == 3, "\(lowered)")
  }

  @Test func groupsStayAsTheyAre() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([1, 4, 5, 5]))
      let w = b.input("w", TensorType([4, 1, 3, 3]))
      return [b.conv2d(x, w, padding: [1, 1, 1, 1], groups: 4)]
    }
    #expect(try Self.lowered(graph).outline == "conv2d")
  }

  @Test func reductionsThatWouldReorderAxesReadTheImage() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 8, 4, 4]))
      let w = b.input("w", TensorType([8, 8, 3, 3]))
      let y = b.conv2d(x, w, padding: [1, 1, 1, 1])
      return [
        b.sum(y, axes: [2, 3]), b.sum(y, axes: [0, 2, 3]), b.sum(y, axes: [1]), b.sum(y, axes: [2]),
        b.sum(y, axes: [1], keep: true),
      ]
    }
    let lowered = try Self.lowered(graph)
    let inputs = graph.randomInputs(seed: 5)
    for (found, expected) in zip(lowered.run(inputs), graph.run(inputs)) {
      #expect(found.type == expected.type)
      #expect(relativeError(found, expected) <= 1e-5)
    }
  }

  @Test func aConvolutionTakesWhatFollowsAlong() throws {
    let fused = try Self.lowered(Self.block(), through: .fused)
    #expect(
      fused.outline.contains("fused { packed_conv2d broadcast add relu }"), "\(fused.outline)")
    #expect(fused.outline.contains("fused { winograd_conv2d add relu }"), "\(fused.outline)")
  }

  /// Small maps of many channels are cut by channels, so that a block is part of each pixel.
  @Test(arguments: [(1, 64, 2), (3, 8, 9), (2, 40, 5), (5, 3, 12)])
  func programsComputeTheSame(images: Int, channels: Int, size: Int) throws {
    let graph = Self.block(images: images, channels: channels, size: size)
    let planned = try Self.lowered(graph, through: .planned)
    let inputs = graph.randomInputs(seed: 7, in: -1...1)
    let named = Dictionary(uniqueKeysWithValues: zip(graph.inputs.map(\.name), inputs))
    let expected = try Pipeline.run(graph, through: .batched).graph.run(inputs)
    var first: [String: HostTensor]?
    for threads in 1...3 {
      let pool = ThreadPool(threadCount: threads)
      let program = try Program(
        planned, options: ProgramOptions(backend: .auto, pool: pool, isChecked: true))
      try program.bind(weights: named)
      try program.load(named)
      try program.runChecked()
      for (output, value) in zip(planned.outputs, expected) {
        let error = relativeError(program.results[output.name]!, value)
        #expect(error <= 2e-5, "\(output.name): \(error)")
      }
      #expect(first == nil || program.results == first, "\(threads) threads")
      first = program.results
    }
  }

  @Test func theFormIsAFunctionOfShapes() {
    func form(
      _ images: Int, _ channels: Int, _ size: Int, isExact: Bool = false
    ) -> ConvolutionForm {
      let op = Conv2d(Sliding(padding: [1]))
      let extents = op.acceptedExtents([
        TensorType([images, channels, size, size]), TensorType([channels, channels, 3, 3]),
      ])
      return ConvolutionCostModel(isExact: isExact)
        .form(of: ConvolutionCase(extents, op.sliding, isAdjoint: false))
    }
    #expect(form(7, 64, 32) == .winograd4)
    #expect(form(56, 512, 4) == .winograd4)
    #expect(form(7, 512, 4) == .winograd2)
    #expect(form(1, 512, 4) == .direct)
    #expect(form(7, 64, 32, isExact: true) == .direct)
    #expect(form(7, 4, 32) == .direct)
  }
}

/// Fused regions at the edges of what they can hold.
@Suite struct FusedEdgeTests {
  private static func outputs(_ graph: Graph, _ inputs: [HostTensor]) throws -> [HostTensor] {
    let planned = try Pipeline.run(graph, through: .planned).graph
    let program = try Program(
      planned, options: ProgramOptions(backend: .auto, pool: ThreadPool(threadCount: 2)))
    let named = Dictionary(uniqueKeysWithValues: zip(graph.inputs.map(\.name), inputs))
    try program.bind(weights: named)
    let results = try program.run(inputs: named)
    return planned.outputs.map { results[$0.name]! }
  }

  @Test func aConvolutionToOneElementIsFollowed() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([1, 4, 3, 3]))
      let w = b.input("w", TensorType([1, 4, 3, 3]))
      return [b.add(Relu(), [b.conv2d(x, w)])]
    }
    let inputs = graph.randomInputs(seed: 2)
    let found = try Self.outputs(graph, inputs)[0]
    #expect(relativeError(found, graph.run(inputs)[0]) <= 1e-5)
  }

  @Test func constantsAreToldApartByTheirBits() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([4]))
      let condition = b.add(Greater(), [x, b.add(Fill(0.5, [4]), [])])
      let zero = b.add(
        Select(), [condition, b.add(Fill(0.0, [4]), []), b.add(Fill(-0.0, [4]), [])])
      let nan = b.add(Fill(.nan, [4]), [])
      return [b.add(Div(), [b.add(Fill(1, [4]), []), zero]), b.mul(b.add(x, nan), x)]
    }
    let found = try Self.outputs(graph, [HostTensor([4], [0, 1, 0.25, 2]).converted(to: .f32)])
    #expect(found[0].doubles == [-.infinity, .infinity, -.infinity, .infinity])
    let areAllNaN = found[1].doubles.allSatisfy { $0.isNaN }
    #expect(areAllNaN)
  }

  /// What would take time and memory out of all proportion to its result is left to plain forms.
  @Test(arguments: [
    (TensorType([1, 1, 4, 4]), TensorType([1, 1, 1, 1]), 1 << 31),
    (TensorType([1, 1, 4, 4]), TensorType([1, 1, 1, 1]), 65536),
  ])
  func hugePaddingIsNotCopied(x: TensorType, w: TensorType, padding: Int) throws {
    let graph = GraphBuilder.graph { b in
      [
        b.add(
          Conv2d(Sliding(stride: [padding], padding: [padding])),
          [b.input("x", x), b.input("w", w)])
      ]
    }
    let inputs = graph.randomInputs(seed: 3)
    let found = try Self.outputs(graph, inputs)[0]
    #expect(relativeError(found, graph.run(inputs)[0]) <= 1e-5)
  }

  @Test(arguments: [TensorType([0, 1, 1, 1]), TensorType([2, 0, 3, 3])])
  func emptyOperandsOfLoweredFormsDoNothing(y: TensorType) throws {
    let graph = GraphBuilder.graph { b in
      let depth = y.shape[3]
      let w = b.input("w", TensorType([1, 3, 3, depth, 16]))
      let op = PackedConv2dTranspose(
        channels: 5, Sliding(padding: [1]), height: y.shape[1], width: y.shape[2])
      return y.shape[1] == 0 ? [w] : [b.add(op, [b.input("y", y), w])]
    }
    let inputs = graph.randomInputs(seed: 4)
    let found = try Self.outputs(graph, inputs)[0]
    #expect(found.type == graph.run(inputs)[0].type)
  }

  @Test func sumsOfAnImageDoNotDependOnItsCompany() throws {
    func graph(_ count: Int) -> Graph {
      GraphBuilder.graph { b in
        let x = b.input("x", TensorType([count, 24, 64, 64]))
        let y = b.mul(x, x)
        return [b.sum(y, axes: [1, 2]), b.sum(y, axes: [1, 2, 3]), b.add(Mean(axes: [3]), [y])]
      }
    }
    let many = graph(16).randomInputs(seed: 5)
    let together = try Self.outputs(graph(16), many)
    let alone = try Self.outputs(graph(1), [many[0].rows(3..<4)])
    for (one, all) in zip(alone, together) { #expect(one == all.rows(3..<4)) }
  }
}
