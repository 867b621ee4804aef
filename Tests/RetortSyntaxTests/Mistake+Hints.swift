extension Mistake {
  /// Mistakes whose remedies are asked to fit: what they say compiles in the place of what is wrong.
  static let hints: [Mistake] = [
    Mistake(
      name: "halfNumbers",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          y = x + .5
          z = [.5e-3, 1]
          w = x.5
          return y
        }
        """#,
      expected: #"""
        f.graph:2:11: error: '.' is not part of the language
            2 |   y = x + .5
              |           ^
            = hint: write '0.5'
        f.graph:3:8: error: '.' is not part of the language
            3 |   z = [.5e-3, 1]
              |        ^
            = hint: write '0.5e-3'
        f.graph:4:8: error: '.' is not part of the language
            4 |   w = x.5
              |        ^

        """#),
    Mistake(
      name: "powers",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          a = x ** 2
          b = 3 * sum(x)**-0.5 + 1
          c = -x ** (2 + 1)
          d = x ** )
          e = x * * 2
          f = (-x) ** 3
          return x
        }
        """#,
      expected: #"""
        f.graph:2:9: error: '**' is not part of the language
            2 |   a = x ** 2
              |         ^~
            = hint: write '(x * x)'
        f.graph:3:17: error: '**' is not part of the language
            3 |   b = 3 * sum(x)**-0.5 + 1
              |                 ^~
            = hint: write 'pow(sum(x), -0.5)', for tensors
        f.graph:4:10: error: '**' is not part of the language
            4 |   c = -x ** (2 + 1)
              |          ^~
            = hint: write 'pow(x, (2 + 1))', for tensors
        f.graph:5:9: error: '**' is not part of the language
            5 |   d = x ** )
              |         ^~
            = hint: 'pow(a, b)' is a to the power b, for tensors
        f.graph:6:11: error: expected a value, found '*'
            6 |   e = x * * 2
              |           ^
        f.graph:7:12: error: '**' is not part of the language
            7 |   f = (-x) ** 3
              |            ^~
            = hint: write 'pow((-x), 3)', for tensors

        """#),
    Mistake(
      name: "storedTypes",
      source: #"""
        graph f(x: f15[2]) -> f32[2] { return x }
        """#,
      expected: #"""
        f.graph:1:12: error: 'f15' is not a type
            1 | graph f(x: f15[2]) -> f32[2] { return x }
              |            ^~~
            = hint: known here: f64, f32, i64, i32, u32, bool, key

        """#),
    Mistake(
      name: "hintsThatFit",
      source: #"""
        graph f(x: f32[2], body: Graph = relu) -> f32[2] {
          a = bodi(x)
          b = partial(scaled, x2: 2)
          c = scaled(x, factor: 1, factors: 2)
          d = softmax(x, axis: 0, axes: 1)
          e = concatenate(x, x, xs: x)
          g = y
          h = twice(x)
          buffer p: f32[2] as "ould"
          parameter q: f32[2] as "out.weight"
          k = parameters("oud")
          return x
        }
        graph scaled(x: f32[2], factor: Float = 1.0) -> f32[2] { return x * factor }
        graph twice(x: f32[2]) -> f32[2] { return twic(x) }
        """#,
      expected: #"""
        f.graph:2:7: error: there is no graph or operation 'bodi'
            2 |   a = bodi(x)
              |       ^~~~
            = hint: did you mean 'body'?
        f.graph:3:23: error: 'scaled' has no argument 'x2'
            3 |   b = partial(scaled, x2: 2)
              |                       ^~
            = hint: known here: factor
        f.graph:4:28: error: 'scaled' has no argument 'factors'
            4 |   c = scaled(x, factor: 1, factors: 2)
              |                            ^~~~~~~
        f.graph:5:27: error: 'softmax' has no attribute 'axes'
            5 |   d = softmax(x, axis: 0, axes: 1)
              |                           ^~~~
        f.graph:6:25: error: 'concatenate' has no attribute 'xs'
            6 |   e = concatenate(x, x, xs: x)
              |                         ^~
            = hint: known here: axis
        f.graph:7:7: error: 'y' is not known here
            7 |   g = y
              |       ^
            = hint: known here: a, b, body, c, d, e, x
        f.graph:11:18: error: no parameter is declared under 'oud' before this line
           11 |   k = parameters("oud")
              |                  ^~~~~
            = hint: did you mean 'out'?
        f.graph:15:43: error: there is no graph or operation 'twic'
           15 | graph twice(x: f32[2]) -> f32[2] { return twic(x) }
              |                                           ^~~~
        f.graph:8:7: note: in the call of 'twice'
            = hint: a graph of the library is imported first, as in: import "blocks/linear.graph"

        """#),
    Mistake(
      name: "noResults",
      source: #"""
        graph f(x: f32[2]) {
          g(x)
          h(x)
          return x, 2
        }
        graph g(x: f32[2]) { return sum(x) }
        graph h(x: f32[2]) { return 0.5, relu }
        """#,
      expected: #"""
        f.graph:4:3: error: 'f' has no results, but returns 2
            4 |   return x, 2
              |   ^~~~~~~~~~~
            = hint: write '-> (f32[2], i32[])' behind the arguments, or nothing behind 'return'
        f.graph:6:22: error: 'g' has no results, but returns 1
            6 | graph g(x: f32[2]) { return sum(x) }
              |                      ^~~~~~~~~~~~~
        f.graph:2:3: note: in the call of 'g'
            = hint: write '->' and the types of the results behind the arguments, or nothing behind 'return'
        f.graph:7:22: error: 'h' has no results, but returns 2
            7 | graph h(x: f32[2]) { return 0.5, relu }
              |                      ^~~~~~~~~~~~~~~~
        f.graph:3:3: note: in the call of 'h'
            = hint: write '->' and the types of the results behind the arguments, or nothing behind 'return'

        """#),
    Mistake(
      name: "noRanges",
      source: #"""
        graph f(x: f32[2], n: Int = 3) -> f32[2] {
          for i in 5 { y = x }
          for i in n > 2 ? 1 : 2 { y = x }
          for i in n / 2 { y = x }
          for i in x { y = x }
          for i in -n { y = x }
          a = repeat i in [1, 2] with r = x { yield r }
          b = repeat i in x with r = x { yield r }
          return x
        }
        """#,
      expected: #"""
        f.graph:2:12: error: 'for' takes a range or a list, but '5' is the Int 5
            2 |   for i in 5 { y = x }
              |            ^
            = hint: write '0..<5'
        f.graph:3:12: error: 'for' takes a range or a list, but 'n > 2 ? 1 : 2' is the Int 1
            3 |   for i in n > 2 ? 1 : 2 { y = x }
              |            ^~~~~~~~~~~~~
            = hint: write '0..<(n > 2 ? 1 : 2)'
        f.graph:4:12: error: 'for' takes a range or a list, but 'n / 2' is the Float 1.5
            4 |   for i in n / 2 { y = x }
              |            ^~~~~
            = hint: write '0..<int(n / 2)'
        f.graph:5:12: error: 'for' takes a range or a list, but 'x' is f32[2]
            5 |   for i in x { y = x }
              |            ^
            = hint: write '0..<dim(x, 0)' for its first axis
        f.graph:6:12: error: 'for' takes a range or a list, but '-n' is the Int -3
            6 |   for i in -n { y = x }
              |            ^~
        f.graph:7:19: error: 'repeat' takes a range, but '[1, 2]' is the list [1, 2]
            7 |   a = repeat i in [1, 2] with r = x { yield r }
              |                   ^~~~~~
            = hint: 'for' walks a list
        f.graph:8:19: error: 'repeat' takes a range, but 'x' is f32[2]
            8 |   b = repeat i in x with r = x { yield r }
              |                   ^
            = hint: write '0..<dim(x, 0)' for its first axis

        """#),
  ]
}
