import RetortIR
import RetortOps
import RetortTensor

/// Rules about sums of images over everything but channels, as gradients of batch norm have them.
enum Summing {
  static let rules = [
    // Σ (x · s + z) = s · Σ x + Σ z where s is the same for all that is summed: x and z are then
    // summed where they are computed, and what is left can be computed in one go with its reader.
    // Σ x and Σ z may overflow, or lose digits to each other, where Σ (x · s + z) does not: sums
    // without such a factor stay as they are written.
    Rule("sum-by-terms", on: [Sum.self], exactness: .approximates) { editor, node in
      guard let op = node.op as? Sum, isOverImages(op, editor.type(of: node.operands[0])) else {
        return nil
      }
      var terms: [Term] = []
      guard collect(Term(value: node.operands[0]), op, editor, &terms),
        Set(terms.map(\.value)).count <= 2, terms.first?.value != node.operands[0],
        terms.count == 1 || terms.contains(where: { !$0.factors.isEmpty })
      else { return nil }
      let shape = editor.shape(of: node.results[0])
      var total: Value?
      for term in terms {
        var sum = editor.add(op, [term.value])
        for factor in term.factors {
          sum = editor.add(Mul(), [sum, editor.add(Reshape(shape), [factor])])
        }
        if term.isNegative { sum = editor.add(Neg(), [sum]) }
        total = total.map { editor.add(Add(), [$0, sum]) } ?? sum
      }
      return total.map { [$0] }
    }
  ]

  /// `± value · factors`, the factors small.
  private struct Term {
    var value: Value
    var factors: [Value] = []
    var isNegative = false
  }

  private static let mostTerms = 4
  /// Of sums within sums; a longer chain is left as it is.
  private static let mostDepth = 16

  private static func isOverImages(_ op: Sum, _ x: TensorType) -> Bool {
    x.rank == 4 && x.element == .f32 && x.elementCount > 0
      && Set(x.shape.reducedAxes(op.axes)) == [0, 2, 3]
  }

  /// Takes sums, negations and products with what is broadcast apart.
  /// - Returns: false where there are too many terms.
  private static func collect(
    _ term: Term, _ op: Sum, _ editor: GraphEditor, _ terms: inout [Term], depth: Int = 0
  ) -> Bool {
    guard depth < mostDepth else { return false }
    let node = editor.definition(of: term.value)
    var part = term
    switch node?.op {
    case is Neg:
      part.value = node!.operands[0]
      part.isNegative.toggle()
      return collect(part, op, editor, &terms, depth: depth + 1)
    case is Add:
      return node!.operands.allSatisfy { operand in
        part.value = operand
        return collect(part, op, editor, &terms, depth: depth + 1)
      }
    case is Mul:
      for (factor, other) in [(0, 1), (1, 0)] {
        guard let small = spread(node!.operands[factor], op, editor) else { continue }
        part.value = node!.operands[other]
        part.factors.append(small)
        return collect(part, op, editor, &terms, depth: depth + 1)
      }
    default: break
    }
    terms.append(term)
    return terms.count <= mostTerms
  }

  /// What is broadcast along the summed axes, and along them only.
  private static func spread(_ value: Value, _ op: Sum, _ editor: GraphEditor) -> Value? {
    guard let node = editor.isDefined(value, by: Broadcast.self) else { return nil }
    let whole = editor.shape(of: value)
    let small = editor.shape(of: node.operands[0])
    return small == whole.reduced(whole.reducedAxes(op.axes), keep: true) ? node.operands[0] : nil
  }
}
