import RetortIR
import RetortOps
import RetortTensor

/// An elementwise region as instructions on registers, before any address is known.
///
/// All results have the same number of elements, the *domain*. A value of the domain's element
/// count is computed element by element in row-major order. A smaller one is only ever seen through
/// a `broadcast`, and is computed as if it had been broadcast first. Reals must be f32 and other
/// elements `bool`; captures of the types i32 and u32 may be converted to f32.
///
/// Results may also be column sums or means of what the region computes: a kernel then adds up the
/// rows of each of its tiles, and the tiles' sums afterwards.
struct FusedPlan {
  /// Where an instruction reads.
  enum Source: Hashable {
    case register(Int)
    /// Element `i` of a captured tensor with as many elements as the domain.
    case capture(Int)
    /// The only element of a captured tensor.
    case captureScalar(Int)
    /// The bits of a Double, by which NaN is itself and −0 is not 0.
    case constant(UInt64, ElementType)
  }

  enum Work {
    case unary(UnaryLoops.Loop<Float>)
    case binary(BinaryLoops.Loop<Float>)
    case predicate(PredicateLoops.Loop<Float>)
    case select
    case logic(Logic)
    case convert(from: ElementType, to: ElementType)
    /// Elements of a captured tensor that is broadcast.
    case spread(Spread)
    case copy
    /// Adds rows to the sums of the running tile.
    case total(ColumnTotal)
  }

  enum Logic { case and, or, xor, not }

  struct Instruction {
    var work: Work
    var sources: [Source]
    var register: Int
  }

  private(set) var instructions: [Instruction] = []
  /// The element type of each register; each is written once.
  private(set) var registerTypes: [ElementType] = []
  /// The register of each result.
  private(set) var resultRegisters: [Int] = []
  /// The results that are sums, and which results these are; all others have registers.
  private(set) var totals: [ColumnTotal] = []
  private(set) var totalResults: [Int] = []
  let elementCount: Int
  let captureTypes: [TensorType]
  /// The convolution whose result the region starts from; that result counts as the last capture.
  private(set) var head: Head?

  struct Head {
    let op: any PackedConvolution
    /// Which captures the operands are.
    let operands: [Int]
    let resultType: TensorType
  }

  private enum Origin {
    case capture(Int)
    case node(Int)
    case total(Int)
  }

  private struct Key: Hashable {
    let value: Int
    let shape: Shape?
  }

  private let nodes: [(op: any TensorOp, operands: [Int], types: [TensorType], result: TensorType)]
  private var origins: [Int: Origin] = [:]
  private var known: [Key: Source] = [:]

  /// The plan of a fused node, its captures in the node's order; nil where the region holds
  /// something else than elementwise operations of the types above.
  init?(_ node: Node, _ graph: Graph) {
    let region = node.regions[0]
    var nodes: [(op: any TensorOp, operands: [Value], result: Value)] = []
    var captures = node.captures
    var head: Head?
    for inner in region.nodes {
      guard let op = inner.op as? any TensorOp, inner.results.count == 1 else { return nil }
      if let op = op as? any PackedConvolution {
        let operands = inner.operands.compactMap { captures.firstIndex(of: $0) }
        guard head == nil, operands.count == inner.operands.count,
          op.acceptedExtents(inner.operands.map(graph.type)).suitsPacking
        else { return nil }
        captures.append(inner.results[0])
        head = Head(op: op, operands: operands, resultType: graph.type(of: inner.results[0]))
        continue
      }
      nodes.append((op, inner.operands, inner.results[0]))
    }
    self.init(
      nodes.map {
        ($0.op, $0.operands.map(\.id), $0.operands.map(graph.type), graph.type(of: $0.result))
      },
      results: nodes.map(\.result.id), captures: captures.map(\.id),
      captureTypes: captures.map(graph.type), yields: region.results.map(\.id),
      yieldTypes: region.results.map(graph.type))
    guard head == nil || head?.resultType.elementCount == elementCount else { return nil }
    self.head = head
  }

  /// The plan of a single operation, its captures being the operands.
  init?(_ op: any TensorOp, _ operands: [TensorType], _ results: [TensorType]) {
    guard results.count == 1 else { return nil }
    let captures = Array(operands.indices)
    self.init(
      [(op, captures, operands, results[0])], results: [operands.count], captures: captures,
      captureTypes: operands, yields: [operands.count], yieldTypes: results)
  }

  private init?(
    _ nodes: [(op: any TensorOp, operands: [Int], types: [TensorType], result: TensorType)],
    results: [Int], captures: [Int], captureTypes: [TensorType], yields: [Int],
    yieldTypes: [TensorType]
  ) {
    let isTotal = nodes.map {
      ($0.op as? any SumReduction)?.fusedColumnCount(of: $0.types[0]) != nil
    }
    let summed = nodes.indices.filter { isTotal[$0] }
    let totalOf = Dictionary(uniqueKeysWithValues: zip(summed.map { results[$0] }, summed.indices))
    let counts =
      zip(yields, yieldTypes).filter { totalOf[$0.0] == nil }.map(\.1.elementCount)
      + summed.map { nodes[$0].types[0].elementCount }
    guard let count = counts.first, counts.allSatisfy({ $0 == count }) else { return nil }
    elementCount = count
    self.captureTypes = captureTypes
    self.nodes = nodes
    for (index, id) in captures.enumerated() { origins[id] = .capture(index) }
    for (index, id) in results.enumerated() {
      origins[id] = totalOf[id].map { .total($0) } ?? .node(index)
    }
    for (index, id) in results.enumerated() {
      if isTotal[index] {
        guard addTotal(index) else { return nil }
      } else if nodes[index].result.elementCount == count {
        guard source(id, nodes[index].result, under: nil) != nil else { return nil }
      }
    }
    // A sum that nobody reads is not worth a place of its own.
    guard totalOf.keys.allSatisfy({ id in yields.count { $0 == id } == 1 }) else { return nil }
    totalResults = summed.map { node in yields.firstIndex(of: results[node])! }
    for (id, type) in zip(yields, yieldTypes) where totalOf[id] == nil {
      guard let source = source(id, type, under: nil),
        let register = inRegister(source, type.element)
      else { return nil }
      resultRegisters.append(register)
    }
  }

  // MARK: values

  /// Where a value is read, seen as a tensor of `shape` (nil for the value's own); nil where it
  /// cannot be computed here.
  private mutating func source(_ id: Int, _ type: TensorType, under shape: Shape?) -> Source? {
    let key = Key(value: id, shape: type.elementCount == elementCount ? nil : shape)
    if let source = known[key] { return source }
    let source: Source?
    switch origins[id] {
    case .capture(let capture): source = captured(capture, type, under: key.shape)
    case .node(let node): source = computed(node, under: key.shape)
    // Known only when all tiles have run.
    case .total, nil: source = nil
    }
    known[key] = source
    return source
  }

  private mutating func captured(
    _ capture: Int, _ type: TensorType, under shape: Shape?
  ) -> Source? {
    guard type.element.byteCount == 4 && type.element != .f64 || type.element == .bool else {
      return nil
    }
    guard let shape else { return elementCount == 1 ? .captureScalar(capture) : .capture(capture) }
    if type.elementCount == 1 { return .captureScalar(capture) }
    guard type.shape.broadcasts(to: shape) else { return nil }
    let spread = Spread(type.shape, to: shape, byteCount: type.element.byteCount)
    return emit(.spread(spread), [.capture(capture)], type.element)
  }

  private mutating func computed(_ index: Int, under shape: Shape?) -> Source? {
    let (op, operands, types, result) = nodes[index]
    switch op {
    case let fill as Fill:
      guard result.element == .f32 || result.element == .bool else { return nil }
      return .constant(fill.value.bitPattern, result.element)
    case is Detach:
      return source(operands[0], types[0], under: shape)
    case is Reshape:
      // The row-major order stays, but a smaller tensor's axes move against the domain's.
      if shape == nil || types[0].elementCount == 1 {
        return source(operands[0], types[0], under: shape)
      }
      guard case .capture(let capture) = origins[operands[0]] else { return nil }
      return captured(capture, result, under: shape)
    case is Broadcast:
      return source(operands[0], types[0], under: shape ?? result.shape)
    default:
      guard result.element == .f32 || result.element == .bool,
        let work = Self.work(op, types, result)
      else { return nil }
      var sources: [Source] = []
      for (operand, type) in zip(operands, types) {
        guard let source = source(operand, type, under: shape) else { return nil }
        sources.append(source)
      }
      if op is Clamp { return clamp(sources) }
      return emit(work, sources, result.element)
    }
  }

  private static func work(
    _ op: any TensorOp, _ types: [TensorType], _ result: TensorType
  ) -> Work? {
    let isFloat = types.allSatisfy { $0.element == .f32 }
    switch op {
    case let op as any UnaryElementwise where isFloat: return .unary(op.loops.float)
    case let op as any BinaryElementwise where isFloat: return .binary(op.loops.float)
    case let op as any Comparison where isFloat: return .predicate(op.loops.float)
    case is Clamp where isFloat: return .copy
    case is Select: return .select
    case is And: return .logic(.and)
    case is Or: return .logic(.or)
    case is Xor: return .logic(.xor)
    case is Not: return .logic(.not)
    case is Convert:
      let from = types[0].element
      if from == result.element { return .copy }
      let fromKnown = from == .f32 || from == .bool || from == .i32 || from == .u32
      return fromKnown ? .convert(from: from, to: result.element) : nil
    default: return nil
    }
  }

  /// `min(max(x, low), high)`, as the operation defines it.
  private mutating func clamp(_ sources: [Source]) -> Source {
    let raised = emit(.binary(Maximum().loops.float), [sources[0], sources[1]], .f32)
    return emit(.binary(Minimum().loops.float), [raised, sources[2]], .f32)
  }

  /// Adds up what a node sums, as soon as it is there.
  private mutating func addTotal(_ index: Int) -> Bool {
    let node = nodes[index]
    guard let op = node.op as? any SumReduction,
      let columns = op.fusedColumnCount(of: node.types[0]),
      let source = source(node.operands[0], node.types[0], under: nil)
    else { return false }
    let total = ColumnTotal(
      columns: columns, first: totals.reduce(0) { $0 + $1.columns },
      divisor: op is Mean ? Float(node.types[0].elementCount / columns) : 1)
    totals.append(total)
    switch source {
    case .register, .capture: _ = emit(.total(total), [source], .f32)
    default: _ = emit(.total(total), [emit(.copy, [source], .f32)], .f32)
    }
    return true
  }

  private mutating func emit(_ work: Work, _ sources: [Source], _ type: ElementType) -> Source {
    let register = registerTypes.count
    registerTypes.append(type)
    instructions.append(Instruction(work: work, sources: sources, register: register))
    return .register(register)
  }

  private mutating func inRegister(_ source: Source, _ type: ElementType) -> Int? {
    if case .register(let register) = source, !resultRegisters.contains(register) {
      return register
    }
    guard type == .f32 || type == .bool else { return nil }
    guard case .register(let register) = emit(.copy, [source], type) else { return nil }
    return register
  }
}
