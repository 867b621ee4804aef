import RetortIR
import RetortOps
import RetortTensor

/// Moves a factor that each channel gets behind (or before) a convolution or product into its
/// weights: batch norm in inference costs nothing then.
///
/// `conv(x, w) · s = conv(x, w · s)`, and likewise for the transposed convolution, for a product
/// with a matrix, and for factors of the input. A shift in between goes along:
/// `(conv(x, w) − m) · s = conv(x, w · s) − m · s`; shifts in a row become one. Only where factor,
/// shift and weights depend on weights that the graph does not update, and where nobody else reads
/// what is rewritten.
package struct FoldScales: Pass {
  package static let name = "fold-scales-into-weights"
  package static let summary = "moves factors of channels into weights"
  package static let exactness = Exactness.reassociates
  package static let requires: Set<Property> = [.gradientFree]

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var folding = ScaleFolding(graph)
    var counts: [String: Int] = [:]
    let result = GraphEditor.edit(graph) { editor, node in
      if let (rule, value) = folding.rewrite(node, &editor) {
        counts[rule, default: 0] += 1
        folding.handOn(node.results[0], to: value)
        return [value]
      }
      folding.observe(node)
      return nil
    }
    for rule in ["scale-output", "scale-input", "merge-shifts"] {
      record.fire(rule, .reassociates, times: counts[rule] ?? 0)
    }
    return counts.isEmpty ? graph : result
  }
}

private struct ScaleFolding {
  private let useCounts: [Int]
  /// Readers of what this pass has put in another value's place.
  private var handedOn: [Value: Int] = [:]
  /// What depends on fixed weights and constants alone.
  private var fixed: Set<Value>

  init(_ graph: Graph) {
    useCounts = graph.useCounts()
    fixed = Set(graph.fixedWeights)
  }

  mutating func observe(_ node: Node) {
    guard node.regions.isEmpty, !(node.op is Repeat) else { return }
    if node.operands.allSatisfy(fixed.contains) { fixed.formUnion(node.results) }
  }

  mutating func rewrite(_ node: Node, _ editor: inout GraphEditor) -> (String, Value)? {
    switch node.op {
    case is Mul: return scaledOutput(node, &editor).map { ("scale-output", $0) }
    case is Conv2d, is Conv2dTranspose, is MatMul:
      return scaledInput(node, &editor).map { ("scale-input", $0) }
    case is Add, is Sub: return mergedShifts(node, &editor).map { ("merge-shifts", $0) }
    default: return nil
    }
  }

  mutating func handOn(_ old: Value, to new: Value) { handedOn[new] = useCount(old) }

  private func isReadOnce(_ value: Value) -> Bool { useCount(value) == 1 }

  /// What this pass has made within a replacement is read there alone.
  private func useCount(_ value: Value) -> Int {
    handedOn[value] ?? (value.id < useCounts.count ? useCounts[value.id] : 1)
  }

  /// Adds a node that depends on fixed values alone.
  private mutating func addFixed(
    _ op: any Op, _ operands: [Value], _ editor: inout GraphEditor
  ) -> Value {
    let value = editor.add(op, operands)
    fixed.insert(value)
    return value
  }

  // MARK: recognising

  /// The fixed value, one element a channel, that an operand repeats along all axes but one.
  private func channels(_ operand: Value, axis: Int, _ editor: GraphEditor) -> Value? {
    guard let node = editor.isDefined(operand, by: Broadcast.self) else { return nil }
    let source = node.operands[0]
    let (small, whole) = (editor.shape(of: source), editor.shape(of: operand))
    let place = axis - (whole.rank - small.rank)
    guard fixed.contains(source), place >= 0, small.elementCount == whole[axis],
      small[place] == whole[axis]
    else { return nil }
    return source
  }

  /// A convolution or product with fixed weights that is read once: which axis of its result its
  /// weights' axis decides.
  private func product(
    _ value: Value, _ editor: GraphEditor
  ) -> (node: Node, axis: Int, weightAxis: Int)? {
    guard let node = editor.definition(of: value), node.operands.count == 2,
      fixed.contains(node.operands[1]), !fixed.contains(node.operands[0]), isReadOnce(value)
    else { return nil }
    switch node.op {
    case is Conv2d: return (node, 1, 0)
    case let op as Conv2dTranspose: return op.sliding.groups == 1 ? (node, 1, 1) : nil
    case let op as MatMul:
      guard editor.type(of: node.operands[1]).rank == 2 else { return nil }
      return (node, editor.type(of: value).rank - 1, op.transposeB ? 0 : 1)
    default: return nil
    }
  }

  /// `base ± small`, the small one fixed and repeated.
  private func shift(
    _ node: Node, _ editor: GraphEditor
  ) -> (base: Value, shift: Value, isNegative: Bool)? {
    func isFixed(_ value: Value) -> Bool {
      guard let source = editor.isDefined(value, by: Broadcast.self) else { return false }
      return fixed.contains(source.operands[0])
    }
    guard node.op is Add || node.op is Sub, !node.operands.allSatisfy(fixed.contains) else {
      return nil
    }
    if isFixed(node.operands[1]) { return (node.operands[0], node.operands[1], node.op is Sub) }
    if node.op is Add, isFixed(node.operands[0]) {
      return (node.operands[1], node.operands[0], false)
    }
    return nil
  }

  // MARK: rewriting

  /// `weights · scale`, the scale along one axis of the weights.
  private mutating func scaled(
    _ weights: Value, _ scale: Value, axis: Int, _ editor: inout GraphEditor
  ) -> Value {
    let shape = editor.shape(of: weights)
    var extents = [Int](repeating: 1, count: shape.rank)
    extents[axis] = shape[axis]
    let aligned = addFixed(Reshape(Shape(extents)), [scale], &editor)
    let factor = addFixed(Broadcast(shape), [aligned], &editor)
    return addFixed(Mul(), [weights, factor], &editor)
  }

  private mutating func scaledOutput(_ node: Node, _ editor: inout GraphEditor) -> Value? {
    for (value, factor) in [(0, 1), (1, 0)].map({ (node.operands[$0], node.operands[$1]) }) {
      if let result = scaledOutput(value, by: factor, &editor) { return result }
    }
    return nil
  }

  private mutating func scaledOutput(
    _ value: Value, by factor: Value, _ editor: inout GraphEditor
  ) -> Value? {
    if let (node, axis, weightAxis) = product(value, editor) {
      guard let scale = channels(factor, axis: axis, editor) else { return nil }
      let weights = scaled(node.operands[1], scale, axis: weightAxis, &editor)
      return editor.add(
        node.op, [node.operands[0], weights], origin: Self.scaled(node.origin, at: editor.origin))
    }
    guard isReadOnce(value), let outer = editor.definition(of: value),
      let (base, offset, isNegative) = shift(outer, editor),
      let (_, axis, _) = product(base, editor),
      let scale = channels(factor, axis: axis, editor),
      let small = channels(offset, axis: axis, editor),
      let product = scaledOutput(base, by: factor, &editor)
    else { return nil }
    let aligned = addFixed(Reshape(editor.shape(of: scale)), [small], &editor)
    let moved = addFixed(Mul(), [aligned, scale], &editor)
    let whole = addFixed(Broadcast(editor.shape(of: value)), [moved], &editor)
    return editor.add(isNegative ? Sub() : Add(), [product, whole])
  }

  /// A product stays the product of its own place, whatever it is scaled by.
  private static func scaled(_ origin: Origin, at place: Origin) -> Origin {
    guard !place.path.isEmpty, place.path != origin.path else { return origin }
    return origin.also("with " + place.path)
  }

  private mutating func scaledInput(_ node: Node, _ editor: inout GraphEditor) -> Value? {
    let (input, weights) = (node.operands[0], node.operands[1])
    guard fixed.contains(weights), !fixed.contains(input), isReadOnce(input),
      let product = editor.isDefined(input, by: Mul.self)
    else { return nil }
    let axis: Int
    let weightAxis: Int
    switch node.op {
    case let op as Conv2d:
      guard op.sliding.groups == 1 else { return nil }
      (axis, weightAxis) = (1, 1)
    case is Conv2dTranspose: (axis, weightAxis) = (1, 0)
    case let op as MatMul:
      guard !op.transposeA, editor.type(of: weights).rank == 2 else { return nil }
      (axis, weightAxis) = (editor.type(of: input).rank - 1, op.transposeB ? 1 : 0)
    default: return nil
    }
    guard let (base, scale) = scaledChannels(product, axis: axis, editor) else { return nil }
    var (value, scaledWeights) = (base, scaled(weights, scale, axis: weightAxis, &editor))
    // All factors at once: a pass does not come back to what it has made.
    while !fixed.contains(value), isReadOnce(value),
      let product = editor.isDefined(value, by: Mul.self),
      let (base, scale) = scaledChannels(product, axis: axis, editor)
    {
      (value, scaledWeights) = (base, scaled(scaledWeights, scale, axis: weightAxis, &editor))
    }
    return editor.add(node.op, [value, scaledWeights])
  }

  /// A product's factor that is one number a channel, and what it scales.
  private func scaledChannels(
    _ product: Node, axis: Int, _ editor: GraphEditor
  ) -> (base: Value, scale: Value)? {
    for (base, factor) in [(0, 1), (1, 0)] {
      if let scale = channels(product.operands[factor], axis: axis, editor) {
        return (product.operands[base], scale)
      }
    }
    return nil
  }

  private mutating func mergedShifts(_ node: Node, _ editor: inout GraphEditor) -> Value? {
    guard let outer = shift(node, editor), isReadOnce(outer.base),
      let definition = editor.definition(of: outer.base),
      let inner = shift(definition, editor)
    else { return nil }
    let sources = [inner, outer].map { editor.definition(of: $0.shift)!.operands[0] }
    guard editor.type(of: sources[0]) == editor.type(of: sources[1]) else { return nil }
    // inner ± outer, the sign of the inner one taken out in front.
    let sameSign = inner.isNegative == outer.isNegative
    let small = addFixed(sameSign ? Add() : Sub(), sources, &editor)
    let whole = addFixed(Broadcast(editor.shape(of: outer.base)), [small], &editor)
    return editor.add(inner.isNegative ? Sub() : Add(), [inner.base, whole])
  }
}
