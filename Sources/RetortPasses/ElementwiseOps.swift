import RetortIR
import RetortOps
import RetortTensor

/// Which operations compute each element of their result from the elements at the same place.
enum ElementwiseOps {
  /// Identities of the types, found once in the catalogue.
  private static let identities = Set(
    OpCatalog.standard.all.filter { isElementwise($0.init()) }.map { ObjectIdentifier($0) })

  private static func isElementwise(_ op: any TensorOp) -> Bool {
    op is any UnaryElementwise || op is any BinaryElementwise || op is any Comparison
      || op is any BinaryLogic || op is any BinaryBits || op is any Shift || op is Not
      || op is Select || op is Clamp || op is Convert
  }

  /// Whether the result has the operands' shape and each element depends on its own place alone.
  static func contains(_ op: any Op) -> Bool {
    identities.contains(ObjectIdentifier(type(of: op)))
  }

  /// Whether the operation makes its result of nothing: recomputing costs less than keeping.
  static func isSource(_ op: any Op) -> Bool { op is Fill || op is Constant || op is Iota }

  /// Whether a kernel that reads the result can as well read what it is made of.
  static func isReadingMode(_ op: any Op) -> Bool { op is Fill || op is Broadcast }
}

extension Graph {
  /// How often each value is read: by nodes, as a block's result, as an output.
  func useCounts() -> [Int] {
    var counts = [Int](repeating: 0, count: values.count)
    func visit(_ block: Block) {
      for node in block.nodes {
        for operand in node.operands { counts[operand.id] += 1 }
        node.regions.forEach(visit)
      }
      for result in block.results { counts[result.id] += 1 }
    }
    visit(body)
    return counts
  }

  /// The weights that keep their values from run to run.
  var fixedWeights: [Value] {
    let updated = updatedWeights
    return inputs.filter { $0.role.isWeight && !updated.contains($0.name) }.map(\.value)
  }
}
