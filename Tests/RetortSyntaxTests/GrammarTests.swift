import RetortText
import Testing

/// What the grammar's pieces come to, seen in the nodes that they make.
@Suite struct GrammarTests {
  /// The number that a compile-time expression comes to, as a `fill`.
  private func value(_ expression: String) throws -> String {
    let text = try dump(
      "graph f(n: Int = 7, w: Float = 0.5, on: Bool = true, s: String = \"a\") -> f32[] {\n"
        + "  l = [3, 1, 2]\n  y = \(expression)\n  return fill(value: y, shape: [])\n}")
    let line = text.split(separator: "\n")[1]
    return String(line.split(separator: "value: ")[1].split(separator: ",")[0])
  }

  @Test(arguments: [
    ("1 + 2 * 3", "7.0"), ("(1 + 2) * 3", "9.0"), ("-2 * -3", "6.0"), ("10 - 3 - 2", "5.0"),
    ("12 / 3 / 2", "2.0"), ("7 / 2", "3.5"), ("n % 4", "3.0"), ("-n % 4", "1.0"),
    ("floor_div(-n, 2)", "-4.0"), ("on ? 1 : 2", "1.0"), ("!on ? 1 : on ? 2 : 3", "2.0"),
    ("n > 3 && n < 9 ? 1 : 0", "1.0"), ("n == 7 || 1 / 0 == 1 ? 1 : 0", "1.0"),
    ("n != 7 && l[9] == 1 ? 1 : 0", "0.0"), ("s == \"a\" ? 1 : 0", "1.0"),
    ("l == [3, 1, 2] ? 1 : 0", "1.0"), ("l[0] + l[count(l) - 1]", "5.0"),
    ("count([...l, 4, ...0..<2])", "6.0"), ("(2..<9)[3]", "5.0"), ("count(2..<9)", "7.0"),
    ("\"{n}.{s}\" == \"7.a\" ? 1 : 0", "1.0"), ("\"\\{n}\" == \"{s}\" ? 1 : 0", "0.0"),
    ("sqrt(16)", "4.0"), ("exp(0)", "1.0"), ("log(1)", "0.0"), ("floor(-0.5)", "-1.0"),
    ("ceil(0.5)", "1.0"), ("round(2.5)", "2.0"), ("abs(-3)", "3.0"), ("min(2, 1, 3)", "1.0"),
    ("max(2, 3.5)", "3.5"), ("int(-2.7)", "-2.0"), ("float(3) / 2", "1.5"), ("inf", "inf"),
    ("-inf", "-inf"), ("nan", "nan"), ("-0.0", "-0.0"), ("1_000", "1000.0"), ("1e-3", "0.001"),
    ("16/255 * 255", "16.0"), ("n + w", "7.5"),
  ])
  func compileTimeExpressions(_ expression: String, _ expected: String) throws {
    #expect(try value(expression) == expected)
  }

  @Test func linesGoOnAfterAndBeforeBinaryOperators() throws {
    #expect(try value("1 +\n 2") == "3.0")
    #expect(try value("1\n + 2\n * 3") == "7.0")
    #expect(try value("on\n ? 1\n : 2") == "1.0")
    #expect(try value("(1\n - 2)") == "-1.0")
    #expect(mistakes("graph f(x: f32[2]) -> f32[2] {\n y = x\n - x\n return y\n}").contains("3:2"))
  }

  @Test func operatorsOnTensorsAreOperations() throws {
    let text = try dump(
      """
      graph f(x: f32[2], b: bool[2]) -> (f32[2], bool[2]) {
        y = -x + x - x * x / x
        c = !b && x < x || x <= x && x > x || x >= x && x == x || x != x
        return y, c
      }
      """)
    for name in [
      "neg", "add", "sub", "mul", "div", "not", "and", "or", "less", "less_equal", "greater",
      "greater_equal", "equal", "not_equal",
    ] {
      #expect(text.contains("= \(name)("), "\(name)")
    }
  }

  @Test func numbersTakeTheTypeAndShapeThatTheyMeet() throws {
    let text = try dump(
      """
      graph f(x: f64[2, 3], i: i32[2], k: key[]) -> (f64[2, 3], i32[2], key[], f32[2, 3]) {
        y = 2 * x + [1, 2, 3]
        return y, i + 1, fold(k, 3), select(x > 0, 1.0, 0.0)
      }
      """)
    #expect(text.contains("fill(value: 2.0, shape: [2, 3], type: f64)"))
    #expect(text.contains("constant(values: [1.0, 2.0, 3.0], shape: [3], type: f64)"))
    #expect(text.contains("fill(value: 1.0, shape: [2], type: i32)"))
    #expect(text.contains("fill(value: 3.0, shape: [], type: i32)"))
    #expect(text.contains("fill(value: 0.0, shape: [2, 3])"))
  }

  @Test func attributesFollowOperandsOrAreLabelled() throws {
    let positional = try dump("graph f(x: f32[2, 3]) -> f32[2] { return sum(x, [1], false) }")
    let labelled = try dump("graph f(x: f32[2, 3]) -> f32[2] { return sum(x: x, axes: 1) }")
    #expect(positional == labelled)
  }

  @Test func likeGivesShapeAndType() throws {
    let text = try dump(
      """
      graph f(x: f64[2, 3], k: key[2]) -> (f64[2, 3], f32[2, 3], f64[6]) {
        return uniform(k, like: x), normal(k, like: x, type: f32), reshape(x, [-1])
      }
      """)
    #expect(text.contains("uniform(k, shape: [2, 3], type: f64)"))
    #expect(text.contains("normal(k, shape: [2, 3])"))
    #expect(text.contains("reshape(x, shape: [6])"))
  }

  @Test func listsOfTensorsSpreadWhereAnyNumberIsTaken() throws {
    let text = try dump(
      "graph f(x: f32[2, 3]) -> f32[6, 3] { return concatenate([x, x], x, axis: 0) }")
    #expect(text.contains("concatenate(x, x, x, axis: 0)"))
  }

  @Test func dimensionsBindAndAreChecked() throws {
    let text = try dump(
      """
      graph f(x: f32[4, 2, 3, 5]) -> f32[6] { return g(x, x) }
      graph g(x: f32[n, ...s, w], y: f32[...t], k: Int = w + 1) -> f32[k] {
        require n == 4 && s == [2, 3] && w == 5 && count(t) == 4 && rank(x) == 4, "bound"
        require dim(x, -1) == w && shape(x) == [n, ...s, w], "asked"
        return fill(value: 0, shape: [k])
      }
      """)
    #expect(text.contains("shape: [6]"))
  }

  @Test func numbersAndDefaultsFillTensorArguments() throws {
    let text = try dump(
      """
      graph f(x: f32[2]) -> f32[2] { return g(x, 0.5) }
      graph g(x: f32[n], rate: f32[], scale: f32[n] = 3) -> f32[n] { return x * rate * scale }
      """)
    #expect(text.contains("fill(value: 0.5, shape: [])"))
    #expect(text.contains("fill(value: 3.0, shape: [2])"))
  }

  @Test func valuesTakeTheNamesThatTheyAreBoundTo() throws {
    let text = try dump(
      """
      graph f(x: f32[2]) -> f32[2] {
        y = g(x)
        x = y + y * y
        z = x
        return z
      }
      graph g(x: f32[2]) -> f32[2] {
        inner = neg(x)
        return neg(inner)
      }
      """)
    #expect(
      text == """
        graph f(x: f32[2]) -> (output: f32[2]) {
          inner: f32[2] = neg(x)
          y: f32[2] = neg(inner)
          mul: f32[2] = mul(y, y)
          x_1: f32[2] = add(y, mul)
          return x_1
        }

        """)
  }

  @Test func keyMayNameAValue() throws {
    let text = try dump(
      "graph f(key: key[2]) -> f32[2, 3] { return normal(key, shape: [2, 3], type: f32) }")
    #expect(text.contains("graph f(key: key[2])"))
    #expect(try dump(text) == text)
  }

  @Test func aGraphNamedLikeAnOperationMayCallIt() throws {
    let text = try dump("graph relu(x: f32[2]) -> f32[2] { return relu(x) }")
    #expect(text.contains("= relu(x)"))
  }

  @Test func compileTimeResultsAreValues() throws {
    let text = try dump(
      """
      graph f(x: f32[8]) -> f32[4] { return slice(x, axes: [0], start: [0], stop: [half(8)]) }
      graph half(n: Int) -> Int { return n / 2 }
      """)
    #expect(text.contains("stop: [4]"))
  }
}
