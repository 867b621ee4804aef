import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

extension OnnxEmitter {
  /// One of a key's words, with the key's shape and `trailing` axes of extent 1 behind it.
  private mutating func word(_ index: Int, of key: String, rank: Int, trailing: Int) -> String {
    var name = add("Gather", [key, scalar(Double(index), .i64)], [OnnxAttribute("axis", rank)])
    if trailing > 0 {
      name = add("Unsqueeze", [name, integers(Array(rank..<rank + trailing))])
    }
    return name
  }

  /// The cipher of `(x0, x1)` under a key.
  fileprivate mutating func threefry(
    _ key: Value, _ x0: String, _ x1: String, trailing: Int
  ) -> (String, String) {
    useRandomness()
    let (name, rank) = (whole(key), rank(of: key))
    let words = [0, 1].map { word($0, of: name, rank: rank, trailing: trailing) }
    let results = (fresh("word"), fresh("word"))
    append(
      OnnxNode(
        ThreefryFunction.opType, domain: ThreefryFunction.domain, name: results.0,
        inputs: words + [x0, x1], outputs: [results.0, results.1]))
    return results
  }

  /// `bits` of a key: a word for each element of `shape`, which begins with the key's.
  fileprivate mutating func bits(_ key: Value, _ shape: [Int]) -> String {
    let own = Array(shape.dropFirst(rank(of: key)))
    let count = own.reduce(1, *)
    func counters(_ word: (Int) -> UInt32) -> HostTensor {
      HostTensor(Shape(own), (0..<count).map(word))
    }
    let low = constant(counters { UInt32(truncatingIfNeeded: $0) }, "counters")
    let high =
      count <= 1 << 32
      ? scalar(0, .u32) : constant(counters { UInt32(truncatingIfNeeded: $0 >> 32) }, "counters")
    let (first, second) = threefry(key, high, low, trailing: own.count)
    return add("BitwiseXor", [first, second])
  }

  /// `uniform01` of words: the high 23 bits, as a fraction.
  fileprivate mutating func fraction(_ bits: String, _ element: ElementType) -> String {
    let high = add("BitShift", [bits, scalar(9, .u32)], [OnnxAttribute("direction", "RIGHT")])
    return add("Mul", [cast(high, to: element), scalar(0x1p-23, element)])
  }
}

extension Bits: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(node.results[0], as: e.bits(node.operands[0], shape))
  }
}

extension Fold: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    var data = e.whole(node.operands[1])
    if e.type(of: node.operands[1]).element != .u32 {
      // Negative numbers keep their bits: ONNX discards none where the widths are equal.
      data = e.cast(data, to: .u32)
    }
    let (first, second) = e.threefry(node.operands[0], e.scalar(0, .u32), data, trailing: 0)
    let axis = e.rank(of: node.results[0])
    let words = [first, second].map { e.add("Unsqueeze", [$0, e.integers([axis])]) }
    e.define(node.results[0], "Concat", words, [OnnxAttribute("axis", axis)])
  }
}

extension Uniform: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let fraction = e.fraction(e.bits(node.operands[0], shape), type)
    let base = e.scalar(low, type)
    // The span is rounded as the operation rounds it.
    let span = type == .f32 ? Double(Float(high) - Float(low)) : high - low
    let scaled = e.add("Mul", [fraction, e.scalar(span, type)])
    e.define(node.results[0], "Max", [base, e.add("Add", [base, scaled])])
  }
}

extension Normal: OnnxExportable {
  /// `√2 · erf⁻¹(u)` in double, as the quantile `Φ⁻¹((1 + u) / 2)` by the rational functions of
  /// Wichura's algorithm AS 241 (PPND16, relative error about 1e-16), rounded to `float`.
  ///
  /// Source: Wichura 1988, "The percentage points of the normal distribution", Applied Statistics
  /// 37(3).
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let fraction = e.fraction(e.bits(node.operands[0], shape), .f32)
    let low = Double((-1 as Float).nextUp)
    let stretched = e.add(
      "Add", [e.add("Mul", [fraction, e.scalar(2, .f32)]), e.scalar(low, .f32)])
    let u = e.cast(e.add("Max", [stretched, e.scalar(low, .f32)]), to: .f64)

    // Centre, |u| ≤ 0.85: q = u / 2, r = 0.180625 − q².
    let q = e.add("Mul", [u, e.scalar(0.5, .f64)])
    let central = e.add("Sub", [e.scalar(0.180625, .f64), e.add("Mul", [q, q])])
    let centre = e.add("Mul", [q, e.ratio(central, Self.centre)])
    // Tails: r = √(−ln((1 − |u|) / 2)).
    let distance = e.add("Sub", [e.scalar(1, .f64), e.add("Abs", [u])])
    let tail = e.add("Mul", [distance, e.scalar(0.5, .f64)])
    let r = e.add("Sqrt", [e.add("Neg", [e.add("Log", [tail])])])
    let near = e.ratio(e.add("Sub", [r, e.scalar(1.6, .f64)]), Self.near)
    let far = e.ratio(e.add("Sub", [r, e.scalar(5, .f64)]), Self.far)
    let isNear = e.add("LessOrEqual", [r, e.scalar(5, .f64)])
    let magnitude = e.add("Where", [isNear, near, far])
    let outer = e.add("Mul", [e.add("Sign", [u]), magnitude])
    let isCentral = e.add("LessOrEqual", [e.add("Abs", [q]), e.scalar(0.425, .f64)])
    let single = e.cast(e.add("Where", [isCentral, centre, outer]), to: .f32)
    if type == .f64 {
      e.define(node.results[0], castFrom: single)
    } else {
      e.define(node.results[0], as: single)
    }
  }

  /// Coefficients of a rational function, the constant ones first.
  fileprivate typealias Ratio = (above: [Double], below: [Double])

  private static let centre: Ratio = (
    [
      3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3,
      1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
      3.3430575583588128105e4, 2.5090809287301226727e3,
    ],
    [
      1, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
      2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
      5.2264952788528545610e3,
    ]
  )
  private static let near: Ratio = (
    [
      1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550,
      3.64784832476320460504, 1.27045825245236838258, 2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ],
    [
      1, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
      1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
      1.05075007164441684324e-9,
    ]
  )
  private static let far: Ratio = (
    [
      6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580,
      2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
      2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ],
    [
      1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
      7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
      2.04426310338993978564e-15,
    ]
  )
}

extension OnnxEmitter {
  fileprivate mutating func ratio(_ x: String, _ ratio: Normal.Ratio) -> String {
    func polynomial(_ e: inout OnnxEmitter, _ coefficients: [Double]) -> String {
      var value = e.scalar(coefficients.last!, .f64)
      for coefficient in coefficients.dropLast().reversed() {
        value = e.add("Add", [e.add("Mul", [value, x]), e.scalar(coefficient, .f64)])
      }
      return value
    }
    let above = polynomial(&self, ratio.above)
    return add("Div", [above, polynomial(&self, ratio.below)])
  }
}

extension Permutation: OnnxExportable {
  /// The order that sorts the words; of equal ones `TopK` names the first first.
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let shape = e.type(of: node.results[0]).shape.extents
    let words = e.cast(e.bits(node.operands[0], shape), to: .i64)
    let (values, places) = (e.fresh("sorted"), e.fresh("places"))
    e.append(
      OnnxNode(
        "TopK", name: values, inputs: [words, e.integers([count])], outputs: [values, places],
        attributes: [OnnxAttribute("axis", -1), OnnxAttribute("largest", 0)]))
    e.define(node.results[0], castFrom: places)
  }
}
