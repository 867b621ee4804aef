extension Mistake {
  /// Mistakes of names and calls.
  static let calls: [Mistake] = [
    Mistake(
      name: "partialArguments",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          a = partial(scaled, factr: 2.0)
          b = partial(scaled, factor: "two")
          c = partial(scaled, x: 2.0)
          d = partial(relu)
          e = partial(scaled, 2.0)
          return x
        }
        graph scaled(x: f32[2], factor: Float = 1.0) -> f32[2] { return x * factor }
        """#,
      expected: #"""
        f.graph:2:23: error: 'scaled' has no argument 'factr'
            2 |   a = partial(scaled, factr: 2.0)
              |                       ^~~~~
            = hint: did you mean 'factor'?
        f.graph:3:31: error: 'factor' of 'scaled' is Float, but '"two"' is the String "two"
            3 |   b = partial(scaled, factor: "two")
              |                               ^~~~~
        f.graph:4:26: error: 'x' of 'scaled' is a tensor; 'partial' gives compile-time arguments
            4 |   c = partial(scaled, x: 2.0)
              |                          ^~~
        f.graph:9:14: note: it is declared here
        f.graph:5:15: error: 'partial' takes a graph, but 'relu' is the operation 'relu'
            5 |   d = partial(relu)
              |               ^~~~
        f.graph:6:23: error: 'partial' takes labelled arguments behind the graph
            6 |   e = partial(scaled, 2.0)
              |                       ^~~
            = hint: write partial(graph, name: value, …)

        """#),
    Mistake(
      name: "calledValue",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          a = (x)(2)
          b = x(2)
          return x
        }
        """#,
      expected: #"""
        f.graph:2:7: error: 'x' is f32[2] and cannot be called
            2 |   a = (x)(2)
              |       ^~~
        f.graph:3:7: error: 'x' is f32[2] and cannot be called
            3 |   b = x(2)
              |       ^

        """#),
    Mistake(
      name: "unknownName",
      source: #"""
        graph f(images: f32[2], weight: f32[2]) -> f32[2] {
          y = image * 2
          z = y + 1
          return z + wieght
        }
        """#,
      expected: #"""
        f.graph:2:7: error: 'image' is not known here
            2 |   y = image * 2
              |       ^~~~~
            = hint: did you mean 'images'?

        """#),
    Mistake(
      name: "unknownCall",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          y = convolutoin(x)
          z = rleu(y)
          return softmaxx(x)
        }
        graph convolution(x: f32[2]) -> f32[2] { return x }
        """#,
      expected: #"""
        f.graph:2:7: error: there is no graph or operation 'convolutoin'
            2 |   y = convolutoin(x)
              |       ^~~~~~~~~~~
            = hint: did you mean 'convolution'?
        f.graph:3:7: error: there is no graph or operation 'rleu'
            3 |   z = rleu(y)
              |       ^~~~
            = hint: did you mean 'relu'?
        f.graph:4:10: error: there is no graph or operation 'softmaxx'
            4 |   return softmaxx(x)
              |          ^~~~~~~~
            = hint: did you mean 'softmax'?

        """#),
    Mistake(
      name: "recursion",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          return g(x)
        }
        graph g(x: f32[2]) -> f32[2] { return f(x) }
        """#,
      expected: #"""
        f.graph:4:39: error: 'f' calls itself; recursion has no end here
            4 | graph g(x: f32[2]) -> f32[2] { return f(x) }
              |                                       ^
        f.graph:2:10: note: in the call of 'g'
            = hint: 'for' and 'repeat' are the loops

        """#),
    Mistake(
      name: "callChain",
      source: #"""
        graph f(x: f32[32, 128]) -> f32[32, 256] {
          a = block(x, 64) as "layer1"
          b = block(x, 64) as "layer2"
          return a
        }
        graph block(x: f32[n, c], features: Int) -> f32[n, features] {
          return linear(x, features) as "fc"
        }
        graph linear(x: f32[n, c], features: Int) -> f32[n, features] {
          parameter w: f32[c + 1, features]
          return matmul(x, w)
        }
        """#,
      expected: #"""
        f.graph:11:20: error: matmul contracts unequal extents, 128 and 129 [matmul/C2]
           11 |   return matmul(x, w)
              |                    ^ f32[129, 64]
              |                 ^ f32[32, 128]
        f.graph:7:10: note: in the call of 'linear'
        f.graph:2:7: note: in the call of 'block'

        """#),
    Mistake(
      name: "dimensionMismatch",
      source: #"""
        graph f(x: f32[8, 32, 16, 16], y: f32[8, 64]) -> f32[8, 32, 16, 16] {
          a = pair(x, y)
          b = pair(y, y)
          c = half(y)
          d = pair(x, 3)
          return x
        }
        graph pair(x: f32[n, c, h, w], y: f32[n, c]) -> f32[n, c, h, w] { return x }
        graph half(y: f32[n, 2 * n]) -> f32[n] { return y }
        """#,
      expected: #"""
        f.graph:2:15: error: 'y' of 'pair' is f32[n, c] with n = 8, c = 32, but 'y' is f32[8, 64]
            2 |   a = pair(x, y)
              |               ^ f32[8, 64]
        f.graph:8:32: note: 'y' is declared here
        f.graph:3:12: error: 'x' of 'pair' is f32[n, c, h, w], but 'y' is f32[8, 64]
            3 |   b = pair(y, y)
              |            ^ f32[8, 64]
        f.graph:8:12: note: 'x' is declared here
        f.graph:4:12: error: 'y' of 'half' is f32[n, 2 * n] with n = 8, but 'y' is f32[8, 64]
            4 |   c = half(y)
              |            ^ f32[8, 64]
        f.graph:9:12: note: 'y' is declared here
        f.graph:5:15: error: 'y' of 'pair' is f32[n, c] with n = 8, c = 32, but '3' is f32[]
            5 |   d = pair(x, 3)
              |               ^ f32[]
        f.graph:8:32: note: 'y' is declared here

        """#),
    Mistake(
      name: "arguments",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          a = g(x)
          b = g(x, 1, 2, 3, 4)
          c = g(x, 1, step: 2)
          d = g(x, 1, count: 3)
          e = g(x, "a")
          h = g(x, 1, names: [1])
          return x
        }
        graph g(x: f32[2], count: Int, names: [String] = [], steps: Float = 0.5) -> f32[2] {
          return x
        }
        """#,
      expected: #"""
        f.graph:2:7: error: 'g' needs 'count', Int
            2 |   a = g(x)
              |       ^
        f.graph:10:20: note: it is declared here
        f.graph:3:21: error: 'g' takes 4 arguments, got 5
            3 |   b = g(x, 1, 2, 3, 4)
              |                     ^
        f.graph:10:7: note: it is declared here
        f.graph:4:15: error: 'g' has no argument 'step'
            4 |   c = g(x, 1, step: 2)
              |               ^~~~
            = hint: did you mean 'steps'?
        f.graph:5:15: error: 'count' is given twice
            5 |   d = g(x, 1, count: 3)
              |               ^~~~~
        f.graph:6:12: error: 'count' of 'g' is Int, but '"a"' is the String "a"
            6 |   e = g(x, "a")
              |            ^~~
        f.graph:7:22: error: 'names' of 'g' is [String], but '[1]' is the list [1]
            7 |   h = g(x, 1, names: [1])
              |                      ^~~

        """#),
    Mistake(
      name: "operationArguments",
      source: #"""
        graph f(x: f32[2, 3], y: f32[2, 3]) -> f32[2, 3] {
          a = relu(x, y)
          b = matmul(x)
          c = softmax(x, axes: 1)
          d = softmax(x, axis: 0.5)
          e = reshape(x)
          g = softmax(x, axis: 5)
          h = clamp(x, 0, 1, low: 2)
          i = softmax(x, axis: 1, axis: 0)
          j = uniform(x, like: 3)
          k = softmax(x, axis: 99999999999)
          l = relu(x) as "path"
          return x
        }
        """#,
      expected: #"""
        f.graph:2:15: error: 'relu' takes 1 operand and no attributes, got 2
            2 |   a = relu(x, y)
              |               ^
        f.graph:3:7: error: 'matmul' needs its operand 'b' [matmul/C0]
            3 |   b = matmul(x)
              |       ^~~~~~
        f.graph:4:18: error: 'softmax' has no attribute 'axes'
            4 |   c = softmax(x, axes: 1)
              |                  ^~~~
            = hint: did you mean 'axis'?
        f.graph:5:24: error: 'axis' of 'softmax' is Int, but '0.5' is the Float 0.5
            5 |   d = softmax(x, axis: 0.5)
              |                        ^~~
        f.graph:6:7: error: 'reshape' needs 'shape': the result's extents; one may be -1
            6 |   e = reshape(x)
              |       ^~~~~~~
            = hint: 'shape: [...]' or 'like: x'
        f.graph:7:15: error: softmax axis 5 is outside f32[2, 3] [softmax/C2]
            7 |   g = softmax(x, axis: 5)
              |               ^ f32[2, 3]
        f.graph:8:22: error: 'low' is given twice
            8 |   h = clamp(x, 0, 1, low: 2)
              |                      ^~~
        f.graph:9:27: error: 'axis' is given twice
            9 |   i = softmax(x, axis: 1, axis: 0)
              |                           ^~~~
        f.graph:10:24: error: 'like' takes a tensor, but '3' is the Int 3
           10 |   j = uniform(x, like: 3)
              |                        ^
        f.graph:11:24: error: 99999999999 is more than an operation takes
           11 |   k = softmax(x, axis: 99999999999)
              |                        ^~~~~~~~~~~
        f.graph:12:18: error: 'relu' is no graph and declares no parameters, so 'as' has no meaning
           12 |   l = relu(x) as "path"
              |                  ^~~~~~

        """#),
    Mistake(
      name: "resultCount",
      source: #"""
        graph f(x: f32[2]) -> (a: f32[2], b: f32[2]) {
          v, i = top_k(x, k: 1)
          y = top_k(x, k: 1)
          p, q, r = top_k(x, k: 1)
          s = relu(top_k(x, k: 1))
          t, u = relu(x)
          return x
        }
        """#,
      expected: #"""
        f.graph:3:7: error: the call gives 2 results where one value is expected
            3 |   y = top_k(x, k: 1)
              |       ^~~~~~~~~~~~~~
        f.graph:4:13: error: 3 names for 2 values
            4 |   p, q, r = top_k(x, k: 1)
              |             ^~~~~~~~~~~~~~
        f.graph:5:12: error: the call gives 2 results where one value is expected
            5 |   s = relu(top_k(x, k: 1))
              |            ^~~~~~~~~~~~~~
        f.graph:6:10: error: 2 names for 1 value
            6 |   t, u = relu(x)
              |          ^~~~~~~
        f.graph:7:3: error: 'f' has 2 results, but returns 1
            7 |   return x
              |   ^~~~~~~~

        """#),
    Mistake(
      name: "noReturn",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          y = x
        }
        """#,
      expected: #"""
        f.graph:1:7: error: 'f' has 1 result, but returns none
            1 | graph f(x: f32[2]) -> f32[2] {
              |       ^
            = hint: end it with 'return'

        """#),
    Mistake(
      name: "valueResults",
      source: #"""
        graph f(x: f32[2]) -> (x: f32[2], n: Int) {
          return x, 3
        }
        """#,
      expected: #"""
        f.graph:1:38: error: 'n' is Int; an entry's results are tensors
            1 | graph f(x: f32[2]) -> (x: f32[2], n: Int) {
              |                                      ^~~

        """#),
    Mistake(
      name: "unusedCall",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          g(x)
          relu(x)
          return x
        }
        graph g(x: f32[2]) -> f32[2] { return x }
        """#,
      expected: #"""
        f.graph:2:3: error: the call gives 1 result, which nothing uses
            2 |   g(x)
              |   ^~~~
            = hint: bind it to a name with '='
        f.graph:3:3: error: the call gives 1 result, which nothing uses
            3 |   relu(x)
              |   ^~~~~~~
            = hint: bind it to a name with '='

        """#),
    Mistake(
      name: "annotations",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          y = x @(a: 1)
          z = relu(x) @(a: x)
          return y
        }
        """#,
      expected: #"""
        f.graph:2:7: error: annotations stand behind a call of an operation
            2 |   y = x @(a: 1)
              |       ^~~~~~~~~
        f.graph:3:20: error: f32[2] cannot be recorded as 'a'
            3 |   z = relu(x) @(a: x)
              |                    ^

        """#),
  ]
}
