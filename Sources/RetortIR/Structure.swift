import RetortTensor

/// A loop of a fixed number of turns.
///
/// Operands are the carried values' starts. The region's arguments are the turn's index
/// (`i32[]`, `first`, `first + 1`, …) and the carried values; its results are the next carried
/// values and then the collected ones. The node's results are the last carried values and, for each
/// collected value, all turns' values stacked on a new leading axis.
package struct Repeat: Op {
  package static let name = "repeat"
  package static let summary = "a loop with carried values and a fixed number of turns"
  package static let attributes: [Attribute<Repeat>] = [
    Attribute("count", \.count, required: true, "number of turns"),
    Attribute("first", \.first, "index of the first turn"),
  ]
  package var count = 0
  package var first = 0

  package init() {}

  package init(count: Int, first: Int = 0) {
    self.count = count
    self.first = first
  }
}

/// A region that depends on weights alone and is run once, when they are bound.
package struct Prepare: Op {
  package static let name = "prepare"
  package static let summary = "computed once when weights are bound"
  package init() {}
}

/// A region that runs as one kernel and touches memory once.
package struct Fused: Op {
  package static let name = "fused"
  package static let summary = "computed as one kernel"
  package init() {}
}

/// `d loss / d target` for each target: operands are the loss (a real scalar) and the targets,
/// results have the targets' types. It is gone after the stage `differentiated`.
package struct Gradient: Op {
  package static let name = "gradient"
  package static let summary = "the gradient of a scalar with respect to each target"
  package init() {}
}

extension Op {
  /// The result types of any operation, given its operands' types and its regions. Whatever an
  /// operation infers must be within `Shape.byteLimit` (C0).
  package func resultTypes(
    _ operands: [TensorType], regions: [Block], type: (Value) -> TensorType
  ) throws(Violation) -> [TensorType] {
    let types = try inferredTypes(operands, regions: regions, type: type)
    for result in types {
      let shape = Shape.checked(
        result.shape.extents, bytesPerElement: result.element.byteCount)
      try require(shape != nil, "C0", "gives \(result), which no memory holds")
    }
    return types
  }

  private func inferredTypes(
    _ operands: [TensorType], regions: [Block], type: (Value) -> TensorType
  ) throws(Violation) -> [TensorType] {
    switch self {
    case let op as any TensorOp:
      let counts = Swift.type(of: op).operandCounts
      try require(
        counts.contains(operands.count), "C0",
        "takes \(Self.spelling(counts)), got \(operands.count)")
      return try op.inferTypes(operands)
    case let loop as Repeat:
      return try Self.repeatTypes(loop, operands, regions, type)
    case is Gradient:
      try require(operands.count >= 2, "C0", "takes a loss and at least one target")
      try require(
        operands[0].isScalar && operands[0].element.isReal, "C1",
        "differentiates a real scalar, got \(operands[0])", operand: 0,
        hint: "reduce it first, for example with 'sum' or 'mean'")
      for (index, target) in operands.enumerated().dropFirst() {
        try require(
          target.element.isReal, "C2", "with respect to \(target), which is not real",
          operand: index)
      }
      return Array(operands.dropFirst())
    default:  // prepare, fused
      try require(operands.isEmpty && regions.count == 1, "C0", "takes one region and no operands")
      if self is Fused, let node = regions[0].nodes.first(where: { !($0.op is any TensorOp) }) {
        throw Violation("C1", "is one kernel and holds operations only, not '\(node.opName)'")
      }
      try require(
        self is Prepare || !regions[0].results.isEmpty, "C2", "is one kernel and yields a value")
      return regions[0].results.map(type)
    }
  }

  private static func repeatTypes(
    _ loop: Repeat, _ operands: [TensorType], _ regions: [Block], _ type: (Value) -> TensorType
  ) throws(Violation) -> [TensorType] {
    try require(loop.count >= 0, "C1", "runs a number of turns of at least 0, got \(loop.count)")
    try require(regions.count == 1, "C0", "takes one region")
    let body = regions[0]
    try require(
      body.arguments.count == operands.count + 1 && body.results.count >= operands.count, "C2",
      "carries \(operands.count) values, but the region yields \(body.results.count)")
    for (index, operand) in operands.enumerated() {
      let next = type(body.results[index])
      try require(
        next == operand, "C3",
        "carries \(operand), but the region yields \(next) for it", operand: index,
        hint: "a carried value keeps its type from turn to turn")
    }
    let collected = body.results.dropFirst(operands.count).map { value in
      let each = type(value)
      return each.with(Shape([loop.count] + each.shape.extents))
    }
    return operands + collected
  }

  private static func spelling(_ counts: ClosedRange<Int>) -> String {
    let plural = counts.lowerBound == 1 ? "operand" : "operands"
    return counts.upperBound == .max
      ? "at least \(counts.lowerBound) \(plural)" : "\(counts.lowerBound) \(plural)"
  }
}
