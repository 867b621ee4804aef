import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let comparisons: [OnnxOperator] = [
    binary("Less", Less()), binary("LessOrEqual", LessEqual()),
    binary("Greater", Greater()), binary("GreaterOrEqual", GreaterEqual()),
    .one("Equal") { t in
      let (a, b) = (try t.input(0), try t.input(1))
      guard t.element(of: a) == .bool else { return try t.elementwise(Equal(), a, b) }
      return try t.apply(Not(), try t.elementwise(Xor(), a, b))
    },
    binary("And", And()), binary("Or", Or()), binary("Xor", Xor()), unary("Not", Not()),
    .one("Where") { t in try t.select(t.input(0), t.input(1), t.input(2)) },
    .one("IsNaN") { t in
      let x = try t.input(0)
      return try t.elementwise(NotEqual(), x, x)
    },
    .one("IsInf") { t in
      let x = try t.input(0)
      let (positive, negative) = (
        try t.flag("detect_positive", default: true), try t.flag("detect_negative", default: true)
      )
      if positive, negative {
        return try t.elementwise(
          Equal(), try t.apply(Abs(), x), t.number(.infinity, like: x))
      }
      guard positive || negative else {
        return try t.apply(Fill(0, t.type(of: x).shape, .bool))
      }
      return try t.elementwise(Equal(), x, t.number(positive ? .infinity : -.infinity, like: x))
    },
    bits("BitwiseAnd", BitAnd()), bits("BitwiseOr", BitOr()), bits("BitwiseXor", BitXor()),
  ]

  private static func bits(_ name: String, _ op: any TensorOp) -> OnnxOperator {
    .one(name, since: 18, limits: "uint32 only") { t in
      try t.elementwise(op, t.input(0), t.input(1))
    }
  }
}
