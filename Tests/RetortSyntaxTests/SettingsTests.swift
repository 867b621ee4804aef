import RetortOps
import RetortSyntax
import RetortTensor
import RetortText
import Testing

@Suite struct SettingsTests {
  private static let text = """
    graph f(x: f32[n, ...s], steps: Int = 2, epsilon: Float = 16/255, on: Bool = false,
            name: String = "a", body: Graph = relu, widths: [Int] = [n],
            all: [Graph] = []) -> f32[n, ...s] {
      parameter p: f32[steps] as "{name}.{epsilon}.{on}.{count(widths)}" init fill(widths[0])
      for each in all { x = each(x) }
      return body(x)
    }
    graph g(x: f32[...s]) -> f32[...s] { return x }
    """

  private func elaborated(_ values: [String: String]) throws -> String {
    let model = "graph tiny_net_2(x: f32[...s]) -> f32[...s] { return tanh(x) }"
    return try dump(Self.text, set: values, files: ["lib/models/tiny.graph": model])
  }

  @Test func defaultsCountWithoutSettings() throws {
    let result = try elaborate(Self.text)
    #expect(result.graph.inputs[1].name == "a.\(16.0 / 255).false.1")
    #expect(result.graph.type(of: result.graph.inputs[0].value) == TensorType([1]))
    #expect(
      result.notes.map(\.message) == [
        "'n' is taken as 1; --set n=VALUE binds it",
        "'s' is taken as no dimension; --set s=VALUE binds it",
      ])
  }

  @Test func numbersAreToldAsTheyAreBound() throws {
    let text = """
      graph f(
        x: f32[n], epsilon: Float = 1, steps: Int = 2, size: Float = epsilon / steps
      ) -> f32[n] {
        epsilon = 7.0
        return x * epsilon
      }
      """
    #expect(try elaborate(text).numbers == ["steps": 2, "size": 0.5, "epsilon": 1])
    #expect(
      try elaborate(text, set: ["epsilon": "1/4", "steps": "1"]).numbers
        == ["steps": 1, "size": 0.25, "epsilon": 0.25])
  }

  @Test func everyKindCanBeSet() throws {
    let text = try elaborated([
      "n": "32", "s": "3,4", "steps": "2 * 3", "epsilon": "8/255", "on": "true",
      "name": "some text", "widths": "5,6", "all": "g, tanh", "body": "sigmoid",
    ])
    #expect(text.contains("graph f(x: f32[32, 3, 4])"))
    #expect(
      text.contains("parameter p: f32[6] as \"some text.\(8.0 / 255).true.2\" init fill(5.0)"))
    #expect(text.contains("= tanh(x)"))
    #expect(text.contains("= sigmoid("))
    #expect(try elaborated(["widths": "[1]"]) == elaborated(["widths": "1", "n": "1", "s": "[]"]))
    #expect(try elaborated(["widths": "7..<9"]).contains("init fill(7.0)"))
  }

  @Test func modelsAreFoundInTheLibrary() throws {
    #expect(try elaborated(["body": "tiny_net_2"]).contains("= tanh(x)"))
  }

  private static let scaled = """
    graph f(x: f32[n], body: Graph = partial(scaled, by: 3.0)) -> f32[n] { return body(x) }
    graph scaled(x: f32[n], by: Float = 2.0, then: Graph = relu) -> f32[n] { return then(x * by) }
    graph over(x: f32[n], body: Graph = partial(scaled, by: 3.0)) -> f32[n] {
      return partly(x, partial(body, then: tanh))
    }
    graph partly(x: f32[n], body: Graph = scaled) -> f32[n] { return body(x, by: 5.0) }
    """

  @Test func aGraphWithSomeArgumentsGivenIsAGraph() throws {
    #expect(try dump(Self.scaled).contains("fill(value: 3.0,"))
    let nested = try dump(Self.scaled, entry: "over")
    // A call's own argument counts before what is bound.
    #expect(nested.contains("fill(value: 5.0,"))
    #expect(nested.contains("tanh("))
  }

  @Test func settingsGiveArgumentsToGraphs() throws {
    let text = try dump(
      Self.scaled,
      set: ["body": "partial(scaled, by: 8/255, then: tiny_net_2)"],
      files: ["lib/models/tiny.graph": "graph tiny_net_2(x: f32[n]) -> f32[n] { return tanh(x) }"])
    #expect(text.contains("fill(value: \(8.0 / 255),"))
    #expect(text.contains("= tanh("))
  }

  @Test func settingsNameFiles() throws {
    let files = ["lib/defences/cut.graph": "graph cut(x: f32[n]) -> f32[n] { return floor(x) }"]
    for value in ["defences/cut.graph", "lib/defences/cut.graph"] {
      #expect(try dump(Self.scaled, set: ["body": value], files: files).contains("= floor("))
    }
    let inner = "partial(scaled, then: \"defences/cut.graph\")"
    #expect(try dump(Self.scaled, set: ["body": inner], files: files).contains("= floor("))
    #expect(
      mistakes(Self.scaled, set: ["body": "defences/none.graph"])
        == "defences/none.graph: error: there is no such file\n"
        + "    = hint: looked for defences/none.graph and lib/defences/none.graph\n")
  }

  private static let chained = """
    graph f(x: f32[n], all: [Graph] = [], by: [Float] = [], body: Graph = relu) -> f32[n] {
      for each in all { x = each(x) }
      for factor in by { x = x * factor }
      return body(x)
    }
    graph scaled(x: f32[n], by: Float = 2.0, then: Graph = relu) -> f32[n] { return then(x * by) }
    """

  private func dumped(_ values: [String: String]) throws -> String {
    let cut = "graph cut(x: f32[n]) -> f32[n] { return floor(x) }"
    return try dump(Self.chained, set: values, files: ["lib/defences/cut.graph": cut])
  }

  @Test func commasInBracketsSeparateNothing() throws {
    let text = try dumped(["all": "tanh, partial(scaled, by: 16.0, then: sigmoid)"])
    #expect(text.contains("= tanh(x)"))
    #expect(text.contains("fill(value: 16.0,"))
    #expect(text.contains("= sigmoid("))
    #expect(try dumped(["all": "partial(scaled, by: 3.0)"]).contains("fill(value: 3.0,"))
  }

  @Test func listsOfGraphsNameFiles() throws {
    let text = try dumped(["all": "defences/cut.graph,tanh"])
    #expect(text.contains("= floor(x)"))
    #expect(text.contains("= tanh("))
    #expect(try dumped(["all": "[\"defences/cut.graph\", tanh]"]) == text)
    let inner = "partial(f, all: [\"defences/cut.graph\", tanh])"
    let caller = "graph g(x: f32[n], body: Graph = relu) -> f32[n] { return body(x) }\n"
    let cut = "graph cut(x: f32[n]) -> f32[n] { return floor(x) }"
    #expect(
      try dump(
        caller + Self.chained, set: ["body": inner], files: ["lib/defences/cut.graph": cut]
      ).contains("= floor(x)"))
    #expect(try dumped(["body": "\"defences/cut.graph\""]).contains("= floor(x)"))
  }

  /// What a setting means as text it means inside `partial` too.
  @Test(
    arguments: [
      (.integer, "2 * 3", "2 * 3"), (.text, "some \"text\"", #""some \"text\"""#),
      (.text, "\"a\"", "\"a\""), (.graph, "tanh", "tanh"), (.graph, "a/b.graph", "\"a/b.graph\""),
      (.graph, "partial(f, by: 2)", "partial(f, by: 2)"), (.integers, "1, 2", "[1, 2]"),
      (.integers, "[1]", "[1]"), (.integers, "", "[]"), (.numbers, "0..<3", "0..<3"),
      (.texts, "one, two", #"["one", "two"]"#), (.texts, #""a, b", c"#, #"["a, b", "c"]"#),
      (.texts, ":), :(, x", #"[":)", ":(", "x"]"#), (.texts, "19\", b", #"["19\"", "b"]"#),
      (.graphs, "a.graph,tanh", #"["a.graph", tanh]"#), (.graphs, "", "[]"),
      (.graphs, "tanh,partial(f, by: [2, 3])", "[tanh, partial(f, by: [2, 3])]"),
    ] as [(ValueKind, String, String)])
  func settingsHaveASpellingInTheLanguage(kind: ValueKind, text: String, spelling: String) {
    #expect(SettingSyntax(text, of: kind).spelling == spelling)
  }

  @Test func inputsBindDimensions() throws {
    let result = try elaborate(Self.text, inputs: ["x": TensorType([5, 3])])
    #expect(result.graph.type(of: result.graph.inputs[0].value) == TensorType([5, 3]))
    #expect(result.notes.isEmpty)
  }

  @Test func defaultsStandForInputsThatAreNotGiven() throws {
    let definition = try load(
      "graph f(x: f32[n] = 3, s: f32[] = 0.5, y: f32[n] = x * 2) -> f32[n] { return y * s }")
    func inputs(_ given: [String: TensorType], all: Bool) throws -> [String] {
      try definition.elaborate(
        settings: Settings(inputTypes: given, bindsDefaults: all), catalog: .standard
      ).graph.inputs.map(\.name)
    }
    #expect(try inputs([:], all: false) == ["x", "s", "y"])
    #expect(try inputs([:], all: true).isEmpty)
    #expect(try inputs(["x": TensorType([4])], all: true) == ["x"])
    #expect(try inputs(["s": TensorType([])], all: true) == ["s"])
    let later = try load("graph f(a: f32[n] = b * 2, b: f32[n]) -> f32[n] { return a + b }")
    let graph = try later.elaborate(settings: Settings(bindsDefaults: true), catalog: .standard)
    #expect(graph.graph.inputs.map(\.name) == ["b"])
  }

  @Test func entriesAreDescribed() throws {
    let definition = try load(Self.text)
    #expect(definition.entryOrder == ["f", "g"])
    #expect(definition.entries[1].signature == "g(x: f32[...s]) -> (output: f32[...s])")
    let arguments = definition.entries[0].arguments
    #expect(arguments.map(\.name).first == "x")
    #expect(arguments.map(\.isTensor) == [true] + [Bool](repeating: false, count: 7))
    #expect(arguments[2].kind == "Float")
    #expect(arguments[2].defaultValue == "16/255")
  }

  @Test func extentsThatAreNumbersAreDescribed() throws {
    let definition = try load(
      "graph f(x: f32[n, 3, max(n, 16), 32], y: f32[...s, 4], k: key[], m: Int = 3) -> f32[] {"
        + " return sum(y) }")
    let arguments = try #require(definition.entries.first).arguments
    #expect(arguments.map(\.extents) == [[nil, 3, nil, 32], [nil, 4], [], nil])
  }

  @Test func anEntryIsChosenByName() throws {
    #expect(try dump(Self.text, entry: "g").hasPrefix("graph g("))
    #expect(
      mistakes(Self.text, entry: "h")
        == "f.graph: error: there is no graph 'h'\n    = hint: known here: f, g\n")
  }
}
