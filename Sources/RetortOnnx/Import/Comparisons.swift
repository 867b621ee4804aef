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
    .one("BitShift", limits: "uint32 only, by one known number", bitShift),
    bits("BitwiseAnd", BitAnd()), bits("BitwiseOr", BitOr()), bits("BitwiseXor", BitXor()),
  ]

  private static func bitShift(_ t: NodeImport) throws -> Operand {
    let (x, amounts) = (try t.input(0), try t.input(1))
    let given = try t.known(amounts, "number of places").doubles
    let direction = try required(try t.text("direction"), "attribute 'direction'")
    guard let first = given.first, given.allSatisfy({ $0 == first }), (0..<32).contains(first),
      ["LEFT", "RIGHT"].contains(direction),
      let shape = Shape.broadcast(t.type(of: x).shape, t.type(of: amounts).shape)
    else {
      throw ImportFailure(
        "it moves \(t.type(of: x)) to '\(direction)' by \(given.prefix(4)) places, where LEFT or"
          + " RIGHT and one number below 32 are expected")
    }
    let op: any TensorOp =
      direction == "LEFT" ? ShiftLeft(Int(first)) : ShiftRight(Int(first))
    return try t.apply(op, try t.broadcast(x, to: shape.extents))
  }

  private static func bits(_ name: String, _ op: any TensorOp) -> OnnxOperator {
    .one(name, since: 18, limits: "uint32 only") { t in
      try t.elementwise(op, t.input(0), t.input(1))
    }
  }
}
