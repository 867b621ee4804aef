extension Mistake {
  /// Mistakes of files and settings.
  static let files: [Mistake] = [
    Mistake(
      name: "imports",
      source: #"""
        import "missing.graph"
        import "a.graph"
        import "a.txt"
        import "f.graph"
        import "bad.graph"
        graph f(x: f32[2]) -> f32[2] { return x }
        graph f(x: f32[2]) -> f32[2] { return x }
        graph b(x: f32[2]) -> f32[2] { return x }
        """#,
      expected: #"""
        b.graph:1:8: error: the files import each other: a.graph → b.graph → a.graph
            1 | import "a.graph"
              |        ^~~~~~~~~
        bad.graph:1:10: error: expected an argument's name, found '{'
            1 | graph c( { }
              |          ^
        f.graph:1:8: error: there is no file 'missing.graph'
            1 | import "missing.graph"
              |        ^~~~~~~~~~~~~~~
            = hint: looked for missing.graph and lib/missing.graph
        f.graph:3:8: error: imports end in '.graph'
            3 | import "a.txt"
              |        ^~~~~~~
        f.graph:4:8: error: the file imports itself
            4 | import "f.graph"
              |        ^~~~~~~~~
        f.graph:7:7: error: there is a graph 'f' already
            7 | graph f(x: f32[2]) -> f32[2] { return x }
              |       ^
        f.graph:6:7: note: the other one is here
        f.graph:8:7: error: there is a graph 'b' already
            8 | graph b(x: f32[2]) -> f32[2] { return x }
              |       ^
        b.graph:2:7: note: the other one is here

        """#,
      files: [
        "a.graph": #"""
        import "b.graph"
        """#,
        "b.graph": #"""
        import "a.graph"
        graph b(x: f32[2]) -> f32[2] { return x }
        """#,
        "bad.graph": #"""
        graph c( { }
        """#,
      ]),
    Mistake(
      name: "importPath",
      source: #"""
        import blocks
        import "a{1}.graph"
        graph f(x: f32[2]) -> f32[2] { return x }
        """#,
      expected: #"""
        f.graph:1:8: error: expected the file's path in quotes, found 'blocks'
            1 | import blocks
              |        ^~~~~~
        f.graph:2:8: error: an imported path is fixed text, without '{…}'
            2 | import "a{1}.graph"
              |        ^~~~~~~~~~~~

        """#),
    Mistake(
      name: "unknownSettings",
      source: #"""
        graph f(x: f32[n], steps: Int, eps: Float = 0.5, body: Graph = relu) -> f32[n] {
          return body(x)
        }
        """#,
      expected: #"""
        --set body=reluu: error: there is no graph 'reluu' in the file or in the library's models
            = hint: name a graph that the file imports, a NAME of the library's models/NAME.graph, or a file, PATH.graph
        --set m=3: error: 'f' has no argument or dimension 'm'
            = hint: known here: steps
        --set n=-1: error: a dimension is an Int from 0 to 2147483648
        --set step=3: error: 'f' has no argument or dimension 'step'
            = hint: did you mean 'steps'?
        --set x=3: error: 'x' is a tensor, f32[n], and not set as text
            = hint: give it as a file: --input x=FILE
        --set eps=abc:1:1: error: 'abc' is not known here
            1 | abc
              | ^~~

        """#,
      settings: ["m": "3", "step": "3", "eps": "abc", "n": "-1", "body": "reluu", "x": "3"]),
    Mistake(
      name: "settingOfAnotherKind",
      source: #"""
        graph f(x: f32[n], steps: Int, eps: Float = 0.5, body: Graph = relu) -> f32[n] {
          return body(x)
        }
        """#,
      expected: #"""
        --set eps=true: error: 'eps' is Float, but 'true' is the Bool true

        """#,
      settings: ["eps": "true"]),
    Mistake(
      name: "settingThatDoesNotParse",
      source: #"""
        graph f(x: f32[n], steps: Int, eps: Float = 0.5, body: Graph = relu) -> f32[n] {
          return body(x)
        }
        """#,
      expected: #"""
        --set eps=1+: error: '1+' cannot be read as Float

        """#,
      settings: ["eps": "1+"]),
    Mistake(
      name: "missingSetting",
      source: #"""
        graph f(x: f32[n], steps: Int, eps: Float = 0.5, body: Graph = relu) -> f32[n] {
          return body(x)
        }
        """#,
      expected: #"""
        f.graph:1:20: error: 'steps', Int, has no default and is not given
            1 | graph f(x: f32[n], steps: Int, eps: Float = 0.5, body: Graph = relu) -> f32[n] {
              |                    ^~~~~
            = hint: give it with --set steps=VALUE

        """#),
    Mistake(
      name: "empty",
      source: #"""
        // nothing
        """#,
      expected: #"""
        f.graph: error: the file has no graph

        """#),
  ]
}
