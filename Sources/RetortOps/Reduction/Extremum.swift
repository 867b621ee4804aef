import RetortIR
import RetortTensor

/// `reduce_max`, `reduce_min`, `argmax` and `argmin`: what they share.
///
/// NaN counts as more extreme than every number. Of equal elements the first is meant.
///
/// - C1: `x` is a number.
/// - C2: `axis` is one of `x`.
/// - C3: it is not empty.
package protocol Extremum: TensorOp {
  static var seeksLargest: Bool { get }
  var axis: Int { get set }
  init()
}

extension Extremum {
  package static var operandNames: [String] { ["x"] }

  /// The axis, not negative, of a type that fits.
  func checkedOperand(_ x: TensorType) throws(Violation) -> Int {
    try require(x.element.isNumber, "C1", "takes numbers, got \(x)", operand: 0)
    let axis = try checkedAxis(axis, of: x, "C2")
    try require(x.shape[axis] > 0, "C3", "axis \(axis) of \(x) has no element", operand: 0)
    return axis
  }

  static func samples(_ ops: Self...) -> [Sample] {
    ops.flatMap { (op: Self) in
      [TensorType([4, 7, 3]), TensorType([33, 1]), TensorType(.i32, [4, 5])].map { type in
        let real = Sample.Operand(type, .distinct(-2...2))
        return Sample(op, [type.element.isReal ? real : .init(type, .integers(0...5))])
      }
    }
  }

  /// Calls `found` with each result's number, and its element's place along the axis and in `x`.
  func forEachExtremum<E: Element & Comparable>(
    _ x: TensorView, _: E.Type, _ found: (_ result: Int, _ place: Int, _ index: Int) -> Void
  ) {
    let split = AxisSplit(x.shape, axis: x.shape.normalised(axis)!)
    let source = x.elements(E.self)
    for outer in 0..<split.outerCount {
      for inner in 0..<split.innerCount {
        let start = outer * split.extent * split.innerCount + inner
        var best = 0
        for i in 1..<max(split.extent, 1) {
          let (element, champion) = (
            source[start + i * split.innerCount], source[start + best * split.innerCount]
          )
          // Only NaN differs from itself.
          if champion != champion { break }
          let beats = Self.seeksLargest ? element > champion : element < champion
          if beats || element != element { best = i }
        }
        found(outer * split.innerCount + inner, best, start + best * split.innerCount)
      }
    }
  }

  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    .moving(operands, results, flops: operands[0].elementCount)
  }
}

/// `reduce_max` and `reduce_min`: the extreme elements along one axis. The gradient goes to the
/// first of them.
package protocol ExtremeValue: Extremum {
  var keep: Bool { get set }
  /// The places of the extreme elements along the axis, which is left out.
  func places(_ b: inout GraphBuilder, _ x: Value) -> Value
}

extension ExtremeValue {
  package init(axis: Int, keep: Bool = false) {
    self.init()
    self.axis = axis
    self.keep = keep
  }

  package static var samples: [Sample] {
    samples(Self(axis: 1), Self(axis: 0), Self(axis: -1, keep: true))
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    let axis = try checkedOperand(x)
    return [x.with(x.shape.reduced([axis], keep: keep))]
  }

  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let x = primal.inputs[0]
    let shape = b.shape(of: x)
    let axis = shape.normalised(axis)!
    let kept = shape.reduced([axis], keep: true)
    let place = b.reshape(places(&b, x), kept)
    let isPlace = b.equal(b.iota(shape, axis: axis), place)
    return [b.select(isPlace, b.reshape(primal.seed, kept), b.fill(0, like: x))]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .f64: pick(Double.self, operands[0], results[0])
    case .f32: pick(Float.self, operands[0], results[0])
    case .i64: pick(Int64.self, operands[0], results[0])
    case .i32: pick(Int32.self, operands[0], results[0])
    default: pick(UInt32.self, operands[0], results[0])
    }
  }

  private func pick<E: Element & Comparable>(_: E.Type, _ x: TensorView, _ y: TensorView) {
    let source = x.elements(E.self), target = y.elements(E.self)
    forEachExtremum(x, E.self) { result, _, index in target[result] = source[index] }
  }
}

/// `argmax` and `argmin`: the places of the extreme elements along one axis, as `i32`.
package protocol ExtremePlace: Extremum {}

extension ExtremePlace {
  package init(axis: Int) {
    self.init()
    self.axis = axis
  }

  package static var samples: [Sample] { samples(Self(axis: 1), Self(axis: 0), Self(axis: -1)) }
  package static var differentiability: Differentiability {
    .none(reason: "\(name) is piecewise constant")
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let x = operands[0]
    let axis = try checkedOperand(x)
    return [TensorType(.i32, x.shape.reduced([axis], keep: false))]
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .f64: locate(Double.self, operands[0], results[0])
    case .f32: locate(Float.self, operands[0], results[0])
    case .i64: locate(Int64.self, operands[0], results[0])
    case .i32: locate(Int32.self, operands[0], results[0])
    default: locate(UInt32.self, operands[0], results[0])
    }
  }

  private func locate<E: Element & Comparable>(_: E.Type, _ x: TensorView, _ y: TensorView) {
    let target = y.elements(Int32.self)
    forEachExtremum(x, E.self) { result, place, _ in target[result] = Int32(place) }
  }
}
