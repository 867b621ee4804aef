import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

/// `prepare` regions of definitions and edited dumps, wherever they stand and whatever they read.
@Suite struct PrepareTests {
  struct Example: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// How many of its regions can be run once and before all else.
    let soundCount: Int
    /// Statements that make `y` of the input `x` and the buffer `w`.
    let body: String

    init(_ description: String, sound: Int, _ body: String) {
      testDescription = description
      soundCount = sound
      self.body = body
    }

    func graph() throws -> Graph {
      try TestDefinition(
        text: """
          graph f(x: f32[4]) -> (y: f32[4]) {
          buffer w: f32[4]
          \(body)
          return y
          }
          """
      ).graph()
    }
  }

  static let examples = [
    Example(
      "of weights", sound: 1,
      """
      p: f32[4] = prepare {
        yield tanh(w)
      }
      y = p * x
      """),
    Example(
      "of what another one yields", sound: 2,
      """
      p: f32[4] = prepare {
        yield tanh(w)
      }
      q: f32[4] = prepare {
        yield p * w
      }
      y = q * x
      """),
    Example(
      "of a carried value", sound: 0,
      """
      y: f32[4] = repeat i in 0..<3 with r = x {
        p: f32[4] = prepare {
          q = tanh(r)
          yield q
        }
        yield r * p
      }
      """),
    Example(
      "of weights in a loop", sound: 1,
      """
      y: f32[4] = repeat i in 0..<3 with r = x {
        p: f32[4] = prepare {
          yield tanh(w)
        }
        yield r * p
      }
      """),
    Example(
      "in one another", sound: 1,
      """
      p: f32[4] = prepare {
        q: f32[4] = prepare {
          yield tanh(w)
        }
        yield q * w
      }
      y = p * x
      """),
    Example(
      "in a loop in another one", sound: 1,
      """
      p: f32[4] = prepare {
        q: f32[4] = repeat i in 0..<2 with c = w {
          e: f32[4] = prepare {
            yield tanh(c)
          }
          yield e + w
        }
        yield q * q
      }
      y = p * x
      """),
    Example(
      "of an input", sound: 0,
      """
      p: f32[4] = prepare {
        yield tanh(x)
      }
      q: f32[4] = prepare {
        yield p + w
      }
      y = q * x
      """),
    Example(
      "of a number outside", sound: 0,
      """
      c = fill(value: 2.0, shape: [4])
      p: f32[4] = prepare {
        yield tanh(c * w)
      }
      y = p * x
      """),
    Example(
      "of an updated weight", sound: 0,
      """
      p: f32[4] = prepare {
        yield tanh(w)
      }
      y = p * x
      next = w + x
      update w = next
      """),
  ]

  static let choices: [Set<String>] = [
    [], ["prepare-weights"], ["hoist-invariants", "prepare-weights"],
  ]

  private static func planned(
    _ graph: Graph, without disabled: Set<String>, memoryLimit: Int? = nil
  ) throws -> Graph {
    let options = PipelineOptions(
      verifiesPasses: true, disabled: disabled, memoryLimit: memoryLimit)
    return try Pipeline.run(graph, through: .planned, options: options).graph
  }

  @Test(arguments: examples, choices)
  func programsComputeWhatRegionsMean(_ example: Example, _ disabled: Set<String>) throws {
    let graph = try example.graph()
    let planned = try Self.planned(graph, without: disabled)
    let pool = ThreadPool(threadCount: 1)
    let program = try Program(planned, options: ProgramOptions(pool: pool))
    var weights = ["w": HostTensor([4], [0.5, -0.25, 1, 2] as [Float])]
    try program.bind(weights: weights)
    // A second run must not find what the first has left.
    let scales: [Float] = [1, 3]
    for scale in scales {
      let x = HostTensor([4], ([0.1, -0.2, 0.3, 0.4] as [Float]).map { scale * $0 })
      let expected = try Interpreter().run(graph, inputs: weights.merging(["x": x]) { $1 })
      let results = try program.run(inputs: ["x": x])
      #expect(relativeError(results["y"]!, expected.outputs["y"]!) < 1e-5, "\(planned)")
      weights.merge(expected.updates) { $1 }
    }
  }

  @Test(arguments: examples) func onlySoundRegionsAreKept(_ example: Example) throws {
    let planned = try Self.planned(example.graph(), without: ["prepare-weights"])
    #expect(planned.count(of: Prepare.self) == example.soundCount, "\(planned)")
    #expect(planned.preparedValues.count == example.soundCount, "\(planned)")
  }

  @Test(arguments: examples) func limitsOfMemoryKnowAllRegions(_ example: Example) throws {
    let limit = 1 << 16
    let limited = try Self.planned(
      example.graph(), without: ["prepare-weights"], memoryLimit: limit)
    #expect(try MemoryPlan(of: limited).arenaByteCount <= limit)
  }
}
