extension Mistake {
  /// Mistakes of types and compile-time values.
  static let values: [Mistake] = [
    Mistake(
      name: "matmul",
      source: #"""
        graph f(x: f32[32, 128]) -> f32[32, 256] {
          parameter w1: f32[64, 256]
          h = matmul(x, w1)
          y = relu(h)
          return y
        }
        """#,
      expected: #"""
        f.graph:3:17: error: matmul contracts unequal extents, 128 and 64 [matmul/C2]
            3 |   h = matmul(x, w1)
              |                 ^~ f32[64, 256]
              |              ^ f32[32, 128]

        """#),
    Mistake(
      name: "broadcast",
      source: #"""
        graph f(x: f32[2, 3], y: f32[4]) -> f32[2, 3] {
          return x * y
        }
        """#,
      expected: #"""
        f.graph:2:14: error: mul cannot broadcast f32[2, 3] with f32[4] [mul/C1]
            2 |   return x * y
              |              ^ f32[4]
              |          ^ f32[2, 3]

        """#),
    Mistake(
      name: "elementTypes",
      source: #"""
        graph f(x: f32[2], i: i32[2], b: bool[2]) -> f32[2] {
          a = x + i
          c = i * 0.5
          d = x + true
          e = b && 1
          g = x + "a"
          h = x % 2
          j = !x
          return x
        }
        """#,
      expected: #"""
        f.graph:2:11: error: add takes operands of one element type, got f32 and i32 [add/C2]
            2 |   a = x + i
              |           ^ i32[2]
              |       ^ f32[2]
            = hint: 'convert' one of them
        f.graph:3:11: error: '0.5' is the Float 0.5, which a tensor of i32 does not hold
            3 |   c = i * 0.5
              |           ^~~
            = hint: 'convert(x, type: f32)' makes reals of integers
        f.graph:4:11: error: add takes operands of one element type, got f32 and bool [add/C2]
            4 |   d = x + true
              |           ^~~~ bool[2]
              |       ^ f32[2]
            = hint: 'convert' one of them
        f.graph:5:12: error: and takes operands of one element type, got bool and i32 [and/C2]
            5 |   e = b && 1
              |            ^ i32[2]
              |       ^ bool[2]
            = hint: 'convert' one of them
        f.graph:6:11: error: expected a tensor, found the String "a"
            6 |   g = x + "a"
              |           ^~~
        f.graph:7:7: error: '%' has no meaning for tensors
            7 |   h = x % 2
              |       ^~~~~
        f.graph:8:8: error: not takes bool, got f32[2] [not/C1]
            8 |   j = !x
              |        ^ f32[2]

        """#),
    Mistake(
      name: "compileTime",
      source: #"""
        graph f(x: f32[2], n: Int = 3) -> f32[2] {
          a = n / 0
          b = 9223372036854775807 + n
          c = "a" < 2
          d = [1, 2][2]
          e = n[0]
          g = x[0]
          h = 3..<1
          i = [1, [2]]
          j = -"a"
          k = floor_div(1, 0)
          l = sqrt("a")
          m = dim(x, 3)
          o = shape(3)
          p = count(3)
          q = "{x}"
          r = 0..<0.5
          s: f32[n / 2] = x
          t: f32[-1] = x
          u: f32[...n] = x
          v = [...n]
          return x
        }
        """#,
      expected: #"""
        f.graph:2:7: error: 3 / 0 is a division by zero
            2 |   a = n / 0
              |       ^~~~~
        f.graph:3:7: error: 9223372036854775807 + 3 is too large for an Int
            3 |   b = 9223372036854775807 + n
              |       ^~~~~~~~~~~~~~~~~~~~~~~
        f.graph:4:7: error: '<' has no meaning for the String "a" and the Int 2
            4 |   c = "a" < 2
              |       ^~~~~~~
        f.graph:5:14: error: index 2 is outside '[1, 2]', the list [1, 2]
            5 |   d = [1, 2][2]
              |              ^
        f.graph:6:7: error: only lists are indexed, but 'n' is the Int 3
            6 |   e = n[0]
              |       ^
        f.graph:7:7: error: only lists are indexed, but 'x' is f32[2]
            7 |   g = x[0]
              |       ^
            = hint: 'slice' and 'gather' take parts of tensors
        f.graph:8:7: error: the range 3..<1 ends before it begins
            8 |   h = 3..<1
              |       ^~~~~
        f.graph:9:11: error: a list holds no lists
            9 |   i = [1, [2]]
              |           ^~~
            = hint: '...' spreads one
        f.graph:10:8: error: '-' has no meaning for the String "a"
           10 |   j = -"a"
              |        ^~~
        f.graph:11:7: error: floor_div(1, 0) is a division by zero
           11 |   k = floor_div(1, 0)
              |       ^~~~~~~~~~~~~~~
        f.graph:12:12: error: 'sqrt(number)' takes numbers, but '"a"' is the String "a"
           12 |   l = sqrt("a")
              |            ^~~
        f.graph:13:14: error: '3' is no axis of f32[2]
           13 |   m = dim(x, 3)
              |              ^
        f.graph:14:13: error: 'shape(x)' asks about a tensor, but '3' is the Int 3
           14 |   o = shape(3)
              |             ^
        f.graph:15:13: error: 'count(list)' counts a list, but '3' is the Int 3
           15 |   p = count(3)
              |             ^
        f.graph:16:9: error: f32[2] cannot be part of a text
           16 |   q = "{x}"
              |         ^
            = hint: texts are made of compile-time values
        f.graph:17:7: error: a range is between two Ints, not the Int 0 and the Float 0.5
           17 |   r = 0..<0.5
              |       ^~~~~~~
        f.graph:18:10: error: a dimension is an Int from 0 to 2147483648, but 'n / 2' is the Float 1.5
           18 |   s: f32[n / 2] = x
              |          ^~~~~
            = hint: 'floor_div(a, b)' divides and rounds down
        f.graph:19:10: error: a dimension is an Int from 0 to 2147483648, but '-1' is the Int -1
           19 |   t: f32[-1] = x
              |          ^~
        f.graph:20:13: error: '...' takes a list of dimensions, but 'n' is the Int 3
           20 |   u: f32[...n] = x
              |             ^
        f.graph:21:11: error: '...' takes a list, but 'n' is the Int 3
           21 |   v = [...n]
              |           ^

        """#),
    Mistake(
      name: "conditions",
      source: #"""
        graph f(x: f32[2], n: Int = 3) -> f32[2] {
          if x > 0 { y = x } else { y = -x }
          z = n ? x : y
          for i in n { w = x }
          require n > 3, "n is {n}, but more than 3 are needed"
          return y + w
        }
        """#,
      expected: #"""
        f.graph:2:6: error: 'if' takes a compile-time Bool, but 'x > 0' is bool[2]
            2 |   if x > 0 { y = x } else { y = -x }
              |      ^~~~~
            = hint: 'select(condition, a, b)' chooses between tensors
        f.graph:3:7: error: '?' takes a compile-time Bool, but 'n' is the Int 3
            3 |   z = n ? x : y
              |       ^
        f.graph:4:12: error: 'for' takes a range or a list, but 'n' is the Int 3
            4 |   for i in n { w = x }
              |            ^
            = hint: write '0..<n'
        f.graph:5:11: error: n is 3, but more than 3 are needed
            5 |   require n > 3, "n is {n}, but more than 3 are needed"
              |           ^~~~~

        """#),
    Mistake(
      name: "poison",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          y = unknown(x)
          z = y + 1
          for i in z { v = y }
          a, b = repeat i in 0..<2 with r = y { yield r collect r }
          c = prepare { yield y }
          parameter p: f32[y]
          update p = z
          return z + v + a + b + c + p
        }
        """#,
      expected: #"""
        f.graph:2:7: error: there is no graph or operation 'unknown'
            2 |   y = unknown(x)
              |       ^~~~~~~
            = hint: a graph of the library is imported first, as in: import "blocks/linear.graph"

        """#),
    Mistake(
      name: "types",
      source: #"""
        graph f(x: f32[2]) -> (a: f32[3], b: Int) {
          y: f32[3] = x
          k: Int = 0.5
          h: f16[2] = x
          z: Int = x
          return x, 2
        }
        """#,
      expected: #"""
        f.graph:2:15: error: 'y' is f32[3], but 'x' is f32[2]
            2 |   y: f32[3] = x
              |               ^ f32[2]
        f.graph:3:12: error: 'k' is Int, but '0.5' is the Float 0.5
            3 |   k: Int = 0.5
              |            ^~~
        f.graph:4:6: error: f16 is for stored weights only
            4 |   h: f16[2] = x
              |      ^~~~~~
            = hint: write f32; weights are widened when they are loaded
        f.graph:5:12: error: 'z' is Int, but 'x' is f32[2]
            5 |   z: Int = x
              |            ^
        f.graph:6:10: error: the result 'a' is f32[3], but 'x' is f32[2]
            6 |   return x, 2
              |          ^ f32[2]

        """#),
    Mistake(
      name: "large",
      source: #"""
        graph f(x: f32[2]) -> f32[2] {
          a = fill(value: 0, shape: [1099511627776, 1099511627776])
          b = fill(value: 0, shape: [1048576, 1048576, 1048576])
          c = broadcast(fill(value: 0, shape: [1]), shape: [2000000000])
          d = reshape(c, [2000000000, 1]) * c
          e = d * reshape(c, [2000000000, 1, 1])
          g = pad(x, axes: [0], low: [2147483648], high: [2147483648])
          return x
        }
        """#,
      expected: #"""
        f.graph:2:29: error: 1099511627776 is more than an operation takes
            2 |   a = fill(value: 0, shape: [1099511627776, 1099511627776])
              |                             ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        f.graph:3:29: error: f32[1048576, 1048576, 1048576] has too many elements
            3 |   b = fill(value: 0, shape: [1048576, 1048576, 1048576])
              |                             ^~~~~~~~~~~~~~~~~~~~~~~~~~~
        f.graph:5:7: error: f32[2000000000, 2000000000] has too many elements
            5 |   d = reshape(c, [2000000000, 1]) * c
              |       ^~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~
        f.graph:7:7: error: pad gives f32[4294967298], which is too large
            7 |   g = pad(x, axes: [0], low: [2147483648], high: [2147483648])
              |       ^~~
              |           ^ f32[2]

        """#),
  ]
}
