extension Mistake {
  /// Mistakes of the text itself.
  static let syntax: [Mistake] = [
    Mistake(
      name: "strayCharacters",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          y = x § 2
          return x # y
        }
        """#,
      expected: #"""
        f.graph:2:9: error: '§' is not part of the language
            2 |   y = x § 2
              |         ^
        f.graph:3:12: error: '#' is not part of the language
            3 |   return x # y
              |            ^

        """#),
    Mistake(
      name: "unclosedString",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          parameter p: f32[2] as "path
          return x + p
        }
        """#,
      expected: #"""
        f.graph:2:26: error: the string has no closing '"' on its line
            2 |   parameter p: f32[2] as "path
              |                          ^~~~~

        """#),
    Mistake(
      name: "numberGlued",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          y = 12ab + x
          return y
        }
        """#,
      expected: #"""
        f.graph:2:7: error: '12ab' is neither a number nor a name
            2 |   y = 12ab + x
              |       ^~~~

        """#),
    Mistake(
      name: "severalStatements",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          y = x +
          z = (x * 2
          return y z
        }
        graph g(x: f32[2] -> f32[2] {
          return x
        }
        graph h(x: f33[2]) -> f32[2] { return x }
        """#,
      expected: #"""
        f.graph:3:5: error: expected the end of the line, found '='
            3 |   z = (x * 2
              |     ^
        f.graph:4:12: error: expected the end of the line, found 'z'
            4 |   return y z
              |            ^
        f.graph:6:19: error: expected ',' or ')', found '->'
            6 | graph g(x: f32[2] -> f32[2] {
              |                   ^~
        f.graph:6:8: note: '(' is opened here
        f.graph:9:12: error: 'f33' is not a type
            9 | graph h(x: f33[2]) -> f32[2] { return x }
              |            ^~~
            = hint: did you mean 'f32'?

        """#),
    Mistake(
      name: "missingBrace",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          if true {
            y = x
          return y

        graph g(x: f32[2]) -> f32[2] {
          return x
        }
        """#,
      expected: #"""
        f.graph:6:1: error: expected '}', found 'graph'
            6 | graph g(x: f32[2]) -> f32[2] {
              | ^~~~~
        f.graph:2:11: note: '{' is opened here

        """#),
    Mistake(
      name: "notAtTop",
      source: #"""
        y = 2
        graph f(x: f32[2]) -> f32[2] { return x }
        """#,
      expected: #"""
        f.graph:1:1: error: expected 'graph' or 'import', found 'y'
            1 | y = 2
              | ^

        """#),
    Mistake(
      name: "reservedName",
      source: #"""
        graph f(init: f32[2]) -> f32[2] { return init }
        graph g(x: f32[2]) -> f32[2] {
          repeat = x
          f32 = x
          return x
        }
        """#,
      expected: #"""
        f.graph:1:9: error: expected an argument's name, but 'init' is a word of the language
            1 | graph f(init: f32[2]) -> f32[2] { return init }
              |         ^~~~
        f.graph:3:3: error: expected a statement, found 'repeat'
            3 |   repeat = x
              |   ^~~~~~
        f.graph:4:3: error: expected a name, but 'f32' is an element type
            4 |   f32 = x
              |   ^~~

        """#),
    Mistake(
      name: "comparisonChain",
      source: #"""
        graph f(x: f32[2], n: Int = 2) -> f32[2] {
          require 0 < n < 3, "n"
          return x
        }
        """#,
      expected: #"""
        f.graph:2:17: error: '<' cannot follow here
            2 |   require 0 < n < 3, "n"
              |                 ^
            = hint: use parentheses or '&&'

        """#),
    Mistake(
      name: "pairs",
      source: #"""
        graph f(x: f32[2], n: Int = 2) -> f32[2] {
          b = (1, 2)
          return x
        }
        """#,
      expected: #"""
        f.graph:2:9: error: expected ')', found ','
            2 |   b = (1, 2)
              |         ^
        f.graph:2:7: note: '(' is opened here

        """#),
    Mistake(
      name: "scalarBrackets",
      source: #"""
        graph f(x: f32) -> f32[] { return x }
        """#,
      expected: #"""
        f.graph:1:15: error: expected '[' and the dimensions, found ')'
            1 | graph f(x: f32) -> f32[] { return x }
              |               ^
            = hint: a scalar is 'f32[]'

        """#),
    Mistake(
      name: "afterReturn",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          return x
          y = x
        }
        """#,
      expected: #"""
        f.graph:2:3: error: 'return' must be the last statement
            2 |   return x
              |   ^~~~~~~~

        """#),
    Mistake(
      name: "labelOrder",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          return clamp(x, low: 0, 1)
        }
        """#,
      expected: #"""
        f.graph:2:27: error: an argument without a label follows one with a label
            2 |   return clamp(x, low: 0, 1)
              |                           ^

        """#),
    Mistake(
      name: "interpolationOpen",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          parameter p: f32[2] as "a.{1"
          parameter q: f32[2] as "a.{1 +}"
          parameter r: f32[2] as "a\q"
          return x
        }
        """#,
      expected: #"""
        f.graph:2:29: error: '{' begins a value, but '}' is missing
            2 |   parameter p: f32[2] as "a.{1"
              |                             ^
            = hint: a brace as text is written '\{'
        f.graph:3:33: error: expected a value, found '}'
            3 |   parameter q: f32[2] as "a.{1 +}"
              |                                 ^
        f.graph:4:28: error: '\q' is not an escape
            4 |   parameter r: f32[2] as "a\q"
              |                            ^~
            = hint: known here: \", \\, \n, \{

        """#),
    Mistake(
      name: "statementExpression",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          x + 1
          2
          return x
        }
        """#,
      expected: #"""
        f.graph:2:3: error: an expression alone is no statement
            2 |   x + 1
              |   ^
            = hint: bind it to a name with '='

        """#),
    Mistake(
      name: "duplicateArgument",
      source: #"""
        graph f(x: f32[2], x: f32[2]) -> (y: f32[2], y: f32[2]) {
          return x, x
        }
        """#,
      expected: #"""
        f.graph:1:20: error: two arguments are named 'x'
            1 | graph f(x: f32[2], x: f32[2]) -> (y: f32[2], y: f32[2]) {
              |                    ^
        f.graph:1:46: error: two results are named 'y'
            1 | graph f(x: f32[2], x: f32[2]) -> (y: f32[2], y: f32[2]) {
              |                                              ^

        """#),
  ]
}
