import RetortSyntax
import RetortTensor
import Testing

/// Compile-time values at their ends, and what graphs promise.
@Suite struct ValueTests {
  private func body(_ lines: String) -> String {
    mistakes("graph f(x: f32[2]) -> f32[2] {\n\(lines)\n  return x\n}")
  }

  // MARK: Numbers

  @Test func intsHaveEnds() {
    let least = "  a = -9223372036854775807 - 1\n"
    #expect(
      body(least + "  b = -a").contains("-(-9223372036854775808) is too large for an Int"))
    #expect(
      body(least + "  b = abs(a)").contains("abs(-9223372036854775808) is too large for an Int"))
    #expect(body(least + "  b = a / -1").contains("-9223372036854775808 / -1 is too large"))
    #expect(body(least + "  require a / 3 < -3e18 && a / 3 > -4e18, \"third\"") == "")
    #expect(body(least + "  require a / 2 == -4611686018427387904, \"half\"") == "")
    #expect(body("  require 6 / -1 == -6 && -(-5) == 5 && abs(-5) == 5, \"small\"") == "")
  }

  @Test func extremesOfIntsAreExact() {
    let (small, large) = ("9007199254740992", "9007199254740993")
    #expect(body("  require max(\(small), \(large)) == \(large), \"max\"") == "")
    #expect(body("  require min(\(large), \(small)) == \(small), \"min\"") == "")
    #expect(body("  require max(1, 2.5, 2) == 2.5 && min(3, 1, 2) == 1, \"mixed\"") == "")
  }

  @Test func anExtremeWithNanIsNan() {
    for call in ["min(1, nan)", "min(nan, 1)", "max(1, nan)", "max(nan, 1)", "max(1, nan, 2)"] {
      #expect(body("  a = \(call)\n  require a != a, \"{a}\"") == "", "\(call)")
    }
  }

  @Test func elementsAreExact() {
    let tooLong = "9007199254740993 has too many digits for an element of a tensor"
    #expect(body("  b: i64[1] = [9007199254740993]").contains(tooLong))
    #expect(body("  b: i64[] = 9007199254740993").contains(tooLong))
    #expect(body("  b: i64[2] = [9007199254740992, -1]") == "")
    #expect(body("  b: bool[1] = [true]").contains("expected a tensor, found a list of 1"))
  }

  @Test func aFloatMayBeALargeInt() {
    #expect(body("  a = fill(value: 4294967295, shape: [1], type: u32)") == "")
    #expect(body("  a = fill(value: 3000000000, shape: [1])") == "")
    #expect(
      body("  a = fill(value: 9007199254740993, shape: [1], type: i64)")
        .contains("9007199254740993 has too many digits"))
    #expect(
      body("  a = fill(value: 1, shape: [99999999999])")
        .contains("99999999999 is more than an operation takes"))
  }

  // MARK: Graphs

  @Test func aGraphKeepsItsSignature() {
    let caller = "graph f(x: f32[4]) -> f32[7] { return g(x) }\n"
    #expect(
      mistakes(
        caller + "graph g(x: f32[n]) -> f32[n] {\n  n = 7\n"
          + "  return fill(value: 1, shape: [n])\n}"
      ).contains(
        "the result 'output' is f32[4], but 'fill(value: 1, shape: [n])' is f32[7]"))
    // A name that only the body binds is what the body made it.
    #expect(
      mistakes(
        caller + "graph g(x: f32[n]) -> f32[m] {\n  m = n + 3\n"
          + "  return fill(value: 1, shape: [m])\n}") == "")
    #expect(
      mistakes(
        "graph f(x: f32[n], k: Int = 2) -> f32[n, k] {\n  k = k + 1\n"
          + "  return fill(value: k, shape: [n, 2])\n}") == "")
  }

  @Test func nothingIsBoundTwiceAtOnce() {
    #expect(
      mistakes("graph f(x: f32[...a, ...b]) -> f32[2] { return x }").contains(
        "f.graph:1:25: error: 'x' has two '...' dimensions, and nothing says where the first one"))
    #expect(
      body("  y, z = repeat i in 0..<2 with a = x, a = x * 5 { yield a, a }")
        .contains("'a' is carried twice"))
    #expect(body("  a, a = two(x)").contains("'a' is bound twice"))
    let pair = "graph two(x: f32[n]) -> (f32[n], f32[n]) { return x, x }\n"
    #expect(mistakes(pair + "graph f(x: f32[2]) -> f32[2] {\n  _, _ = two(x)\n  return x\n}") == "")
  }

  @Test func aDefaultUsesWhatStandsBeforeIt() {
    let text = mistakes(
      "graph f(x: f32[n], scale: Float = k * 0.5, k: Int = 2) -> f32[n] { return x * scale }")
    #expect(text.contains("the default of 'scale' uses 'k', which stands behind it"))
    #expect(text.contains("= hint: move 'k' before 'scale'"))
    #expect(
      mistakes("graph f(x: f32[n], k: Int = k) -> f32[n] { return x }")
        .contains("'k' is not known here"))
  }

  @Test func aDimensionAsksForTheGraphThatItsDefaultCalls() {
    let text = """
      graph f(x: f32[4, 3]) -> f32[4, 3] { return g(x) }
      graph g(x: f32[n, m], part: Graph = half, m: Int = part(6)) -> f32[n, m] { return x }
      graph half(k: Int) -> Int { return floor_div(k, 2) }
      """
    #expect(mistakes(text) == "")
    #expect(mistakes(text, entry: "g", set: ["n": "2"]) == "")
  }

  @Test func dimensionsAskForDefaults() {
    let text = "graph c(x: f32[n, d * 2], d: Int = 4) -> f32[n, d * 2] { return x }"
    #expect(mistakes(text, inputs: ["x": TensorType([3, 8])]) == "")
    #expect(
      mistakes(text, inputs: ["x": TensorType([3, 6])])
        == "f.graph: error: 'x' is f32[n, d * 2] with n = 3, d = 4, but the file holds f32[3, 6]\n"
    )
    let call = "graph f(x: f32[3, 8]) -> f32[3, 8] { return c(x) }\n"
    #expect(mistakes(call + text) == "")
    #expect(
      mistakes(
        call + "graph c(x: f32[n, d], e: Int = 4, d: Int = e * 2) -> f32[n, d] { return x }") == "")
  }
}
