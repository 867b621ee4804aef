import RetortIR
import RetortTensor

/// `a = b`, element by element; constraints as `Comparison` says.
package struct Equal: Comparison {
  package static let name = "equal"
  package static let summary = "whether a = b"
  package static let samples = Sample.comparison(Equal())
  package init() {}

  package var loops: PredicateLoops { PredicateLoops(self) }
  @inline(__always)
  package func holds<L: Lanes>(_ a: L, _ b: L) -> L.Mask { L.equal(a, b) }
  package func holds<I: FixedWidthInteger>(integers a: I, _ b: I) -> Bool { a == b }
}

/// `a ≠ b`, element by element; constraints as `Comparison` says.
package struct NotEqual: Comparison {
  package static let name = "not_equal"
  package static let summary = "whether a ≠ b"
  package static let samples = Sample.comparison(NotEqual())
  package init() {}

  package var loops: PredicateLoops { PredicateLoops(self) }
  // Masks have no negation; a number tells equal lanes from the others, NaN included.
  @inline(__always)
  package func holds<L: Lanes>(_ a: L, _ b: L) -> L.Mask {
    L.less(L(0), L.select(L.equal(a, b), L(0), L(1)))
  }
  package func holds<I: FixedWidthInteger>(integers a: I, _ b: I) -> Bool { a != b }
}

/// `a < b`, element by element; constraints as `Comparison` says.
package struct Less: Comparison {
  package static let name = "less"
  package static let summary = "whether a < b"
  package static let samples = Sample.comparison(Less())
  package init() {}

  package var loops: PredicateLoops { PredicateLoops(self) }
  @inline(__always)
  package func holds<L: Lanes>(_ a: L, _ b: L) -> L.Mask { L.less(a, b) }
  package func holds<I: FixedWidthInteger>(integers a: I, _ b: I) -> Bool { a < b }
}

/// `a ≤ b`, element by element; constraints as `Comparison` says.
package struct LessEqual: Comparison {
  package static let name = "less_equal"
  package static let summary = "whether a ≤ b"
  package static let samples = Sample.comparison(LessEqual())
  package init() {}

  package var loops: PredicateLoops { PredicateLoops(self) }
  @inline(__always)
  package func holds<L: Lanes>(_ a: L, _ b: L) -> L.Mask { L.lessOrEqual(a, b) }
  package func holds<I: FixedWidthInteger>(integers a: I, _ b: I) -> Bool { a <= b }
}

/// `a > b`, element by element; constraints as `Comparison` says.
package struct Greater: Comparison {
  package static let name = "greater"
  package static let summary = "whether a > b"
  package static let samples = Sample.comparison(Greater())
  package init() {}

  package var loops: PredicateLoops { PredicateLoops(self) }
  @inline(__always)
  package func holds<L: Lanes>(_ a: L, _ b: L) -> L.Mask { L.less(b, a) }
  package func holds<I: FixedWidthInteger>(integers a: I, _ b: I) -> Bool { a > b }
}

/// `a ≥ b`, element by element; constraints as `Comparison` says.
package struct GreaterEqual: Comparison {
  package static let name = "greater_equal"
  package static let summary = "whether a ≥ b"
  package static let samples = Sample.comparison(GreaterEqual())
  package init() {}

  package var loops: PredicateLoops { PredicateLoops(self) }
  @inline(__always)
  package func holds<L: Lanes>(_ a: L, _ b: L) -> L.Mask { L.lessOrEqual(b, a) }
  package func holds<I: FixedWidthInteger>(integers a: I, _ b: I) -> Bool { a >= b }
}

extension GraphBuilder {
  /// `a = b` as `bool`, broadcast.
  package mutating func equal(_ a: Value, _ b: Value) -> Value {
    elementwise(Equal(), a, b)
  }
  package mutating func equal(_ a: Value, _ b: Double) -> Value {
    equal(a, fill(b, like: a))
  }

  /// `a ≠ b` as `bool`, broadcast.
  package mutating func notEqual(_ a: Value, _ b: Value) -> Value {
    elementwise(NotEqual(), a, b)
  }
  package mutating func notEqual(_ a: Value, _ b: Double) -> Value {
    notEqual(a, fill(b, like: a))
  }

  /// `a < b` as `bool`, broadcast.
  package mutating func less(_ a: Value, _ b: Value) -> Value {
    elementwise(Less(), a, b)
  }
  package mutating func less(_ a: Value, _ b: Double) -> Value {
    less(a, fill(b, like: a))
  }

  /// `a ≤ b` as `bool`, broadcast.
  package mutating func lessEqual(_ a: Value, _ b: Value) -> Value {
    elementwise(LessEqual(), a, b)
  }
  package mutating func lessEqual(_ a: Value, _ b: Double) -> Value {
    lessEqual(a, fill(b, like: a))
  }

  /// `a > b` as `bool`, broadcast.
  package mutating func greater(_ a: Value, _ b: Value) -> Value {
    elementwise(Greater(), a, b)
  }
  package mutating func greater(_ a: Value, _ b: Double) -> Value {
    greater(a, fill(b, like: a))
  }

  /// `a ≥ b` as `bool`, broadcast.
  package mutating func greaterEqual(_ a: Value, _ b: Value) -> Value {
    elementwise(GreaterEqual(), a, b)
  }
  package mutating func greaterEqual(_ a: Value, _ b: Double) -> Value {
    greaterEqual(a, fill(b, like: a))
  }
}
