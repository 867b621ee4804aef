import RetortIR
import RetortOps
import RetortTensor

/// Rewrites nodes that say in a longer way what a shorter one says. Every rule keeps NaN and
/// infinities: `x · 0` stays, for it is not 0 for every `x`. The one exception is `sum-by-terms`,
/// whose sums may overflow where those of the scaled terms do not.
package struct SimplifyAlgebra: RewritePass {
  package static let name = "simplify-algebra"
  package static let summary = "shortens arithmetic, shapes and loops"
  package static let exactness = Exactness.approximates
  package static let requires: Set<Property> = [.gradientFree]

  package init() {}

  let rules = Arithmetic.rules + Reshaping.rules + Repeating.rules + Summing.rules
}

extension GraphEditor {
  /// The number that a value is everywhere, if it is defined as one.
  func splat(_ value: Value) -> Double? {
    switch definition(of: value)?.op {
    case let fill as Fill: return fill.value
    case is Broadcast: return splat(definition(of: value)!.operands[0])
    default: return nil
    }
  }

  func isDefined<O: Op>(_ value: Value, by _: O.Type) -> Node? {
    guard let node = definition(of: value), node.op is O else { return nil }
    return node
  }
}

/// Rules about arithmetic, comparisons and choices.
private enum Arithmetic {
  static let rules = neutral + repeated + spread

  /// `x + 0`, `x · 1` and their like.
  private static let neutral = [
    // −0 + 0 is +0.
    Rule("add-zero", on: [Add.self], exactness: .signOfZero) { editor, node in
      if editor.splat(node.operands[1]) == 0 { return [node.operands[0]] }
      return editor.splat(node.operands[0]) == 0 ? [node.operands[1]] : nil
    },
    Rule("subtract-zero", on: [Sub.self], exactness: .signOfZero) { editor, node in
      editor.splat(node.operands[1]) == 0 ? [node.operands[0]] : nil
    },
    Rule("subtract-from-zero", on: [Sub.self], exactness: .signOfZero) { editor, node in
      editor.splat(node.operands[0]) == 0 && editor.type(of: node.operands[1]).element != .u32
        ? [editor.add(Neg(), [node.operands[1]])] : nil
    },
    Rule("multiply-one", on: [Mul.self]) { editor, node in
      if editor.splat(node.operands[1]) == 1 { return [node.operands[0]] }
      return editor.splat(node.operands[0]) == 1 ? [node.operands[1]] : nil
    },
    Rule("divide-one", on: [Div.self]) { editor, node in
      editor.splat(node.operands[1]) == 1 ? [node.operands[0]] : nil
    },
    Rule("power-one", on: [Pow.self], exactness: .approximates) { editor, node in
      editor.splat(node.operands[1]) == 1 ? [node.operands[0]] : nil
    },
    Rule("multiply-minus-one", on: [Mul.self]) { editor, node in
      if editor.splat(node.operands[1]) == -1 { return [editor.add(Neg(), [node.operands[0]])] }
      return editor.splat(node.operands[0]) == -1
        ? [editor.add(Neg(), [node.operands[1]])] : nil
    },
    Rule("select-constant", on: [Select.self]) { editor, node in
      if let condition = editor.splat(node.operands[0]) {
        return [node.operands[condition != 0 ? 1 : 2]]
      }
      return node.operands[1] == node.operands[2] ? [node.operands[1]] : nil
    },
  ]

  /// Operations that undo or repeat one another.
  private static let repeated = [
    Rule("negate-twice", on: [Neg.self]) { editor, node in
      editor.isDefined(node.operands[0], by: Neg.self).map { $0.operands }
    },
    Rule("not-twice", on: [Not.self]) { editor, node in
      editor.isDefined(node.operands[0], by: Not.self).map { $0.operands }
    },
    Rule("add-negative", on: [Add.self]) { editor, node in
      if let other = editor.isDefined(node.operands[1], by: Neg.self) {
        return [editor.add(Sub(), [node.operands[0], other.operands[0]])]
      }
      guard let other = editor.isDefined(node.operands[0], by: Neg.self) else { return nil }
      return [editor.add(Sub(), [node.operands[1], other.operands[0]])]
    },
    Rule("subtract-negative", on: [Sub.self]) { editor, node in
      guard let other = editor.isDefined(node.operands[1], by: Neg.self) else { return nil }
      return [editor.add(Add(), [node.operands[0], other.operands[0]])]
    },
    Rule("extremum-of-itself", on: [Minimum.self, Maximum.self, And.self, Or.self]) { _, node in
      node.operands[0] == node.operands[1] ? [node.operands[0]] : nil
    },
    Rule("relu-twice", on: [Relu.self]) { editor, node in
      editor.isDefined(node.operands[0], by: Relu.self) == nil ? nil : [node.operands[0]]
    },
    Rule("convert-to-itself", on: [Convert.self]) { editor, node in
      editor.type(of: node.operands[0]) == editor.type(of: node.results[0])
        ? [node.operands[0]] : nil
    },
  ]

  /// Computes before repeating: `f(broadcast a, broadcast b) = broadcast f(a, b)`, where at least
  /// one operand is broadcast and the others are of the same small shape, or one number.
  private static let spread = [
    Rule("compute-before-broadcast", on: elementwise) { editor, node in
      var small: Shape?
      for operand in node.operands {
        switch editor.definition(of: operand)?.op {
        case is Broadcast:
          let shape = editor.shape(of: editor.definition(of: operand)!.operands[0])
          guard small == nil || small == shape else { return nil }
          small = shape
        case is Fill: continue
        default: return nil
        }
      }
      let whole = editor.shape(of: node.results[0])
      guard let small, small != whole else { return nil }
      let operands = node.operands.map { operand in
        let source = editor.definition(of: operand)!
        guard let fill = source.op as? Fill else { return source.operands[0] }
        return editor.add(Fill(fill.value, small, fill.type), [])
      }
      return [editor.add(Broadcast(whole), [editor.add(node.op, operands)])]
    }
  ]

  private static let elementwise: [any Op.Type] = OpCatalog.standard.all.filter {
    ElementwiseOps.contains($0.init())
  }
}
