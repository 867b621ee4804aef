extension Mistake {
  /// Mistakes of weights, gradients and regions.
  static let weights: [Mistake] = [
    Mistake(
      name: "conflicts",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          a = scale(x, 2) as "s"
          b = scale(x, 1) as "s"
          buffer c: f32[2] as "s.weight"
          parameter d: f32[2] init xavier(2)
          parameter e: f32[2] init fill(x)
          return a
        }
        graph scale(x: f32[n], k: Int) -> f32[n] {
          parameter weight: f32[k]
          return x * weight
        }
        """#,
      expected: #"""
        f.graph:4:10: error: 's.weight' is declared as a parameter and as a buffer
            4 |   buffer c: f32[2] as "s.weight"
              |          ^
        f.graph:10:13: note: it is declared first here
        f.graph:5:28: error: there is no initialiser 'xavier'
            5 |   parameter d: f32[2] init xavier(2)
              |                            ^~~~~~
            = hint: known here: normal, uniform, fill
        f.graph:6:33: error: 'fill' takes a number, but 'x' is f32[2]
            6 |   parameter e: f32[2] init fill(x)
              |                                 ^
        f.graph:10:21: error: 's.weight' is f32[1] here, but f32[2] where it is declared first
           10 |   parameter weight: f32[k]
              |                     ^~~~~~
        f.graph:10:13: note: it is declared first here
        f.graph:3:7: note: in the call of 'scale'
            = hint: tensors of one path are one tensor; 'as' behind the call gives it another path

        """#),
    Mistake(
      name: "updates",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          buffer b: f32[2]
          update x = x
          update b = x
          update b = x + 1
          parameter p: f32[3]
          update p = x
          y = repeat i in 0..<2 with r = x {
            update p = p
            yield r
          }
          return x
        }
        """#,
      expected: #"""
        f.graph:3:10: error: 'update' takes a parameter or buffer, but 'x' is f32[2]
            3 |   update x = x
              |          ^
        f.graph:5:3: error: 'b' is updated twice
            5 |   update b = x + 1
              |   ^~~~~~~~~~~~~~~~
        f.graph:4:3: note: the first update is here
        f.graph:7:14: error: 'p' is f32[3], but 'x' is f32[2]
            7 |   update p = x
              |              ^ f32[2]
        f.graph:9:5: error: 'update' cannot stand inside a region
            9 |     update p = p
              |     ^~~~~~~~~~~~
            = hint: yield the value and update behind the loop

        """#),
    Mistake(
      name: "gradients",
      source: #"""
        graph f(x: f32[2], i: i32[2]) -> f32[2] {
          a = gradient(x, x)
          b = gradient(sum(x), i)
          c = gradient(sum(x))
          d = gradient(sum(x), 3)
          e = gradient(sum(x), target: x)
          g = parameters("layer")
          h = parameters(3)
          j = path(x)
          return x
        }
        """#,
      expected: #"""
        f.graph:2:16: error: gradient differentiates a real scalar, got f32[2] [gradient/C1]
            2 |   a = gradient(x, x)
              |                ^ f32[2]
            = hint: reduce it first, for example with 'sum' or 'mean'
        f.graph:3:24: error: gradient with respect to i32[2], which is not real [gradient/C2]
            3 |   b = gradient(sum(x), i)
              |                        ^ i32[2]
        f.graph:4:7: error: 'gradient(loss, x, …)' is called with 1 argument
            4 |   c = gradient(sum(x))
              |       ^~~~~~~~
        f.graph:5:24: error: a gradient is taken with respect to tensors, but '3' is the Int 3
            5 |   d = gradient(sum(x), 3)
              |                        ^
        f.graph:6:24: error: 'gradient(loss, x, …)' has no labels
            6 |   e = gradient(sum(x), target: x)
              |                        ^~~~~~
        f.graph:7:18: error: no parameter is declared under 'layer' before this line
            7 |   g = parameters("layer")
              |                  ^~~~~~~
        f.graph:8:18: error: 'parameters' takes a path, but '3' is the Int 3
            8 |   h = parameters(3)
              |                  ^
        f.graph:9:12: error: only parameters and buffers have a path, but 'x' is f32[2]
            9 |   j = path(x)
              |            ^

        """#),
    Mistake(
      name: "regions",
      source: #"""
        graph f(x: f32[2], n: Int = 2) -> f32[2] {
          a = repeat i in n with r = x { yield r }
          b = repeat i in 0..<2 with r = x { yield sum(r) }
          c = repeat i in 0..<2 with r = x { yield r, r }
          d = repeat i in 0..<2 with r = x { s = r }
          e = repeat i in 0..<2 with r = x { return r }
          g = prepare { yield x collect x }
          h = repeat i in 0..<99999999999 with r = x { yield r }
          j = repeat i in 0..<2 with r: f32[3] = x { yield r }
          k = repeat i in 0..<2 with r = x {
            inner = r
            yield r
          }
          return inner
        }
        """#,
      expected: #"""
        f.graph:2:19: error: 'repeat' takes a range, but 'n' is the Int 2
            2 |   a = repeat i in n with r = x { yield r }
              |                   ^
            = hint: write '0..<n'
        f.graph:3:44: error: 'r' is carried as f32[2], but its next value is f32[] [repeat/C3]
            3 |   b = repeat i in 0..<2 with r = x { yield sum(r) }
              |                                            ^~~~~~ f32[]
            = hint: a carried value keeps its type from turn to turn
        f.graph:4:38: error: 'repeat' carries 1 value, but 'yield' gives 2 [repeat/C2]
            4 |   c = repeat i in 0..<2 with r = x { yield r, r }
              |                                      ^~~~~~~~~~
        f.graph:5:7: error: the region does not end with 'yield'
            5 |   d = repeat i in 0..<2 with r = x { s = r }
              |       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~
        f.graph:6:38: error: a region ends with 'yield', not with 'return'
            6 |   e = repeat i in 0..<2 with r = x { return r }
              |                                      ^~~~~~~~
        f.graph:7:17: error: only 'repeat' collects
            7 |   g = prepare { yield x collect x }
              |                 ^~~~~~~~~~~~~~~~~
        f.graph:8:19: error: the range 0..<99999999999 is too long
            8 |   h = repeat i in 0..<99999999999 with r = x { yield r }
              |                   ^~~~~~~~~~~~~~~
        f.graph:9:42: error: 'r' is f32[3], but 'x' is f32[2]
            9 |   j = repeat i in 0..<2 with r: f32[3] = x { yield r }
              |                                          ^ f32[2]
        f.graph:14:10: error: 'inner' is not known here
           14 |   return inner
              |          ^~~~~
            = hint: known here: a, b, c, d, e, g, h, j, k, n, x

        """#),
    Mistake(
      name: "yieldOutside",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          yield x
        }
        """#,
      expected: #"""
        f.graph:2:3: error: 'yield' stands in 'repeat', 'prepare' and 'fused' only
            2 |   yield x
              |   ^~~~~~~
            = hint: a graph ends with 'return'

        """#),
  ]
}
