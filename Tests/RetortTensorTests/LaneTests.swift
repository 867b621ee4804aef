import RetortTensor
import Testing

private struct Exponential: UnaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ x: L) -> L { x.exponential() }
}
private struct Logarithm: UnaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ x: L) -> L { x.logarithm() }
}
private struct HyperbolicTangent: UnaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ x: L) -> L { x.hyperbolicTangent() }
}
private struct ErrorFunction: UnaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ x: L) -> L { x.errorFunction() }
}
private struct SquareRoot: UnaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ x: L) -> L { x.squareRootValue() }
}
private struct Rounding: UnaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ x: L) -> L {
    x.roundedDown() + L(8) * x.roundedToEven() - x.magnitude()
  }
}
private struct Negation: UnaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ x: L) -> L { -x }
}
private struct Power: BinaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ a: L, _ b: L) -> L { L.power(a, b) }
}
private struct Minimum: BinaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ a: L, _ b: L) -> L { L.minimum(a, b) }
}
private struct Maximum: BinaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ a: L, _ b: L) -> L { L.maximum(a, b) }
}
private struct Mixture: BinaryLaneFunction {
  @inline(__always) func apply<L: Lanes>(_ a: L, _ b: L) -> L {
    L.select(L.lessOrEqual(a, b), L.multiplyAdd(a, b, a), a - b / L(3))
  }
}
private struct Less: LanePredicate {
  @inline(__always) func holds<L: Lanes>(_ a: L, _ b: L) -> L.Mask { L.less(a, b) }
}
private struct Equal: LanePredicate {
  @inline(__always) func holds<L: Lanes>(_ a: L, _ b: L) -> L.Mask { L.equal(a, b) }
}

private let special: [Float] = [
  0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 2.5, 3, -3, 1e-3, -1e-3, 0x1p-140, -0x1p-140, 1e30, -1e30, 150,
  -150, 0x1p24, 0x1.fffffep23, -0x1p24, .infinity, -.infinity, .nan, .leastNormalMagnitude,
  .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
]

/// How far a result is from the exact one, in units in the last place of the latter as a float.
/// Zeros and infinities must be met with their sign.
private func error(_ result: Float, _ exact: Double) -> Double {
  let rounded = Float(exact)
  if rounded.isNaN || result.isNaN { return rounded.isNaN && result.isNaN ? 0 : .infinity }
  if rounded.isInfinite || result.isInfinite { return result == rounded ? 0 : .infinity }
  if exact == 0 && (result != 0 || result.sign != exact.sign) { return .infinity }
  return abs(Double(result) - exact) / Double(rounded.ulp)
}

private func apply(_ loops: UnaryLoops, _ x: [Float]) -> [Float] {
  var y = [Float](repeating: 0, count: x.count)
  loops.float(x, &y, x.count)
  return y
}

@Suite struct LaneTests {
  /// Name, loops, the same in Double, and the bound stated in the documentation.
  static let functions: [(String, UnaryLoops, @Sendable (Double) -> Double, Double)] = [
    ("exp", UnaryLoops(Exponential()), { $0.exponential() }, 1),
    ("log", UnaryLoops(Logarithm()), { $0.logarithm() }, 1),
    ("tanh", UnaryLoops(HyperbolicTangent()), { $0.hyperbolicTangent() }, 2.5),
    ("erf", UnaryLoops(ErrorFunction()), { $0.errorFunction() }, 1.5),
    ("sqrt", UnaryLoops(SquareRoot()), { $0.squareRootValue() }, 0.5),
  ]

  @Test func functionsKeepTheirErrorBounds() {
    // Every 25013th float of all, and a dense grid where they vary.
    var x = stride(from: 0, through: UInt64(UInt32.max), by: 25_013)
      .map { Float(bitPattern: UInt32($0)) }
    x += (-40_000..<40_000).map { Float($0) / 4000 } + special
    for (name, loops, exact, bound) in Self.functions {
      let y = apply(loops, x)
      var worst = 0.0, at: Float = 0
      for i in x.indices {
        let e = error(y[i], exact(Double(x[i])))
        if e > worst { (worst, at) = (e, x[i]) }
      }
      #expect(worst <= bound, "\(name) is off by \(worst) ulp at \(at)")
    }
  }

  @Test func powerKeepsItsErrorBoundAndSpecialValues() {
    let loops = BinaryLoops(Power())
    var a: [Float] = [], b: [Float] = []
    for i in 0..<300 {
      for j in -60...60 {
        a.append(i % 3 == 0 ? Float(i) / 40 : Float(bitPattern: UInt32(i) * 7_130_317))
        b.append(i % 3 == 2 ? Float(j) / 50 : Float(j))
      }
    }
    for x in special {
      for y in special {
        a.append(x)
        b.append(y)
      }
    }
    var y = [Float](repeating: 0, count: a.count)
    loops.float(a, false, b, false, &y, a.count)
    for i in a.indices {
      let e = error(y[i], Double.power(Double(a[i]), Double(b[i])))
      if e > 2 { Issue.record("\(a[i]) to the \(b[i]) is \(y[i]), off by \(e) ulp") }
    }
  }

  @Test func arithmeticEqualsTheScalarForms() {
    for loops in [UnaryLoops(Rounding()), UnaryLoops(Negation())] {
      var expected = special
      loops.floatReference(special, &expected, special.count)
      for (value, reference) in zip(apply(loops, special), expected) {
        #expect(error(value, Double(reference)) == 0)
      }
    }
    for loops in [BinaryLoops(Minimum()), BinaryLoops(Maximum()), BinaryLoops(Mixture())] {
      for a in special {
        var y = special, expected = special
        loops.float([a], true, special, false, &y, special.count)
        loops.floatReference([a], true, special, false, &expected, special.count)
        for (value, reference) in zip(y, expected) {
          #expect(error(value, Double(reference)) == 0)
        }
      }
    }
  }

  @Test func minimumAndMaximumPropagateNaN() {
    #expect(Float.minimum(.nan, 1).isNaN && Float.minimum(1, .nan).isNaN)
    #expect(Double.maximum(.nan, 1).isNaN && Double.maximum(1, .nan).isNaN)
    #expect(Float.maximum(2, 1) == 2 && Double.minimum(2, 1) == 1)
  }

  @Test func valuesDoNotDependOnTheirPosition() {
    let loops = UnaryLoops(ErrorFunction())
    let x = (0..<50).map { Float($0) / 9 - 2 }
    let whole = apply(loops, x)
    for start in [0, 1, 7, 33] {
      for count in [0, 1, 15, 16, 17] {
        // A guard behind the output, and the operand overwritten in place.
        var y = Array(x[start..<start + count]) + [77]
        y.withUnsafeMutableBufferPointer {
          loops.float(UnsafePointer($0.baseAddress!), $0.baseAddress!, count)
        }
        #expect(y == Array(whole[start..<start + count]) + [77])
      }
    }
  }

  @Test func operandsMayBeScalarsOrTheOutput() {
    let loops = BinaryLoops(Mixture())
    let x = (0..<21).map { Float($0) / 4 - 3 }
    func mix(_ a: Float, _ b: Float) -> Float { Mixture().apply(a, b) }
    var y = x
    loops.float(x, false, [1.5], true, &y, 21)
    #expect(y == x.map { mix($0, 1.5) })
    loops.float([1.5], true, x, false, &y, 21)
    #expect(y == x.map { mix(1.5, $0) })
    y = x + [5]
    y.withUnsafeMutableBufferPointer {
      let p = $0.baseAddress!
      loops.float(UnsafePointer(p), false, UnsafePointer(p), false, p, 21)
    }
    #expect(y == x.map { mix($0, $0) } + [5])
    var d = x.map(Double.init)
    loops.doubleReference(d, false, [1.5], true, &d, 21)
    #expect(d == x.map { Mixture().apply(Double($0), 1.5) })
  }

  @Test func predicatesWriteZeroAndOne() {
    for loops in [PredicateLoops(Less()), PredicateLoops(Equal())] {
      for b in special {
        var y = [UInt8](repeating: 9, count: special.count + 1), z = y
        loops.float(special, false, [b], true, &y, special.count)
        loops.floatReference(special, false, [b], true, &z, special.count)
        #expect(y == z && y.last == 9)
      }
    }
    var y = [UInt8](repeating: 0, count: 3)
    PredicateLoops(Less()).doubleReference([1, 2, .nan], false, [2], true, &y, 3)
    #expect(y == [1, 0, 0])
  }
}
