import RetortFormats
import RetortIR
import RetortOps
import RetortTensor
import RetortText

// Operations on one element at a time.

/// An operation that is one operator of ONNX on the same operands.
protocol OnnxElementwise: OnnxExportable {
  static var onnxName: String { get }
}

extension OnnxElementwise {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let operands = e.broadcasting(node.operands)
    e.defineArithmetic(node.results[0], of: e.type(of: node.operands[0]).element) { e, widen in
      e.add(Self.onnxName, operands.map { widen(&e, $0) })
    }
  }
}

extension Neg: OnnxElementwise { static let onnxName = "Neg" }
extension Abs: OnnxElementwise { static let onnxName = "Abs" }
extension Sign: OnnxElementwise { static let onnxName = "Sign" }
extension Reciprocal: OnnxElementwise { static let onnxName = "Reciprocal" }
extension Sqrt: OnnxElementwise { static let onnxName = "Sqrt" }
extension Exp: OnnxElementwise { static let onnxName = "Exp" }
extension Log: OnnxElementwise { static let onnxName = "Log" }
extension Erf: OnnxElementwise { static let onnxName = "Erf" }
extension Tanh: OnnxElementwise { static let onnxName = "Tanh" }
extension Sigmoid: OnnxElementwise { static let onnxName = "Sigmoid" }
extension Relu: OnnxElementwise { static let onnxName = "Relu" }
extension Floor: OnnxElementwise { static let onnxName = "Floor" }
extension Ceil: OnnxElementwise { static let onnxName = "Ceil" }
extension Round: OnnxElementwise { static let onnxName = "Round" }
extension Add: OnnxElementwise { static let onnxName = "Add" }
extension Sub: OnnxElementwise { static let onnxName = "Sub" }
extension Mul: OnnxElementwise { static let onnxName = "Mul" }
extension Pow: OnnxElementwise { static let onnxName = "Pow" }
extension Minimum: OnnxElementwise { static let onnxName = "Min" }
extension Maximum: OnnxElementwise { static let onnxName = "Max" }
extension Equal: OnnxElementwise { static let onnxName = "Equal" }
extension Less: OnnxElementwise { static let onnxName = "Less" }
extension LessEqual: OnnxElementwise { static let onnxName = "LessOrEqual" }
extension Greater: OnnxElementwise { static let onnxName = "Greater" }
extension GreaterEqual: OnnxElementwise { static let onnxName = "GreaterOrEqual" }
extension And: OnnxElementwise { static let onnxName = "And" }
extension Or: OnnxElementwise { static let onnxName = "Or" }
extension Xor: OnnxElementwise { static let onnxName = "Xor" }
extension Not: OnnxElementwise { static let onnxName = "Not" }

extension Square: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let x = e.whole(node.operands[0])
    e.defineArithmetic(node.results[0], of: e.type(of: node.operands[0]).element) { e, widen in
      let x = widen(&e, x)
      return e.add("Mul", [x, x])
    }
  }
}

extension NotEqual: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let operands = e.broadcasting(node.operands)
    e.defineArithmetic(node.results[0], of: e.type(of: node.operands[0]).element) { e, widen in
      let equal = e.add("Equal", operands.map { widen(&e, $0) })
      return e.add("Not", [equal])
    }
  }
}

extension Div: OnnxExportable {
  /// ONNX cuts quotients of integers towards zero and may stop at a divisor of zero; here they are
  /// rounded down, and `x / 0` is 0.
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let element = e.type(of: node.operands[0]).element
    let operands = e.broadcasting(node.operands)
    guard element.isInteger else {
      e.define(node.results[0], "Div", operands)
      return
    }
    e.defineArithmetic(node.results[0], of: element) { e, widen in
      let work = element == .u32 ? ElementType.i64 : element
      let (a, b) = (widen(&e, operands[0]), widen(&e, operands[1]))
      let (zero, one) = (e.scalar(0, work), e.scalar(1, work))
      let isZero = e.add("Equal", [b, zero])
      let divisor = e.add("Where", [isZero, one, b])
      let quotient = e.add("Div", [a, divisor])
      let product = e.add("Mul", [quotient, divisor])
      let isExact = e.add("Equal", [product, a])
      let differ = e.add("Xor", [e.add("Less", [a, zero]), e.add("Less", [divisor, zero])])
      let rounds = e.add("And", [e.add("Not", [isExact]), differ])
      let down = e.add("Sub", [quotient, e.cast(rounds, to: work)])
      return e.add("Where", [isZero, zero, down])
    }
  }
}

extension Rsqrt: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(node.results[0], "Reciprocal", [e.add("Sqrt", [e.whole(node.operands[0])])])
  }
}

extension Frac: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let x = e.whole(node.operands[0])
    e.define(node.results[0], "Sub", [x, e.add("Floor", [x])])
  }
}

extension Step: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let element = e.type(of: node.operands[0]).element
    let isPositive = e.add("Greater", [e.whole(node.operands[0]), e.scalar(0, element)])
    e.define(node.results[0], castFrom: isPositive)
  }
}

extension LeakyRelu: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let element = e.type(of: node.operands[0]).element
    let x = e.whole(node.operands[0])
    let isPositive = e.add("Greater", [x, e.scalar(0, element)])
    let scaled = e.add("Mul", [x, e.scalar(slope, element)])
    e.define(node.results[0], "Where", [isPositive, x, scaled])
  }
}

extension Swish: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let x = e.whole(node.operands[0])
    e.define(node.results[0], "Mul", [x, e.add("Sigmoid", [x])])
  }
}

extension Gelu: OnnxExportable {
  /// `x/2 · (1 + erf(x / √2))`
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let element = e.type(of: node.operands[0]).element
    let x = e.whole(node.operands[0])
    let erf = e.add("Erf", [e.add("Mul", [x, e.scalar(0.5.squareRoot(), element)])])
    let twice = e.add("Add", [erf, e.scalar(1, element)])
    e.define(node.results[0], "Mul", [e.add("Mul", [x, e.scalar(0.5, element)]), twice])
  }
}

extension Clamp: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let operands = e.broadcasting(node.operands)
    e.define(node.results[0], "Min", [e.add("Max", [operands[0], operands[1]]), operands[2]])
  }
}

extension Select: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let element = e.type(of: node.results[0]).element
    guard element == .key else {
      let operands = e.broadcasting(node.operands)
      guard element == .bool else {
        e.define(node.results[0], "Where", operands)
        return
      }
      // ONNX Runtime chooses between numbers only.
      let first = e.add("And", [operands[0], operands[1]])
      let second = e.add("And", [e.add("Not", [operands[0]]), operands[2]])
      e.define(node.results[0], "Or", [first, second])
      return
    }
    // The condition needs an axis for a key's two words.
    let condition = e.add("Unsqueeze", [e.whole(node.operands[0]), e.integers([-1])])
    e.define(
      node.results[0], "Where",
      [condition, e.whole(node.operands[1]), e.whole(node.operands[2])])
  }
}

extension Detach: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(node.results[0], "Identity", [e.whole(node.operands[0])])
  }
}

extension Convert: OnnxExportable {
  /// ONNX leaves open what a number becomes that the target does not hold, so it is cut to the
  /// range first; where the source does not hold the range's end, that is put in afterwards.
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    let source = e.type(of: node.operands[0]).element
    var x = e.whole(node.operands[0])
    guard type.isInteger, let range = Self.range(of: type, asHeldBy: source) else {
      e.define(node.results[0], castFrom: x)
      return
    }
    if source.isReal { x = e.add("Where", [e.add("IsNaN", [x]), e.scalar(0, source), x]) }
    let low = e.add("Max", [x, e.scalar(range.low, source)])
    let cut = e.add("Min", [low, e.scalar(range.high, source)])
    guard let end = range.end else {
      e.define(node.results[0], castFrom: cut)
      return
    }
    let isPast = e.add("Greater", [x, e.scalar(range.high, source)])
    e.define(
      node.results[0], "Where",
      [isPast, e.constant(end.converted(to: type), "last"), e.cast(cut, to: type)])
  }

  private struct Range {
    let low: Double
    let high: Double
    /// The range's end where the source does not hold it.
    var end: HostTensor?
  }

  /// An integer type's range as far as the source holds it; nil where the source holds nothing else.
  private static func range(of type: ElementType, asHeldBy source: ElementType) -> Range? {
    let isSingle = source == .f32
    switch (type, source) {
    case (.i32, .f32), (.i32, .f64):
      return isSingle
        ? Range(low: -0x1p31, high: 0x1p31 - 128, end: HostTensor(Int64(1) << 31 - 1))
        : Range(low: -0x1p31, high: 0x1p31 - 1)
    case (.u32, .f32), (.u32, .f64):
      return isSingle
        ? Range(low: 0, high: 0x1p32 - 256, end: HostTensor(Int64(1) << 32 - 1))
        : Range(low: 0, high: 0x1p32 - 1)
    case (.i64, .f32), (.i64, .f64):
      return Range(
        low: -0x1p63, high: isSingle ? 0x1p63 - 0x1p39 : 0x1p63 - 1024,
        end: HostTensor(Int64.max))
    case (.i32, .i64): return Range(low: -0x1p31, high: 0x1p31 - 1)
    case (.u32, .i64): return Range(low: 0, high: 0x1p32 - 1)
    case (.u32, .i32): return Range(low: 0, high: 0x1p31 - 1)
    case (.i32, .u32): return Range(low: 0, high: 0x1p31 - 1)
    default: return nil
    }
  }
}

// MARK: bits

extension BitAnd: OnnxElementwise { static let onnxName = "BitwiseAnd" }
extension BitOr: OnnxElementwise { static let onnxName = "BitwiseOr" }
extension BitXor: OnnxElementwise { static let onnxName = "BitwiseXor" }

extension BinaryBits where Self: OnnxElementwise {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(node.results[0], Self.onnxName, e.broadcasting(node.operands))
  }
}

extension ShiftLeft: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(
      node.results[0], "BitShift",
      [e.whole(node.operands[0]), e.scalar(Double(amount), .u32)],
      [OnnxAttribute("direction", "LEFT")])
  }
}

extension ShiftRight: OnnxExportable {
  func export(_ node: Node, _ e: inout OnnxEmitter) throws(Diagnostics) {
    e.define(
      node.results[0], "BitShift",
      [e.whole(node.operands[0]), e.scalar(Double(amount), .u32)],
      [OnnxAttribute("direction", "RIGHT")])
  }
}
