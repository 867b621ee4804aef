import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

/// What elementwise operations mean, kinks and special values included.
@Suite struct ElementwiseTests {
  private let nan = Double.nan
  private let infinity = Double.infinity

  /// NaN equals NaN here; everything else must be equal, or within a few units in the last place
  /// where `tolerance` says so.
  private func expect(
    _ actual: [Double], _ expected: [Double], within tolerance: Double = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(actual.count == expected.count, sourceLocation: sourceLocation)
    for (a, b) in zip(actual, expected) where !(a.isNaN && b.isNaN) {
      #expect(a == b || abs(a - b) <= tolerance * abs(b), sourceLocation: sourceLocation)
    }
  }

  @Test func signsAndMagnitudes() throws {
    let x = vector(-2.5, -0.0, 0, 3, nan, -infinity)
    expect(try Neg().numbers(x), [2.5, 0, 0, -3, nan, infinity])
    expect(try Abs().numbers(x), [2.5, 0, 0, 3, nan, infinity])
    expect(try Sign().numbers(x), [-1, 0, 0, 1, nan, -1])
    expect(try Square().numbers(x), [6.25, 0, 0, 9, nan, infinity])
    expect(try Step().numbers(x), [0, 0, 0, 1, 0, 0])
    expect(try Relu().numbers(x), [0, 0, 0, 3, nan, 0])
    expect(try LeakyRelu(slope: 0.5).numbers(x), [-1.25, 0, 0, 3, nan, -infinity])
    expect(try Reciprocal().numbers(vector(-2, 0, infinity)), [-0.5, infinity, 0])
  }

  @Test func integersHaveSignsAndMagnitudes() throws {
    let x = HostTensor([3], [Int32.min, -3, 4])
    #expect(try Neg().evaluate(x)[0].elements(as: Int32.self) == [.min, 3, -4])
    #expect(try Abs().evaluate(x)[0].elements(as: Int32.self) == [.min, 3, 4])
    #expect(try Sign().evaluate(x)[0].elements(as: Int32.self) == [-1, -1, 1])
    let words = HostTensor([2], [UInt32(0), 65537])
    #expect(try Square().evaluate(words)[0].elements(as: UInt32.self) == [0, 131073])
    #expect(try Neg().evaluate(words)[0].elements(as: UInt32.self) == [0, 4_294_901_759])
  }

  @Test func rounding() throws {
    let x = vector(-1.5, -0.5, 0.5, 1.5, 2.5, 2.25)
    expect(try Floor().numbers(x), [-2, -1, 0, 1, 2, 2])
    expect(try Ceil().numbers(x), [-1, 0, 1, 2, 3, 3])
    expect(try Round().numbers(x), [-2, 0, 0, 2, 2, 2])
    expect(try Frac().numbers(x), [0.5, 0.5, 0.5, 0.5, 0.5, 0.25])
    expect(try Frac().numbers(tensor([-1e-10], nil, .f32)), [1])
  }

  // Numbers to 16 digits: Python's math module.
  @Test func elementaryFunctions() throws {
    let e = 4e-16
    expect(try Exp().numbers(vector(0, 1, -infinity)), [1, 2.718281828459045, 0], within: e)
    expect(
      try Log().numbers(vector(1, 10, 0, -1)), [0, 2.302585092994046, -infinity, nan], within: e)
    expect(try Sqrt().numbers(vector(0, 2, -1)), [0, 1.4142135623730951, nan])
    expect(try Rsqrt().numbers(vector(4, 0, -1)), [0.5, infinity, nan])
    expect(try Tanh().numbers(vector(0.5, 1000)), [0.46211715726000973, 1], within: e)
    expect(try Erf().numbers(vector(0.5, -9)), [0.5204998778130465, -1], within: e)
    expect(try Sigmoid().numbers(vector(0.5, -1000, 1000)), [0.6224593312018546, 0, 1], within: e)
    expect(
      try Gelu().numbers(vector(1, -1, 0)), [0.8413447460685429, -0.15865525393145707, 0],
      within: e)
  }

  // Source: the acceptance vectors of the defence's definition, computed with PyTorch 2.13.
  @Test func swishOnItsAcceptanceVector() throws {
    let x = vector(-2, -0.5, 0, 1, 3)
    let value = try Swish().numbers(x)
    let slope = try Swish().cotangents(x)[0]
    let values = [-0.238405844, -0.1887703344, 0, 0.7310585786, 2.8577223805]
    let slopes = [-0.0907842488, 0.2600388127, 0.5, 0.9276705119, 1.088104106]
    let curvatures = [0.0500621687, 0.441229027, 0.5, 0.3023661188, -0.0323214045]
    let curvature = try slopeOfSlope(Swish(), x)
    for i in 0..<5 {
      #expect(abs(value[i] - values[i]) < 6e-11)
      #expect(abs(slope[i] - slopes[i]) < 6e-11)
      #expect(abs(curvature[i] - curvatures[i]) < 2e-10)
    }
  }

  /// The derivative of the gradient rule by central differences, extrapolated (Richardson).
  private func slopeOfSlope(_ op: any TensorOp, _ x: HostTensor) throws -> [Double] {
    func difference(_ step: Double) throws -> [Double] {
      let ahead = try op.cotangents(tensor(x.doubles.map { $0 + step }))[0]
      let behind = try op.cotangents(tensor(x.doubles.map { $0 - step }))[0]
      return zip(ahead, behind).map { ($0 - $1) / (2 * step) }
    }
    return zip(try difference(1e-3), try difference(5e-4)).map { (4 * $1 - $0) / 3 }
  }

  @Test func arithmetic() throws {
    let a = vector(6, -7, 1), b = vector(3, 2, 0)
    expect(try Add().numbers(a, b), [9, -5, 1])
    expect(try Sub().numbers(a, b), [3, -9, 1])
    expect(try Mul().numbers(a, b), [18, -14, 0])
    expect(try Div().numbers(a, b), [2, -3.5, infinity])
    expect(try Pow().numbers(vector(2, 0, -2, -2), vector(3, 0, 3, 0.5)), [8, 1, -8, nan])
    expect(try Minimum().numbers(vector(1, nan, 2), vector(2, 0, nan)), [1, nan, nan])
    expect(try Maximum().numbers(vector(1, nan, 2), vector(2, 0, nan)), [2, nan, nan])
  }

  @Test func integersDivideRoundingDown() throws {
    let a = HostTensor([6], [Int64(7), -7, 7, -7, 5, .min])
    let b = HostTensor([6], [Int64(2), 2, -2, -2, 0, -1])
    #expect(try Div().evaluate(a, b)[0].elements(as: Int64.self) == [3, -4, -4, 3, 0, .min])
    let c = HostTensor([2], [UInt32(7), 7]), d = HostTensor([2], [UInt32(2), 0])
    #expect(try Div().evaluate(c, d)[0].elements(as: UInt32.self) == [3, 0])
  }

  @Test func integersWrapAround() throws {
    let a = HostTensor([1], [Int32.max]), b = HostTensor([1], [Int32(2)])
    #expect(try Add().evaluate(a, b)[0].elements(as: Int32.self) == [Int32.min + 1])
    #expect(try Mul().evaluate(a, b)[0].elements(as: Int32.self) == [-2])
    #expect(try Sub().evaluate(b, a)[0].elements(as: Int32.self) == [3 + Int32.min])
    #expect(try Minimum().evaluate(a, b)[0].elements(as: Int32.self) == [2])
  }

  @Test func comparisonsFollowIEEE() throws {
    let a = vector(1, 2, 2, nan, nan), b = vector(2, 1, 2, 0, nan)
    expect(try Equal().numbers(a, b), [0, 0, 1, 0, 0])
    expect(try NotEqual().numbers(a, b), [1, 1, 0, 1, 1])
    expect(try Less().numbers(a, b), [1, 0, 0, 0, 0])
    expect(try LessEqual().numbers(a, b), [1, 0, 1, 0, 0])
    expect(try Greater().numbers(a, b), [0, 1, 0, 0, 0])
    expect(try GreaterEqual().numbers(a, b), [0, 1, 1, 0, 0])
    let c = HostTensor([2], [UInt32.max, 0]), d = HostTensor([2], [UInt32(0), 0])
    #expect(try Greater().evaluate(c, d)[0].elements(as: Bool.self) == [true, false])
    #expect(try NotEqual().evaluate(c, d)[0].elements(as: Bool.self) == [true, false])
  }

  @Test func logicAndBits() throws {
    let a = HostTensor([4], [false, false, true, true])
    let b = HostTensor([4], [false, true, false, true])
    expect(try And().numbers(a, b), [0, 0, 0, 1])
    expect(try Or().numbers(a, b), [0, 1, 1, 1])
    expect(try Xor().numbers(a, b), [0, 1, 1, 0])
    expect(try Not().numbers(a), [1, 1, 0, 0])
    let x = HostTensor([1], [UInt32(0x8000_00F0)]), y = HostTensor([1], [UInt32(0x0000_0FF1)])
    #expect(try BitAnd().evaluate(x, y)[0].elements(as: UInt32.self) == [0xF0])
    #expect(try BitOr().evaluate(x, y)[0].elements(as: UInt32.self) == [0x8000_0FF1])
    #expect(try BitXor().evaluate(x, y)[0].elements(as: UInt32.self) == [0x8000_0F01])
    #expect(try ShiftLeft(1).evaluate(x)[0].elements(as: UInt32.self) == [0x1E0])
    #expect(try ShiftRight(4).evaluate(x)[0].elements(as: UInt32.self) == [0x0800_000F])
  }

  @Test func selectLeavesNoTraceOfTheOther() throws {
    let condition = HostTensor([2], [true, false])
    expect(try Select().numbers(condition, vector(1, nan), vector(nan, 2)), [1, 2])
    let keys = HostTensor([2], [Key(1, 2), Key(3, 4)])
    let others = HostTensor([2], [Key(5, 6), Key(7, 8)])
    #expect(
      try Select().evaluate(condition, keys, others)[0].elements(as: Key.self)
        == [Key(1, 2), Key(7, 8)])
  }

  @Test func clampBetweenEnds() throws {
    let x = vector(-2, 0.5, 3, nan, 0.5)
    let low = vector(-1, -1, -1, -1, 1), high = vector(1, 1, 1, 1, 0)
    expect(try Clamp().numbers(x, low, high), [-1, 0.5, 1, nan, 0])
  }

  @Test func conversions() throws {
    let x = vector(1.9, -1.9, nan, 1e10, -1e30)
    #expect(
      try Convert(.i32).evaluate(x)[0].elements(as: Int32.self) == [1, -1, 0, .max, .min])
    #expect(try Convert(.u32).evaluate(x)[0].elements(as: UInt32.self) == [1, 0, 0, .max, 0])
    expect(try Convert(.bool).numbers(vector(0, -0.5, nan)), [0, 1, 1])
    expect(try Convert(.f32).numbers(vector(0.1)), [Double(Float(0.1))])
    // Straight to 32 bits: by way of Double this would round twice.
    let tie = HostTensor([1], [Int64(1) << 60 + Int64(1) << 36 + 1])
    #expect(try Convert(.f32).evaluate(tie)[0].elements(as: Float.self) == [0x1.000002p60])
  }

  @Test func detachKeepsTheValue() throws {
    let key = HostTensor(Key(1, 2))
    #expect(try Detach().evaluate(key) == [key])
  }

  // MARK: conventions at kinks

  @Test func slopesAtKinks() throws {
    #expect(try Relu().cotangents(vector(-1, 0, 1)) == [[0, 0, 1]])
    #expect(try LeakyRelu(slope: 0.25).cotangents(vector(-1, 0, 1)) == [[0.25, 0.25, 1]])
    #expect(try Abs().cotangents(vector(-1, 0, 1)) == [[-1, 0, 1]])
    #expect(try Frac().cotangents(vector(-1, 0.5, 1)) == [[1, 1, 1]])
    #expect(try Sqrt().cotangents(vector(0)) == [[infinity]])
  }

  @Test func tiesShareTheGradient() throws {
    let a = vector(1, 2, 3), b = vector(2, 2, 2)
    #expect(try Minimum().cotangents(a, b) == [[1, 0.5, 0], [0, 0.5, 1]])
    #expect(try Maximum().cotangents(a, b) == [[0, 0.5, 1], [1, 0.5, 0]])
    #expect(try Minimum().cotangents(vector(nan), vector(1)) == [[1], [1]])
  }

  @Test func clampPassesTheGradientAtItsEnds() throws {
    let x = vector(-2, -1, 0, 1, 2)
    let low = tensor([-1, -1, -1, -1, -1]), high = tensor([1, 1, 1, 1, 1])
    #expect(
      try Clamp().cotangents(x, low, high)
        == [[0, 1, 1, 1, 0], [1, 0, 0, 0, 0], [0, 0, 0, 0, 1]])
    // Ends in the wrong order: the result is the upper one, and so is its gradient.
    #expect(try Clamp().cotangents(vector(0), vector(1), vector(-1)) == [[0], [0], [1]])
  }

  @Test func powersHaveFiniteSlopesAtZero() throws {
    #expect(try Pow().cotangents(vector(0, 0, 2), vector(2, 0, 0))[0] == [0, 0, 0])
    let slopes = try Pow().cotangents(vector(0, 0, 2), vector(2, 0, 3))[1]
    #expect(slopes[0] == 0 && slopes[1] == 0)
    #expect(abs(slopes[2] - 5.545177444479562) < 1e-14)  // 8 ln 2
  }

  @Test func conversionToIntegersStopsTheGradient() throws {
    #expect(try OpGradient(of: Convert(.i32), [TensorType(.f64, [2])]).targets.isEmpty)
    #expect(try Convert(.f32).cotangents(vector(1, 2)) == [[1, 1]])
  }
}
