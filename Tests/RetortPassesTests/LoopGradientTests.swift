import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct LoopGradientTests {
  /// `r ← tanh(w r + x)`, five turns.
  private static func recurrent(_ b: inout GraphBuilder, _ x: Value, _ w: Value) -> Value {
    b.loop(5, x) { b, _, r in b.tanh(b.add(b.matmul(r, w), x)) }
  }

  @Test func throughALoop() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [2, 3]))
      let w = b.input("w", TensorType(.f64, [3, 3]))
      let loss = b.sum(b.square(Self.recurrent(&b, x, w)))
      return [loss] + b.gradient(loss, x, w)
    }
    try expectGradients(graph, at: graph.randomInputs(seed: 1))
  }

  @Test func theForwardLoopIsRunOnce() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [2, 3]))
      let w = b.input("w", TensorType(.f64, [3, 3]))
      let last = Self.recurrent(&b, x, w)
      let gradient = b.gradient(b.sum(b.square(last)), x)
      return [last] + gradient
    }
    let simple = try Pipeline.run(graph, through: .simplified).graph
    #expect(simple.count(of: Repeat.self) == 2, "\(simple)")
  }

  @Test func onlyWhatTheWayBackNeedsIsCollected() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [3]))
      let y = b.input("y", TensorType(.f64, [3]))
      // The first carried value is needed on the way back, the second is linear in itself.
      let last = b.loop(4, [x, y]) { b, _, c in
        ([b.square(c[0]), b.add(b.mul(c[1], 0.5), c[0])], [])
      }
      return b.gradient(b.sum(last[1]), x, y)
    }
    let simple = try Pipeline.run(graph, through: .simplified).graph
    let forward = try #require(simple.body.nodes.first { $0.op is Repeat })
    #expect(forward.results.count - forward.operands.count == 1, "\(simple)")
    try expectGradients(
      GraphBuilder.graph { b in
        let x = b.input("x", TensorType(.f64, [3]))
        let y = b.input("y", TensorType(.f64, [3]))
        let last = b.loop(4, [x, y]) { b, _, c in
          ([b.square(c[0]), b.add(b.mul(c[1], 0.5), c[0])], [])
        }
        let loss = b.sum(last[1])
        return [loss] + b.gradient(loss, x, y)
      }, at: [vector(0.3, -0.8, 0.9), vector(1, 2, 3)])
  }

  @Test func secondOrderThroughALoop() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [2, 2]))
      let w = b.input("w", TensorType(.f64, [2, 2]))
      let loss = b.sum(b.square(Self.recurrent(&b, x, w)))
      let first = b.gradient(loss, x, w)
      let penalty = b.add(b.sum(b.square(first[0])), b.sum(b.mul(first[1], w)))
      return [penalty] + b.gradient(penalty, x, w)
    }
    try expectGradients(graph, at: graph.randomInputs(seed: 2, in: -1...1), tolerance: 1e-5)
  }

  @Test func aGradientInsideALoop() throws {
    // Three steps of descent on ‖tanh(A r)‖², as a purifier does it.
    let graph = GraphBuilder.graph { b in
      let r = b.input("r", TensorType(.f64, [3]))
      let a = b.input("a", TensorType(.f64, [3, 3]))
      let last = b.loop(3, r) { b, i, r in
        let z = b.matmul(b.reshape(r, [1, 3]), a)
        let scale = b.add(b.convert(i, .f64), 1.0)
        let loss = b.mul(b.sum(b.square(b.tanh(z))), scale)
        return b.sub(r, b.mul(b.gradient(loss, r)[0], 0.1))
      }
      let loss = b.sum(b.square(last))
      return [loss] + b.gradient(loss, r, a)
    }
    try expectGradients(graph, at: graph.randomInputs(seed: 5))
  }

  @Test func collectedValuesAndStartsAndCaptures() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [2]))
      let c = b.input("c", TensorType(.f64, [2]))
      let results = b.loop(4, first: 2, [x, x]) { b, i, v in
        let t = b.convert(i, .f64)
        let next = b.tanh(b.add(b.mul(v[0], c), b.mul(v[1], t)))
        return ([next, v[0]], [b.mul(next, c), v[1]])
      }
      let weights = b.iota([4, 2], .f64)
      let loss = b.add(
        b.sum(b.mul(results[2], weights)), b.add(b.sum(b.exp(results[3])), b.sum(results[1])))
      return [loss] + b.gradient(loss, x, c)
    }
    try expectGradients(graph, at: graph.randomInputs(seed: 6, in: -1...1))
  }

  @Test func nestedLoops() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [2]))
      let c = b.input("c", TensorType(.f64, [2]))
      let last = b.loop(3, x) { b, i, r in
        let scale = b.convert(i, .f64)
        let inner = b.loop(2, r) { b, j, s in
          b.tanh(b.add(b.mul(s, c), b.mul(r, b.add(scale, b.convert(j, .f64)))))
        }
        return b.add(inner, r)
      }
      let loss = b.sum(b.square(last))
      let g = b.gradient(loss, x, c)
      let second = b.add(loss, b.sum(b.mul(g[0], g[1])))
      return [second] + b.gradient(second, x, c)
    }
    try expectGradients(graph, at: graph.randomInputs(seed: 7, in: -1...1), tolerance: 1e-5)
  }

  @Test func noTurnsHandTheStartOn() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [2]))
      let last = b.loop(0, b.mul(x, 3)) { b, _, r in b.exp(r) }
      return b.gradient(b.sum(last), x)
    }
    let results = try Pipeline.run(graph, through: .simplified).graph.run(vector(1, 2))
    #expect(results[0].doubles == [3, 3])
  }

  @Test func targetsOutsideAndLossInside() throws {
    // Inside the loop the gradient goes back through nodes outside it.
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [2]))
      let features = b.loop(2, x) { b, _, r in b.tanh(b.mul(r, 1.5)) }
      let last = b.loop(2, features) { b, _, r in
        let loss = b.sum(b.mul(b.square(features), r))
        return b.add(r, b.gradient(loss, x)[0])
      }
      let loss = b.sum(last)
      return [loss] + b.gradient(loss, x)
    }
    try expectGradients(graph, at: [vector(0.4, -0.3)], tolerance: 1e-5)
  }
}
