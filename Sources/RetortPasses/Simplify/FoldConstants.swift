import RetortIR
import RetortOps
import RetortTensor

/// Computes what depends on constants alone, with the operations' references.
///
/// Results of at most 4096 elements become a `constant`, or a `fill` where all elements are the
/// same; elementwise operations on fills become fills of any size. What no constant can spell
/// (keys, integers beyond 2⁵³) is left.
package struct FoldConstants: Pass {
  package static let name = "fold-constants"
  package static let summary = "computes what depends on constants alone"
  package static let requires: Set<Property> = [.gradientFree]

  package static let elementLimit = 4096
  /// Operations that are done while compiling: windows may be large on few elements.
  private static let workLimit = 1 << 24

  /// Whether an operation is small enough to be done while compiling.
  package static func isCheap(
    _ op: any TensorOp, _ operands: [TensorType], _ results: [TensorType]
  ) -> Bool {
    (operands + results).allSatisfy { $0.elementCount <= elementLimit }
      && op.cost(operands, results).flops <= workLimit
  }

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var known: [Value: HostTensor] = [:]
    var count = 0
    let result = GraphEditor.edit(graph) { editor, node in
      guard let op = node.op as? any TensorOp, !node.operands.isEmpty else { return nil }
      guard let folded = Self.fold(op, node, &editor, &known) else { return nil }
      count += 1
      return folded
    }
    record.fire("fold", times: count)
    return count == 0 ? graph : result
  }

  private static func fold(
    _ op: any TensorOp, _ node: Node, _ editor: inout GraphEditor,
    _ known: inout [Value: HostTensor]
  ) -> [Value]? {
    for operand in node.operands {
      guard let source = editor.definition(of: operand), ElementwiseOps.isSource(source.op) else {
        return nil
      }
    }
    let types = node.results.map { editor.type(of: $0) }
    if ElementwiseOps.contains(op), let value = splat(op, node, types[0], editor) {
      return [editor.add(value, [])]
    }
    guard isCheap(op, node.operands.map { editor.type(of: $0) }, types) else { return nil }
    let operands = node.operands.map { tensor($0, editor, &known) }
    let results = op.evaluate(operands, types)
    var values: [Value] = []
    for result in results {
      guard let spelled = spell(result) else { return nil }
      let value = editor.add(spelled, [])
      known[value] = result
      values.append(value)
    }
    return values
  }

  /// An elementwise operation on fills, computed on one element.
  private static func splat(
    _ op: any TensorOp, _ node: Node, _ type: TensorType, _ editor: GraphEditor
  ) -> Fill? {
    var operands: [HostTensor] = []
    for operand in node.operands {
      guard let fill = editor.definition(of: operand)?.op as? Fill else { return nil }
      operands += Fill(fill.value, [], fill.type).evaluate([], [TensorType(fill.type, [])])
    }
    let result = op.evaluate(operands, [type.with(Shape([]))])[0]
    guard let number = number(result) else { return nil }
    return Fill(number, type.shape, type.element)
  }

  private static func tensor(
    _ value: Value, _ editor: GraphEditor, _ known: inout [Value: HostTensor]
  ) -> HostTensor {
    if let tensor = known[value] { return tensor }
    let op = editor.definition(of: value)!.op as! any TensorOp
    let tensor = op.evaluate([], [editor.type(of: value)])[0]
    known[value] = tensor
    return tensor
  }

  private static func number(_ tensor: HostTensor) -> Double? {
    tensor.type.element == .key ? nil : exact(tensor)?.first
  }

  /// The elements as numbers, if each is one exactly.
  private static func exact(_ tensor: HostTensor) -> [Double]? {
    guard tensor.type.element != .key else { return nil }
    let numbers = tensor.doubles
    if tensor.type.element == .i64 {
      let integers = tensor.elements(as: Int64.self)
      for (number, integer) in zip(numbers, integers) where Int64(exactly: number) != integer {
        return nil
      }
    }
    return numbers
  }

  private static func spell(_ tensor: HostTensor) -> (any TensorOp)? {
    guard let numbers = exact(tensor) else { return nil }
    let (shape, element) = (tensor.shape, tensor.type.element)
    if let first = numbers.first, numbers.allSatisfy({ $0.bitPattern == first.bitPattern }) {
      return Fill(first, shape, element)
    }
    return Constant(numbers, shape, element)
  }
}
