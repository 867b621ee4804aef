import RetortIR
import Testing

/// What prints, parses: texts that are their own dumps.
@Suite struct RoundTripTests {
  static let dumps: [String] = [
    """
    graph regions(a: f32[2], a_1: i32[2]) -> (output0: f32[2], b: f32[2]) {
      parameter w: f32[2] as "a.\\"w\\\\\\{\\n" init uniform(0.5)
      parameter layer1_0_conv1_weight: f32[2] as "layer1.0.conv1.weight" init normal(1e-05)
      parameter v: f32[2] as "v" init fill(nan)
      p: f32[2] = prepare @(x: 1, y: [1, 2], z: "q", t: f32, u: [0.5, inf], v: true, n: -inf) {
        q: f32[2] = exp(w)
        yield q
      }
      k: f32[2], l: f32[3, 2], n: f32[3, 2] = repeat i in -1..<2 with c: f32[2] = p @(d: 4) {
        m: f32[2] = mul(c, a) @(algorithm: "im2col", offset: 12345678901)
        h: f32[2], j: f32[2] = fused {
          o: f32[2] = exp(m)
          yield o, m
        }
        yield h collect j, m
      }
      update w = k
      update v = p
      return k, p
    }
    """,
    """
    graph loops(x: f32[]) -> (last: f32[], all: f32[2, 2, 1]) {
      a: f32[2, 2, 1] = repeat i in 0..<2 {
        b: f32[2, 1] = repeat j in 5..<7 {
          add: i32[] = add(i, j)
          convert: f32[] = convert(add, type: f32)
          mul: f32[] = mul(convert, x)
          reshape: f32[1] = reshape(mul, shape: [1])
          yield collect reshape
        }
        yield collect b
      }
      c: f32[] = repeat t in 0..<0 with d: f32[] = x {
        yield d
      }
      return c, a
    }
    """,
    """
    graph operations(x: f32[2, 3], key: key[2], b: bool[2, 3]) -> (y: f32[2, 3], z: i32[2, 1]) {
      fill: f32[2, 3] = fill(value: -inf, shape: [2, 3])
      fill_1: f32[2, 3] = fill(value: nan, shape: [2, 3])
      constant: f64[3] = constant(values: [1.0, -0.0, 1e+300], shape: [3], type: f64)
      constant_1: f32[0] = constant(values: [], shape: [0])
      iota: i64[3] = iota(shape: [3], type: i64)
      select: f32[2, 3] = select(b, fill, fill_1)
      top_k: f32[2, 1], top_k_1: i32[2, 1] = top_k(x, k: 1)
      uniform: f32[2, 3] = uniform(key, shape: [2, 3], low: -1.0)
      sum: f32[] = sum(x)
      mean: f32[2, 1] = mean(x, axes: [1], keep: true)
      gradient: f32[2, 3], gradient_1: f32[2, 3] = gradient(sum, x, uniform)
      concatenate: f32[4, 3] = concatenate(x, gradient, axis: 0)
      slice: f32[2, 3] = slice(concatenate, axes: [0], start: [0], stop: [2])
      return slice, top_k_1
    }
    """,
    """
    graph training(x: f32[2]) -> () {
      buffer b: f32[2] as "b"
      add: f32[2] = add(b, x)
      update b = add
    }
    """,
    """
    graph relu(x: f32[2]) -> (x: f32[2], again: f32[2]) {
      add: f32[2] = relu(x)
      relu: f32[2] = add(add, add)
      gradient: f32[2] = relu(relu)
      return gradient, gradient
    }
    """,
  ]

  @Test(arguments: dumps)
  func aDumpIsItsOwnDump(_ text: String) throws {
    #expect(try dump(text) == text + "\n")
  }

  @Test(arguments: dumps + EmbeddedSamples.all)
  func printingAndParsingIsTheIdentity(_ text: String) throws {
    let graph = try elaborate(text, files: EmbeddedSamples.files).graph
    let again = try elaborate(graph.description).graph
    #expect(again.description == graph.description)
    #expect(again == graph || graph.description.contains("nan"))
    #expect(throws: Never.self) { try Verifier().verify(graph) }
  }
}
