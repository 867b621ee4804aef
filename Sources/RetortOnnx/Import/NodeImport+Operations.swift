import RetortIR
import RetortOps
import RetortPasses
import RetortTensor

/// Operations on operands: computed at once where all is known, else added to the graph.
extension NodeImport {
  /// What weights of no more elements come to is remembered, for they may be scales or extents.
  private static let rememberedElementLimit = 64

  func applyAll(_ op: any TensorOp, _ operands: [Operand]) throws -> [Operand] {
    if let folded = try fold(op, operands) {
      for tensor in folded { try checkRank(tensor.type.rank) }
      return folded.map { .known($0) }
    }
    let values = try operands.map { try materialise($0) }
    let results: [Value]
    do throws(Violation) {
      results = try importer.state.builder.append(op, values)
    } catch {
      throw ImportFailure(error, of: op)
    }
    for result in results { try checkRank(importer.state.builder.type(of: result).rank) }
    remember(op, operands, results)
    return results.map(Operand.value)
  }

  /// Keeps what small weights come to beside the nodes that compute it: where a shape is made of
  /// it, it is known.
  private func remember(_ op: any TensorOp, _ operands: [Operand], _ results: [Value]) {
    let tensors = operands.compactMap { importer.tensor(of: $0) }
    let types = results.map { importer.state.builder.type(of: $0) }
    guard tensors.count == operands.count,
      (tensors.map(\.type) + types).allSatisfy({
        $0.elementCount <= Self.rememberedElementLimit
      }), FoldConstants.isCheap(op, tensors.map(\.type), types)
    else { return }
    for (value, tensor) in zip(results, op.evaluate(tensors, types)) {
      importer.remember(tensor, as: value)
    }
  }

  func apply(_ op: any TensorOp, _ operands: Operand...) throws -> Operand {
    try applyAll(op, operands)[0]
  }

  /// The results, if all is known and small.
  private func fold(_ op: any TensorOp, _ operands: [Operand]) throws -> [HostTensor]? {
    var known: [HostTensor] = []
    for case .known(let operand) in operands {
      if operand.isWeight { return nil }
      known.append(operand.tensor)
    }
    guard known.count == operands.count else { return nil }
    let types: [TensorType]
    do throws(Violation) {
      types = try op.resultTypes(known.map(\.type), regions: []) { _ in TensorType([]) }
    } catch {
      throw ImportFailure(error, of: op)
    }
    guard FoldConstants.isCheap(op, known.map(\.type), types) else { return nil }
    return op.evaluate(known, types)
  }

  /// The operand as a value of the graph.
  func materialise(_ operand: Operand, asBuffer: Bool = false) throws -> Value {
    switch operand {
    case .value(let value): value
    case .known(let known): try importer.declare(known, asBuffer: asBuffer)
    }
  }

  /// An operand that the graph declares as a tensor that is not learned, where it is a weight.
  func buffer(_ operand: Operand) throws -> Operand {
    if case .known(let known) = operand, known.isWeight {
      return .value(try materialise(operand, asBuffer: true))
    }
    return operand
  }

  // MARK: elementwise

  /// An elementwise operation on operands that are broadcast to their common shape.
  func elementwise(_ op: any TensorOp, _ operands: Operand...) throws -> Operand {
    var common = Shape([])
    for operand in operands {
      guard let next = Shape.broadcast(common, type(of: operand).shape) else {
        throw ImportFailure(
          "it cannot broadcast "
            + operands.map { type(of: $0).description }.joined(separator: " with "))
      }
      common = next
    }
    return try applyAll(op, operands.map { try broadcast($0, to: common.extents) })[0]
  }

  func add(_ a: Operand, _ b: Operand) throws -> Operand { try elementwise(Add(), a, b) }
  func sub(_ a: Operand, _ b: Operand) throws -> Operand { try elementwise(Sub(), a, b) }
  func mul(_ a: Operand, _ b: Operand) throws -> Operand { try elementwise(Mul(), a, b) }
  func div(_ a: Operand, _ b: Operand) throws -> Operand { try elementwise(Div(), a, b) }
  func max(_ a: Operand, _ b: Operand) throws -> Operand { try elementwise(Maximum(), a, b) }
  func min(_ a: Operand, _ b: Operand) throws -> Operand { try elementwise(Minimum(), a, b) }

  func add(_ a: Operand, _ b: Double) throws -> Operand { try add(a, number(b, like: a)) }
  func mul(_ a: Operand, _ b: Double) throws -> Operand {
    b == 1 ? a : try mul(a, number(b, like: a))
  }
  func max(_ a: Operand, _ b: Double) throws -> Operand { try max(a, number(b, like: a)) }
  func min(_ a: Operand, _ b: Double) throws -> Operand { try min(a, number(b, like: a)) }

  func select(_ condition: Operand, _ a: Operand, _ b: Operand) throws -> Operand {
    try elementwise(Select(), condition, a, b)
  }

  /// A number of the element type of `other`.
  func number(_ value: Double, like other: Operand) -> Operand {
    .number(value, element(of: other))
  }

  func convert(_ x: Operand, _ target: ElementType) throws -> Operand {
    element(of: x) == target ? x : try apply(Convert(target), x)
  }

  /// What is computed in reals and has the operand's element type again: integers go through f64.
  func throughReals(
    _ x: Operand, _ compute: (Operand) throws -> Operand
  ) throws -> Operand {
    let real = element(of: x).isReal ? x : try convert(x, .f64)
    return try convert(try compute(real), element(of: x))
  }

  // MARK: shapes

  func reshape(_ x: Operand, _ extents: [Int]) throws -> Operand {
    shape(of: x) == extents ? x : try apply(Reshape(Shape(extents)), x)
  }

  func broadcast(_ x: Operand, to extents: [Int]) throws -> Operand {
    if shape(of: x) == extents { return x }
    // A number becomes a fill of the whole shape, not a broadcast of a scalar. As a Double 2⁵³ may
    // stand for the integer behind it.
    if case .known(let known) = x, !known.isWeight, known.tensor.elementCount == 1,
      known.tensor.type.element != .i64 || known.tensor.doubles[0].magnitude < 0x1p53
    {
      let tensor = known.tensor
      let number =
        tensor.type.element == .f32
        ? Self.double(tensor.elements(as: Float.self)[0]) : tensor.doubles[0]
      return try apply(Fill(number, Shape(extents), tensor.type.element))
    }
    return try apply(Broadcast(Shape(extents)), x)
  }

  func transpose(_ x: Operand, _ permutation: [Int]) throws -> Operand {
    permutation == Array(0..<permutation.count) ? x : try apply(Transpose(permutation), x)
  }

  /// `x` with one axis moved to another place.
  func move(_ x: Operand, axis: Int, to target: Int) throws -> Operand {
    var order = Array(0..<rank(of: x))
    order.insert(order.remove(at: axis), at: target)
    return try transpose(x, order)
  }

  func slice(_ x: Operand, axis: Int, _ range: Range<Int>, step: Int = 1) throws -> Operand {
    if range == 0..<shape(of: x)[axis], step == 1 { return x }
    return try apply(
      Slice(
        [axis], start: [range.lowerBound], stop: [range.upperBound],
        step: step == 1 ? [] : [step]), x)
  }

  /// Elements of `value` before and behind along some axes; numbers of 0 add nothing.
  func pad(
    _ x: Operand, axes: [Int], low: [Int], high: [Int], value: Double = 0
  ) throws -> Operand {
    let grown = axes.indices.filter { low[$0] != 0 || high[$0] != 0 }
    if grown.isEmpty { return x }
    return try apply(
      Pad(
        grown.map { axes[$0] }, low: grown.map { low[$0] }, high: grown.map { high[$0] },
        value: value), x)
  }

  func concatenate(_ xs: [Operand], axis: Int) throws -> Operand {
    xs.count == 1 ? xs[0] : try applyAll(Concatenate(axis: axis), xs)[0]
  }

  /// Picks by indices that are known and inside the axis.
  func gather(_ x: Operand, _ indices: [Int], axis: Int) throws -> Operand {
    let extent = shape(of: x)[axis]
    if indices.count == extent, indices == Array(0..<extent) { return x }
    return try apply(Gather(axis: axis), x, .integers(indices))
  }

  /// Each index as an `i64` along an axis of a shape.
  func iota(_ extents: [Int], axis: Int) throws -> Operand {
    try apply(Iota(Shape(extents), axis: axis, .i64))
  }

  // MARK: reductions

  /// The sum over axes, which must not be none.
  func sum(_ x: Operand, axes: [Int], keep: Bool = true) throws -> Operand {
    axes.isEmpty ? x : try apply(Sum(axes: axes, keep: keep), x)
  }

  func mean(_ x: Operand, axes: [Int], keep: Bool = true) throws -> Operand {
    axes.isEmpty ? x : try apply(Mean(axes: axes, keep: keep), x)
  }
}
