import RetortIR
import RetortTensor
import Testing

@Suite struct ParameterTests {
  private static let scale = """
    graph scale(x: f32[n]) -> f32[n] {
      parameter weight: f32[n] init normal(0.1)
      buffer seen: f32[] as "stats.seen" init fill(0)
      return x * weight + seen
    }
    """

  private func names(_ body: String) throws -> [String] {
    try elaborate("graph f(x: f32[2]) -> f32[2] {\n\(body)\n}\n\(Self.scale)").graph.inputs
      .map(\.name)
  }

  @Test func pathsGrowByAs() throws {
    #expect(
      try names(
        """
        for i in 0..<2 { x = scale(x) as "layer{i + 1}.0" }
        return scale(x)
        """)
        == [
          "x", "layer1.0.weight", "layer1.0.stats.seen", "layer2.0.weight",
          "layer2.0.stats.seen", "weight", "stats.seen",
        ])
  }

  @Test func onePathIsOneTensor() throws {
    #expect(
      try names("y = scale(x) as \"a\"\nreturn scale(y) as \"a\"")
        == ["x", "a.weight", "a.stats.seen"])
  }

  @Test func parametersOfAPrefixAreListed() throws {
    let text = try dump(
      """
      graph f(x: f32[2]) -> f32[2] {
        y = scale(x) as "a.b"
        z = scale(y) as "ab"
        w = inner(z) as "a"
        require count(parameters("")) == 3, "all"
        require count(parameters("a")) == 2, "components, not characters"
        require path(parameters("ab")[0]) == "ab.weight", "path"
        return w
      }
      graph inner(x: f32[2]) -> f32[2] {
        parameter p: f32[2]
        require count(parameters("")) == 2 && path(parameters("")[1]) == "a.p", "relative"
        return x * p
      }
      \(Self.scale)
      """)
    #expect(text.contains("parameter a_p: f32[2] as \"a.p\""))
  }

  @Test func initialisersAndRolesAreKept() throws {
    let graph = try elaborate(
      """
      graph f(x: f32[2], bound: Float = 1/4) -> f32[2] {
        parameter a: f32[2] init uniform(2 * bound)
        parameter b: f32[2] init normal(0.1)
        buffer c: f32[2] init fill(1)
        parameter d: f32[2]
        return x
      }
      """
    ).graph
    #expect(
      graph.inputs.map(\.role)
        == [
          .input, .parameter(.uniform(0.5)), .parameter(.normal(0.1)), .buffer(.fill(1)),
          .parameter(nil),
        ])
  }

  @Test func updatesComeBehindResults() throws {
    let graph = try elaborate(
      """
      graph f(x: f32[2]) -> f32[2] {
        step(x) as "model"
        return x
      }
      graph step(x: f32[2]) {
        buffer b: f32[2]
        update b = 0
      }
      """
    ).graph
    #expect(graph.outputs.map(\.name) == ["output", "model.b"])
    #expect(graph.outputs.map(\.role) == [.result, .update])
  }

  @Test func parametersInsideRepeatAreInputs() throws {
    let graph = try elaborate(
      """
      graph f(x: f32[2]) -> f32[2] {
        y = repeat i in 0..<3 with y = x { yield scale(y) as "s" }
        return y
      }
      \(Self.scale)
      """
    ).graph
    #expect(graph.inputs.map(\.name) == ["x", "s.weight", "s.stats.seen"])
    #expect(throws: Never.self) { try Verifier().verify(graph) }
  }

  @Test func gradientsOfAListAreAList() throws {
    let text = try dump(
      """
      graph f(x: f32[2]) -> (f32[2], f32[2], f32[2]) {
        y = scale(x) as "a"
        parameter b: f32[2]
        loss = sum(y * b)
        g = gradient(loss, parameters(""))
        h, i = gradient(loss, x, y)
        require count(g) == 2 && count(gradient(loss, [])) == 0, "as many"
        return g[0] + g[1], h, i
      }
      \(Self.scale)
      """)
    #expect(text.contains("gradient: f32[2], gradient_1: f32[2] = gradient(loss, a_weight, b)"))
    #expect(text.contains("h: f32[2], i: f32[2] = gradient(loss, x, y)"))
  }

  @Test func everyNodeKnowsItsPlace() throws {
    let graph = try elaborate(
      "graph f(x: f32[2]) -> f32[2] {\n  return scale(x) as \"a\"\n}\n\(Self.scale)"
    ).graph
    let nodes = graph.body.nodes
    #expect(nodes.map(\.origin.path) == ["a", "a", "a"])
    #expect(nodes[0].origin.range?.line == 7)
    #expect(nodes[0].origin.range.map { $0.file.text($0.offsets) } == "x * weight")
  }
}
