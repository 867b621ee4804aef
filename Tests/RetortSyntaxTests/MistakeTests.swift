import RetortIR
import RetortTensor
import Testing

/// What a user reads when something is wrong, to the letter.
@Suite struct MistakeTests {
  private func expectExactly(_ mistake: Mistake) {
    let text = mistakes(mistake.source, set: mistake.settings, files: mistake.files)
    #expect(text == mistake.expected, "\(mistake.name)")
  }

  @Test(arguments: Mistake.syntax) func syntax(_ mistake: Mistake) { expectExactly(mistake) }
  @Test(arguments: Mistake.calls) func calls(_ mistake: Mistake) { expectExactly(mistake) }
  @Test(arguments: Mistake.values) func values(_ mistake: Mistake) { expectExactly(mistake) }
  @Test(arguments: Mistake.weights) func weights(_ mistake: Mistake) { expectExactly(mistake) }
  @Test(arguments: Mistake.hints) func hints(_ mistake: Mistake) { expectExactly(mistake) }
  @Test(arguments: Mistake.files) func files(_ mistake: Mistake) { expectExactly(mistake) }

  @Test func inputsThatDoNotFit() {
    let text = "graph f(x: f32[n, 3]) -> f32[n, 3] { return x }"
    #expect(
      mistakes(text, set: ["n": "2"], inputs: ["x": TensorType([4, 3])])
        == "f.graph: error: 'x' is f32[n, 3] with n = 2, but the file holds f32[4, 3]\n"
        + "    = hint: the file goes with --set n=4\n")
    #expect(mistakes(text, set: ["n": "4"], inputs: ["x": TensorType([4, 3])]).isEmpty)
    #expect(
      mistakes(text, inputs: ["x": TensorType([4, 5])])
        == "f.graph: error: 'x' is f32[n, 3] with n = 4, but the file holds f32[4, 5]\n"
        + "    = hint: no --set changes that: give a file of f32[n, 3]\n")
    #expect(
      mistakes(text, inputs: ["y": TensorType([4, 3])])
        == "f.graph: error: 'f' has no input 'y'\n    = hint: known here: x\n")
  }

  @Test func inputsThatDoNotFitASetting() {
    let wide = "graph f(x: f32[n, d], d: Int = 2) -> f32[n, d] { return x }"
    let type = TensorType([4, 3])
    #expect(
      mistakes(wide, inputs: ["x": type])
        == "f.graph: error: 'x' is f32[n, d] with n = 4, d = 2, but the file holds f32[4, 3]\n"
        + "    = hint: the file goes with --set d=3\n")
    #expect(mistakes(wide, set: ["d": "3"], inputs: ["x": type]).isEmpty)
    #expect(
      mistakes(wide, set: ["d": "3", "dd": "4"])
        == "--set dd=4: error: 'f' has no argument or dimension 'dd'\n"
        + "    = hint: known here: n\n")
    let two = "graph f(x: f32[n], y: f32[n]) -> f32[n] { return x + y }"
    #expect(
      mistakes(two, inputs: ["x": TensorType([2]), "y": TensorType([3])])
        == "f.graph: error: 'y' is f32[n] with n = 2, but the file holds f32[3]\n"
        + "    = hint: 'n' is 2 already: give files that agree in it\n")
  }

  @Test func whatHintsSayCompiles() {
    let text = mistakes(
      """
      graph f(x: f32[2], n: Int = 3) -> (f32[2], i32[]) {
        a = pow(sum(x), -0.5) + x * 0.5e-3 + (x * x) + pow(x, (2 + 1))
        m = (n * n) + (2 * 2)
        for i in 0..<5 { y = x }
        for i in 0..<(n > 2 ? 1 : 2) { y = x }
        for i in 0..<int(n / 2) { y = x }
        b = repeat i in 0..<dim(x, 0) with r = x { yield r + a }
        g(x)
        return b, m
      }
      graph g(x: f32[2]) { return }
      """)
    #expect(text == "")
  }

  @Test func aMissingFile() {
    #expect(throws: (any Error).self) { try load("import \"nowhere.graph\"") }
  }

  @Test func oneMistakeInManyCallsIsReportedOnce() {
    let text = mistakes(
      """
      graph f(x: f32[2]) -> f32[2] {
        for i in 0..<5 { y = g(x) }
        return g(x)
      }
      graph g(x: f32[2]) -> f32[2] { return unknown(x) }
      """)
    #expect(text.split(separator: "error:").count == 2)
  }
}
