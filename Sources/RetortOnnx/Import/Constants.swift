import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let constants: [OnnxOperator] = [
    .one("Constant", limits: "no strings, not sparse", constant),
    .one("ConstantOfShape") { t in
      guard let extents = try t.integersInput(0, "shape") else {
        throw ImportFailure("its input 0, the shape, is missing")
      }
      try t.checkRank(extents.count)
      let value = try t.tensor("value") ?? HostTensor(Float(0))
      guard value.elementCount == 1 else {
        throw ImportFailure("its attribute 'value' is \(value.type), where one number is expected")
      }
      return try t.broadcast(.known(value.reshaped([])), to: extents)
    },
    .one("Shape") { t in
      let extents = t.shape(of: try t.input(0))
      func bound(_ name: String, default fallback: Int) throws -> Int {
        let given = try t.integer(name, default: fallback)
        return Swift.min(Swift.max(given < 0 ? given &+ extents.count : given, 0), extents.count)
      }
      let start = try bound("start", default: 0)
      let end = try bound("end", default: extents.count)
      return .integers(Array(extents[start..<Swift.max(start, end)]))
    },
    .one("Size") { t in
      .known(HostTensor(Int64(t.type(of: try t.input(0)).elementCount)))
    },
    .one("Range", range),
    .one("EyeLike") { t in
      let x = try t.input(0)
      guard t.rank(of: x) == 2 else {
        throw ImportFailure("it makes matrices, not tensors like \(t.type(of: x))")
      }
      let element =
        try t.integer("dtype").map { try OnnxOperator.element(Int64($0)) } ?? t.element(of: x)
      let diagonal = try t.iota(t.shape(of: x), axis: 0)
      let shift = t.number(Double(try t.integer("k", default: 0)), like: diagonal)
      let isOne = try t.elementwise(
        Equal(), try t.add(diagonal, shift), try t.iota(t.shape(of: x), axis: 1))
      return try t.convert(isOne, element)
    },
    .one("Identity") { t in try t.input(0) },
  ]

  private static func constant(_ t: NodeImport) throws -> Operand {
    if let tensor = try t.tensor("value") { return .known(tensor) }
    if let number = try t.integer("value_int") { return .known(HostTensor(Int64(number))) }
    if let numbers = try t.integers("value_ints") { return .integers(numbers) }
    if let number = try t.float("value_float") { return .known(HostTensor(Float(number))) }
    if let numbers = try t.floats("value_floats") {
      return .known(HostTensor([numbers.count], numbers.map { Float($0) }))
    }
    throw ImportFailure(
      "it holds no tensor, number or list of numbers",
      hint: "texts and sparse tensors are not read")
  }

  /// `start, start + delta, …` below `limit`.
  private static func range(_ t: NodeImport) throws -> Operand {
    let bounds = try ["start", "limit", "step"].enumerated().map { index, role in
      guard let tensor = try t.knownInput(index, role), tensor.elementCount == 1 else {
        throw ImportFailure("its input \(index), the \(role), is not one number")
      }
      return tensor
    }
    let element = bounds[0].type.element
    let (start, limit, step) = (
      bounds[0].doubles[0], bounds[1].doubles[0], bounds[2].doubles[0]
    )
    let count = ((limit - start) / step).rounded(.up)
    guard count.isFinite, count < 0x1p31 else {
      throw ImportFailure("it counts from \(start) to \(limit) in steps of \(step)")
    }
    // Bounds that lie far apart the wrong way round count to less than any Int.
    let places = try t.apply(Iota([count > 0 ? Int(count) : 0], element))
    return try t.add(try t.mul(places, step), start)
  }
}
