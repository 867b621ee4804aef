import RetortIR
import RetortOps
import RetortTensor

/// Chooses an algorithm for every convolution and one layout for the whole graph: channels last.
///
/// In `[n, h, w, c]` the channels of a pixel are beside each other, so that vectors run over
/// channels whatever the size of the map, and a product reads its left operand where it lies. The
/// walk goes forward once. Convolutions of f32 without groups become `packed_conv2d`,
/// `packed_conv2d_transpose`, `winograd_conv2d` or `conv2d_kernel_last`; elementwise nodes,
/// reductions, slices and concatenations that read a channels-last value follow it. Everybody else
/// reads a transposition, made where it is first needed; those that nobody reads are removed later.
/// Kernels are packed by nodes of their own, which weights alone decide.
package struct LowerConvolutions: Pass {
  package static let name = "lower-convolutions"
  package static let summary = "chooses layout and algorithm of convolutions"
  package static let exactness = Exactness.approximates
  package static let requires: Set<Property> = [.gradientFree]

  package var model: ConvolutionCostModel

  package init(model: ConvolutionCostModel = ConvolutionCostModel()) { self.model = model }

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var lowering = ChannelsLast(model: model)
    let result = GraphEditor.edit(graph) { lowering.lower(&$0, $1) }
    for (rule, exactness) in ChannelsLast.rules {
      record.fire(rule, exactness, times: lowering.counts[rule] ?? 0)
    }
    return lowering.counts.isEmpty ? graph : result
  }

  fileprivate static func isLowered(_ op: any Convolution, _ types: [TensorType]) -> Bool {
    op.sliding.groups == 1 && types[0].element == .f32 && op.acceptedExtents(types).suitsPacking
  }

  /// The cases among a graph's convolutions, each once, in order.
  package static func cases(in graph: Graph) -> [ConvolutionCase] {
    var cases: [ConvolutionCase] = []
    var known: Set<ConvolutionCase> = []
    graph.forEachNode { node in
      guard let op = node.op as? any Convolution, !(op is Conv2dKernel),
        isLowered(op, node.operands.map(graph.type))
      else { return }
      let extents = op.acceptedExtents(node.operands.map(graph.type))
      let problem = ConvolutionCase(extents, op.sliding, isAdjoint: op is Conv2dTranspose)
      if known.insert(problem).inserted { cases.append(problem) }
    }
    return cases
  }
}

/// The walk: which values have channels-last twins.
private struct ChannelsLast {
  static let rules: [(String, Exactness)] = [
    ("packed", .reassociates), ("winograd2", .approximates), ("winograd4", .approximates),
    ("kernel", .reassociates), ("follow", .bitwise), ("reduce", .reassociates),
  ]
  /// Which axis of `[n, c, h, w]` each axis of `[n, h, w, c]` is.
  static let permutation = [0, 2, 3, 1]
  /// Which axis of `[n, h, w, c]` each axis of `[n, c, h, w]` is.
  static let inverse = [0, 3, 1, 2]

  let model: ConvolutionCostModel
  var counts: [String: Int] = [:]
  /// The channels-last twin of an image, where there is one.
  private var twins: [Value: Value] = [:]

  init(model: ConvolutionCostModel) { self.model = model }

  mutating func lower(_ editor: inout GraphEditor, _ node: Node) -> [Value]? {
    guard node.results.count == 1, node.regions.isEmpty else { return nil }
    switch node.op {
    case let op as Conv2d: return convolution(&editor, node, op, isAdjoint: false)
    case let op as Conv2dTranspose: return convolution(&editor, node, op, isAdjoint: true)
    case let op as Conv2dKernel: return kernel(&editor, node, op)
    default: return follow(&editor, node)
    }
  }

  // MARK: convolutions

  private func isLowered(_ op: any Convolution, _ editor: GraphEditor, _ node: Node) -> Bool {
    LowerConvolutions.isLowered(op, node.operands.map(editor.type))
  }

  private mutating func convolution(
    _ editor: inout GraphEditor, _ node: Node, _ op: any Convolution, isAdjoint: Bool
  ) -> [Value]? {
    guard isLowered(op, editor, node) else { return nil }
    let extents = op.acceptedExtents(node.operands.map(editor.type))
    let problem = ConvolutionCase(extents, op.sliding, isAdjoint: isAdjoint)
    let form = model.form(of: problem)
    let image = twin(of: node.operands[0], &editor)
    let kernel = editor.add(problem.packing(form), [node.operands[1]])
    counts[form == .direct ? "packed" : form.rawValue, default: 0] += 1
    return self.image(
      of: editor.add(problem.lowered(form), [image, kernel]), for: node, &editor)
  }

  private mutating func kernel(
    _ editor: inout GraphEditor, _ node: Node, _ op: Conv2dKernel
  ) -> [Value]? {
    guard isLowered(op, editor, node) else { return nil }
    let shape = editor.shape(of: node.results[0])
    let operands = node.operands.map { twin(of: $0, &editor) }
    counts["kernel", default: 0] += 1
    let lowered = KernelGradientLast(kernel: [shape[2], shape[3]], op.sliding)
    return [editor.add(lowered, operands)]
  }

  // MARK: others

  private mutating func follow(_ editor: inout GraphEditor, _ node: Node) -> [Value]? {
    guard node.operands.contains(where: { twins[$0] != nil }) else { return nil }
    var op = node.op
    if ElementwiseOps.contains(op) {
      // The same formula on twins.
    } else if let reduction = op as? any SumReduction {
      return reduce(&editor, node, reduction)
    } else if var slice = op as? Slice {
      slice.axes = slice.axes.map(Self.axis)
      op = slice
    } else if var concatenation = op as? Concatenate {
      concatenation.axis = Self.axis(concatenation.axis)
      op = concatenation
    } else {
      return nil
    }
    let operands = node.operands.map { twin(of: $0, &editor) }
    counts["follow", default: 0] += 1
    return image(of: editor.add(op, operands), for: node, &editor)
  }

  /// The axis of a channels-last value that is this axis of the image.
  private static func axis(_ axis: Int) -> Int { inverse[axis < 0 ? axis + 4 : axis] }

  /// A reduction may read the twin if its result keeps the axes in one order.
  private mutating func reduce(
    _ editor: inout GraphEditor, _ node: Node, _ op: any SumReduction
  ) -> [Value]? {
    guard let x = twins[node.operands[0]] else { return nil }
    let axes = op.axes.isEmpty ? [0, 1, 2, 3] : op.axes.map { $0 < 0 ? $0 + 4 : $0 }
    var lowered = op
    lowered.axes = axes.map(Self.axis).sorted()
    if op.keep {
      counts["reduce", default: 0] += 1
      return image(of: editor.add(lowered, [x]), for: node, &editor)
    }
    let left = Self.permutation.filter { !axes.contains($0) }
    guard left == left.sorted() else { return nil }
    counts["reduce", default: 0] += 1
    return [editor.add(lowered, [x])]
  }

  // MARK: twins

  /// The image of a channels-last value, which takes the node's name.
  private mutating func image(
    of value: Value, for node: Node, _ editor: inout GraphEditor
  ) -> [Value] {
    editor.bequeath(nameOf: node.results[0], to: value)
    let image = editor.add(Transpose(Self.inverse), [value])
    twins[image] = value
    return [image]
  }

  /// An image with its channels last.
  private mutating func twin(of value: Value, _ editor: inout GraphEditor) -> Value {
    if let twin = twins[value] { return twin }
    guard let node = editor.definition(of: value) else { return transposed(value, &editor) }
    switch node.op {
    case var fill as Fill:
      fill.shape = Self.permutation.map { fill.shape[$0] }
      return editor.add(fill, [])
    case let broadcast as Broadcast:
      let source = small(node.operands[0], &editor)
      return editor.add(
        Broadcast(Shape(Self.permutation.map { broadcast.shape[$0] })), [source])
    default:
      return transposed(value, &editor)
    }
  }

  private func transposed(_ value: Value, _ editor: inout GraphEditor) -> Value {
    editor.add(Transpose(Self.permutation), [value])
  }

  /// What is broadcast, with four axes and its channels last.
  private func small(_ value: Value, _ editor: inout GraphEditor) -> Value {
    if let twin = twins[value] { return twin }
    let shape = editor.shape(of: value).extents
    let padded = [Int](repeating: 1, count: 4 - shape.count) + shape
    let target = Self.permutation.map { padded[$0] }
    // With one axis to speak of, the order of elements stays.
    if padded.dropFirst().count(where: { $0 != 1 }) <= 1 {
      var source = value
      if let node = editor.definition(of: value), node.op is Reshape { source = node.operands[0] }
      return editor.add(Reshape(Shape(target)), [source])
    }
    let image = shape == padded ? value : editor.add(Reshape(Shape(padded)), [value])
    return editor.add(Transpose(Self.permutation), [image])
  }
}
