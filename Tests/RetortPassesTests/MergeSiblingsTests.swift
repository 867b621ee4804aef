import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct MergeSiblingsTests {
  /// The graph after the pass, without what it leaves unread; verified, and of the same numbers.
  static func merged(_ graph: Graph, seed: UInt64 = 1) throws -> Graph {
    let merged = try RemoveDeadNodes().run(MergeSiblings().run(graph))
    try Verifier(phase: Stage.batched.phase).verify(merged)
    let inputs = graph.randomInputs(seed: seed, in: -1...1)
    let (expected, found) = (graph.run(inputs), merged.run(inputs))
    #expect(found == expected, "\(merged)")
    let (wide, wideMerged) = (try Widen().run(graph), try Widen().run(merged))
    let doubles = inputs.map { $0.type.element.isReal ? $0.converted(to: .f64) : $0 }
    #expect(wideMerged.run(doubles) == wide.run(doubles))
    return merged
  }

  /// What stands before the stage.
  static func hoisted(_ graph: Graph) throws -> Graph {
    try Pipeline.run(graph, through: .hoisted).graph
  }

  private static func images(_ b: inout GraphBuilder, _ name: String, _ count: Int) -> Value {
    b.input(name, TensorType([count, 3, 4, 4]))
  }

  private static func kernel(_ b: inout GraphBuilder, _ name: String = "w") -> Value {
    b.input(name, TensorType([3, 3, 3, 3]), role: .parameter(nil))
  }

  /// `y = relu(conv(x, w) + s)` a layer, every second one a residual, `x + conv(y, w)`.
  private static func layers(
    _ b: inout GraphBuilder, _ x: Value, _ weights: [Value], _ shift: Value,
    isResidual: Bool = true
  ) -> Value {
    var (x, y) = (x, x)
    for (index, w) in weights.enumerated() {
      let inner = b.conv2d(y, w, padding: [1])
      y = b.relu(b.add(inner, b.reshape(shift, [3, 1, 1])))
      if isResidual, index % 2 == 1 {
        y = b.add(inner, x)
        x = y
      }
    }
    return y
  }

  @Test func siblingsAndWhatFollowsThemBecomeOne() throws {
    let graph = GraphBuilder.graph { b in
      let (x, y) = (Self.images(&b, "x", 2), Self.images(&b, "y", 3))
      let w = Self.kernel(&b)
      let s = b.input("s", TensorType([3, 1, 1]))
      return [x, y].map { b.mean(b.relu(b.add(b.conv2d($0, w, padding: [1]), s)), axes: [2, 3]) }
    }
    let merged = try Self.merged(graph)
    #expect(
      merged.outline == "concatenate conv2d broadcast add relu mean slice slice", "\(merged)")
    #expect(merged.body.nodes[1].results.map(merged.name) == ["conv2d"])
    #expect(merged.body.nodes.allSatisfy { $0.origin.derivation == "batched" })
    #expect(try MergeSiblings().run(merged) == merged)
  }

  @Test func whatDependsOnOneAnotherStaysApart() throws {
    let graph = GraphBuilder.graph { b in
      let x = Self.images(&b, "x", 2)
      let w = Self.kernel(&b)
      return [b.conv2d(b.relu(b.conv2d(x, w, padding: [1])), w, padding: [1])]
    }
    #expect(try MergeSiblings().run(graph).printed == graph.printed)
  }

  @Test func differentWeightsAndShapesStayApart() throws {
    let graph = GraphBuilder.graph { b in
      let x = Self.images(&b, "x", 2)
      let small = b.input("y", TensorType([2, 3, 2, 2]))
      let (v, w) = (Self.kernel(&b, "v"), Self.kernel(&b, "w"))
      let m = b.input("m", TensorType([2, 4]))
      let n = b.input("n", TensorType([2, 5]))
      let convolutions = [
        b.conv2d(x, v, padding: [1]), b.conv2d(x, w, padding: [1]),
        b.conv2d(small, w, padding: [1]), b.conv2d(x, w, padding: [2]),
      ]
      // Axis 0 of the first operand is contracted.
      let products = [m, n].map { b.matmul($0, b.fill(0.5, [2, 3]), transposeA: true) }
      return convolutions + products
    }
    let shared = try ShareCommonNodes().run(graph)
    #expect(try MergeSiblings().run(shared).printed == shared.printed)
  }

  /// Heads of different depth, so that gradients reach the common part at different times.
  @Test func passesBackwardBecomeOneBehindDifferentHeads() throws {
    let graph = GraphBuilder.graph { b in
      let views = [2, 1, 3].enumerated().map { Self.images(&b, "x\($0)", $1) }
      let weights = (0..<3).map { Self.kernel(&b, "w\($0)") }
      let s = b.input("s", TensorType([3]), role: .parameter(nil))
      let m = b.input("m", TensorType([48, 48]), role: .parameter(nil))
      var loss = b.fill(0, [])
      for (index, x) in views.enumerated() {
        var y = Self.layers(&b, x, weights, s)
        if index > 0 {
          y = b.reshape(y, [b.shape(of: y)[0], 48])
          for _ in 0..<index { y = b.tanh(b.matmul(y, b.mul(m, Double(index) / 10))) }
        }
        loss = b.add(loss, b.sum(b.square(y)))
      }
      return [loss] + b.addAll(Gradient(), [loss] + views)
    }
    let merged = try Self.merged(Self.hoisted(graph))
    #expect(merged.count(of: Conv2d.self) == 3, "\(merged)")
    #expect(merged.count(of: Conv2dTranspose.self) == 3)
    // Joined: the views, and their gradients behind the heads. Masks stand in the same order.
    #expect(merged.count(of: Concatenate.self) == 2, "\(merged)")
  }

  @Test func aProductWithBatchesOfMatricesIsMerged() throws {
    let graph = GraphBuilder.graph { b in
      let (x, y) = (b.input("x", TensorType([2, 5, 4])), b.input("y", TensorType([1, 5, 4])))
      let m = b.input("m", TensorType([6, 4]), role: .parameter(nil))
      return [x, y].map { b.softmax(b.matmul($0, m, transposeB: true), axis: 2) }
    }
    let outline = try Self.merged(graph).outline
    #expect(outline == "concatenate matmul softmax slice slice")
  }

  /// The gradients of a scalar product carry the other view's values.
  @Test func theOrderOfViewsSurvivesALossOfTwoViews() throws {
    let graph = GraphBuilder.graph { b in
      let views = (0..<2).map { Self.images(&b, "x\($0)", 2) }
      let weights = (0..<3).map { Self.kernel(&b, "w\($0)") }
      let s = b.input("s", TensorType([3]), role: .parameter(nil))
      let ends = views.map { Self.layers(&b, $0, weights, s, isResidual: false) }
      let loss = b.sum(b.mul(ends[0], ends[1]))
      return b.addAll(Gradient(), [loss] + views)
    }
    let merged = try Self.merged(Self.hoisted(graph))
    #expect(merged.count(of: Conv2d.self) == 3)
    #expect(merged.count(of: Conv2dTranspose.self) == 3)
    #expect(merged.count(of: Concatenate.self) == 2, "\(merged)")
  }

  @Test(arguments: [1, 2]) func loopsMergeTheirTurnsOwnPasses(imageCount: Int) throws {
    let graph = GraphBuilder.graph { b in
      let x = Self.images(&b, "x", imageCount)
      let weights = (0..<2).map { Self.kernel(&b, "w\($0)") }
      let s = b.input("s", TensorType([3]), role: .parameter(nil))
      let last = b.loop(3, x) { b, _, r in
        let views = [r, b.reverse(r, [3]), b.transpose(r, [0, 1, 3, 2])]
        var loss = b.fill(0, [])
        for view in views {
          loss = b.add(
            loss, b.sum(b.tanh(b.mean(Self.layers(&b, view, weights, s), axes: [2, 3]))))
        }
        return b.sub(r, b.mul(b.gradient(loss, r)[0], 0.1))
      }
      return [last]
    }
    let merged = try Self.merged(Self.hoisted(graph))
    #expect(merged.count(of: Conv2d.self) == 2, "\(merged)")
    #expect(merged.count(of: Conv2dTranspose.self) == 2)
    // The views; the gradients arrive joined, for the means do.
    #expect(merged.count(of: Concatenate.self) == 1, "\(merged)")
  }

  /// Steps one after the other in one block, each with two views and heads of different depth.
  @Test func unrolledStepsMergeWithinEachStep() throws {
    let graph = GraphBuilder.graph { b in
      let x = Self.images(&b, "x", 2)
      let weights = (0..<2).map { Self.kernel(&b, "w\($0)") }
      let s = b.input("s", TensorType([3]), role: .parameter(nil))
      let head = Self.kernel(&b, "head")
      var r = x
      for _ in 0..<3 {
        let left = Self.layers(&b, r, weights, s)
        let right = Self.layers(&b, b.reverse(r, [3]), weights, s)
        let painted = b.relu(b.conv2d(b.tanh(b.conv2d(right, head, padding: [1])), head))
        let loss = b.add(b.sum(b.square(left)), b.sum(painted))
        r = b.sub(r, b.mul(b.gradient(loss, r)[0], 0.1))
      }
      return [r]
    }
    let merged = try Self.merged(Self.hoisted(graph))
    // Two layers and a head of two a step.
    #expect(merged.count(of: Conv2d.self) == 3 * 4, "\(merged)")
    #expect(merged.count(of: Conv2dTranspose.self) == 3 * 4)
  }

  @Test func innerLoopsReadRowsOfWhatIsMergedOutside() throws {
    let graph = GraphBuilder.graph { b in
      let (x, y) = (Self.images(&b, "x", 2), Self.images(&b, "y", 1))
      let w = Self.kernel(&b)
      let maps = [x, y].map { b.conv2d($0, w, padding: [1]) }
      let last = b.loop(2, x) { b, _, r in
        let sum = b.conv2d(b.add(r, maps[0]), w, padding: [1])
        let other = b.conv2d(b.mul(maps[1], 0.5), w, padding: [1])
        return b.mul(b.add(sum, other), 0.25)
      }
      return [last, maps[1]]
    }
    let merged = try Self.merged(graph)
    #expect(merged.count(of: Conv2d.self) == 2, "\(merged)")
  }

  @Test func rowsAreCutOutOnceAndOnlyWhereTheyAreRead() throws {
    let graph = GraphBuilder.graph { b in
      let (x, y) = (Self.images(&b, "x", 2), Self.images(&b, "y", 2))
      let w = Self.kernel(&b)
      let maps = [x, y].map { b.conv2d($0, w, padding: [1]) }
      let both = b.concatenate(maps, axis: 0)
      let middle = b.slice(both, [0], start: [1], stop: [3])
      return [b.tanh(both), b.sum(middle), b.exp(maps[1]), b.sum(maps[1])]
    }
    let merged = try Self.merged(graph)
    #expect(
      merged.outline == "concatenate conv2d tanh slice sum slice exp sum", "\(merged)")
  }

  /// The shipped defence, with a backbone of each kind.
  @Test(arguments: ["resnet20", "preactresnet18", "wide_resnet"])
  func thePurifierSeesItsBackboneOnce(backbone: String) throws {
    let definition = try TestDefinition(
      text: """
        import "models/\(backbone).graph"
        import "purifiers/multitask.graph"

        graph purified(x: f32[n, 3, 32, 32], key: key[n]) -> f32[n, 3, 32, 32] {
          return purify(x, key, steps: 2, views: 2, backbone: \(backbone))
        }
        """)
    let graph = try definition.graph("purified", set: ["n": "2"])
    let hoisted = try Self.hoisted(graph)
    let merged = try Pipeline.run(graph, through: .batched).graph
    let (before, after) = (Self.readings(hoisted), Self.readings(merged))
    #expect(before.keys == after.keys)
    #expect(before.values.count { $0 == 3 } >= 16)
    #expect(after.values.allSatisfy { $0 == 1 }, "\(after)")
  }

  /// How many convolutions of each kind read each weight.
  private static func readings(_ graph: Graph) -> [String: Int] {
    var counts: [String: Int] = [:]
    graph.forEachNode { node in
      guard node.op is Conv2d || node.op is Conv2dTranspose else { return }
      counts["\(node.op.signature) \(graph.name(of: node.operands[1]))", default: 0] += 1
    }
    return counts
  }
}
