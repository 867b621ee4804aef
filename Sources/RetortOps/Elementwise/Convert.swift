import RetortIR
import RetortTensor

/// `x` as elements of another type: reals round to nearest even, reals become integers toward zero
/// and within the range (NaN becomes 0), integers that do not fit become the nearest end, numbers
/// become `bool` by `x ≠ 0`, `true` becomes 1.
///
/// A gradient flows between reals and is zero elsewhere.
///
/// - C1: `x` is a number or `bool`.
/// - C2: so is `type`.
package struct Convert: TensorOp {
  package static let name = "convert"
  package static let summary = "the same values as another element type"
  package static let operandNames = ["x"]
  package static let attributes: [Attribute<Convert>] = [
    Attribute("type", \.type, required: true, "the result's element type")
  ]
  package static let samples: [Sample] = {
    let shape: Shape = [5, 7]
    return [
      Sample(Convert(.f64), [TensorType(.f32, shape)]),
      Sample(Convert(.f32), [TensorType(.f32, [0])]),
      Sample(Convert(.f32), [TensorType(.i32, shape)]),
      Sample(Convert(.f32), [TensorType(.bool, shape)]),
      Sample(Convert(.i64), [TensorType(.u32, shape)]),
      Sample(Convert(.bool), [TensorType(.i64, shape)]),
    ]
  }()
  package var type = ElementType.f32

  package init() {}

  package init(_ type: ElementType) { self.type = type }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let source = operands[0]
    try require(
      source.element.isNumber || source.element == .bool, "C1",
      "converts numbers and bool, got \(source)", operand: 0)
    try require(
      type.isNumber || type == .bool, "C2", "converts to numbers and bool, not to \(type)")
    return [source.with(type)]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let source = b.type(of: primal.inputs[0]).element
    return [type.isReal && source.isReal ? b.convert(primal.seed, source) : nil]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .f64: convert(Double.self, operands[0], results[0])
    case .f32: convert(Float.self, operands[0], results[0])
    case .i64: convert(Int64.self, operands[0], results[0])
    case .i32: convert(Int32.self, operands[0], results[0])
    case .u32: convert(UInt32.self, operands[0], results[0])
    default: convert(Bool.self, operands[0], results[0])
    }
  }

  private func convert<S: Convertible>(_: S.Type, _ x: TensorView, _ y: TensorView) {
    let source = x.elements(S.self)
    func write<T: Element>(_: T.Type, _ value: (S) -> T) {
      let target = y.elements(T.self)
      for i in source.indices { target[i] = value(source[i]) }
    }
    switch type {
    case .f64: write(Double.self) { $0.double }
    case .f32: write(Float.self) { $0.float }
    case .i64: write(Int64.self) { $0.integer }
    case .i32: write(Int32.self) { Int32(clamping: $0.integer) }
    case .u32: write(UInt32.self) { UInt32(clamping: $0.integer) }
    default: write(Bool.self) { $0.double != 0 }
    }
  }
}

/// What every element can be read as, each from the source itself, so that nothing rounds twice.
private protocol Convertible: Element {
  var double: Double { get }
  var float: Float { get }
  var integer: Int64 { get }
}

extension Double: Convertible {
  fileprivate var double: Double { self }
  fileprivate var float: Float { Float(self) }
  fileprivate var integer: Int64 { Int64(saturating: self) }
}

extension Float: Convertible {
  fileprivate var double: Double { Double(self) }
  fileprivate var float: Float { self }
  fileprivate var integer: Int64 { Int64(saturating: Double(self)) }
}

extension Convertible where Self: FixedWidthInteger {
  fileprivate var double: Double { Double(self) }
  fileprivate var float: Float { Float(self) }
  fileprivate var integer: Int64 { Int64(self) }
}

extension Int64: Convertible {}
extension Int32: Convertible {}
extension UInt32: Convertible {}

extension Bool: Convertible {
  fileprivate var double: Double { self ? 1 : 0 }
  fileprivate var float: Float { self ? 1 : 0 }
  fileprivate var integer: Int64 { self ? 1 : 0 }
}

extension GraphBuilder {
  /// `x` as elements of `type`; `x` itself where they are that already.
  package mutating func convert(_ x: Value, _ type: ElementType) -> Value {
    self.type(of: x).element == type ? x : add(Convert(type), [x])
  }
}
