import RetortDriver
import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Small definitions that ask for what no machine has: each ends in a sentence, or in a graph.
@Suite struct ExtremeSizeTests {
  private func refusal(_ text: String, through stage: Stage = .planned) throws -> String {
    do {
      _ = try Pipeline.run(try TestDefinition(text: text).graph(), through: stage)
      return ""
    } catch let error as Diagnostics {
      return error.description
    }
  }

  @Test func picksThatNoMemoryHoldsSideBySideAreRefused() throws {
    let text = try refusal(
      """
      graph g(x: f32[2147483647]) -> (d: f32[2147483647]) {
        v, i = top_k(x, k: 2147483647)
        return gradient(sum(v * v), x)
      }
      """)
    #expect(
      text.contains("error: top_k picks 2147483647 of f32[2147483647], which no memory holds"))
    #expect(text.contains("[top_k/C3]"))
  }

  @Test func turnsThatNoMemoryKeepsAreRefused() throws {
    let text = try refusal(
      """
      graph g(x: f32[2147483647]) -> (d: f32[2147483647]) {
        y = repeat i in 0..<2147483647 with w = x {
          yield w * w
        }
        return gradient(sum(y), x)
      }
      """)
    #expect(text.contains("error: the gradient keeps 2147483647 turns of 'w', f32[2147483647]"))
    #expect(text.contains("hint: let the loop turn less often"))
  }

  /// Operations are counted, but not in more than an Int.
  @Test func operationsPastAnIntAreCounted() throws {
    let graph = try TestDefinition(
      text: """
        graph g(x: f32[2, 1, 1, 1], a: f32[1048576, 1048576]) -> (y: f32[2, 1, 1, 1], b: f32[1048576, 1048576]) {
          y = max_pool2d(
            x, window: [2147483647, 2147483647], stride: [2147483647, 2147483647],
            padding: [1073741823, 1073741823, 1073741823, 1073741823])
          b = repeat i in 0..<2147483647 with w = a {
            yield matmul(w, w)
          }
          return y, b
        }
        """
    ).graph()
    #expect(graph.operationCount == 1 << 62)
    #expect(Cost.sum(1 << 62, 1 << 62) == 1 << 62)
    #expect(Cost.product(1 << 40, 1 << 40, 0) == 0)
  }

  /// A window of 2³⁰ taps on one constant is not computed while compiling.
  @Test func largeWindowsOnConstantsAreLeft() throws {
    let graph = try Pipeline.run(
      TestDefinition(
        text: """
          graph g() -> f32[1, 1, 1, 1] {
            x = fill(0.5, shape: [1, 1, 1, 1])
            return avg_pool2d(
              x, window: [1073741823, 1], stride: [1073741823, 1],
              padding: [536870911, 0, 536870911, 0])
          }
          """
      ).graph(), through: .simplified
    ).graph
    #expect(graph.body.nodes.contains { $0.op is AvgPool2d })
  }

  /// Each turn of a pass used to take one factor, and 64 turns are the most.
  @Test func aHundredFactorsGoIntoOneConvolution() throws {
    let graph = try TestDefinition(
      text: """
        graph g(x: f32[1, 2, 4, 4]) -> f32[1, 3, 4, 4] {
          parameter s: f32[1, 2, 1, 1]
          parameter w: f32[3, 2, 3, 3]
          y = x
          for i in 0..<100 {
            y = y * s
          }
          return conv2d(y, w, padding: [1, 1, 1, 1])
        }
        """
    ).graph()
    let inputs = ["x": HostTensor.randomImages(1, seed: 2).elements(as: Float.self)]
    let x = HostTensor([1, 2, 4, 4], Array(inputs["x"]!.prefix(32)))
    var generator = SeededGenerator(seed: 3)
    let kernel = (0..<54).map { _ in Float.random(in: -1...1, using: &generator) }
    let weights = [
      "s": HostTensor([1, 2, 1, 1], [1.01, 0.99] as [Float]),
      "w": HostTensor([3, 2, 3, 3], kernel),
    ]
    let found = try graph.compiled(weights: weights).run(["x": x])["output"]!
    let expected = try graph.interpreted(["x": x], weights: weights).outputs["output"]!
    #expect(relativeError(found, expected) < 1e-6)
  }

  @Test func sumsOfLongChainsAreLeft() throws {
    let graph = try TestDefinition(
      text: """
        graph g(x: f32[1, 2, 4, 4], y: f32[1, 2, 4, 4]) -> f32[2] {
          z = x
          for i in 0..<20000 {
            z = z + y
          }
          return sum(z, axes: [0, 2, 3])
        }
        """
    ).graph()
    let simplified = try Pipeline.run(graph, through: .simplified).graph
    #expect(simplified.nodeCount > 0)
  }
}
