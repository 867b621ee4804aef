import RetortIR
import RetortOps
import RetortTensor

/// Rules about operations that only move elements.
enum Reshaping {
  static let rules = identities + twice + ofFills

  /// Moves that move nothing.
  private static let identities = [
    Rule("keep-shape", on: [Reshape.self, Broadcast.self, Pad.self]) { editor, node in
      editor.type(of: node.operands[0]) == editor.type(of: node.results[0])
        ? [node.operands[0]] : nil
    },
    // A slice of every element; equal types alone would do too, as slices cannot reverse.
    Rule("keep-all", on: [Slice.self]) { editor, node in
      editor.type(of: node.operands[0]) == editor.type(of: node.results[0])
        ? [node.operands[0]] : nil
    },
    Rule("keep-order", on: [Transpose.self]) { editor, node in
      let axes = normalised(node.op as! Transpose, editor.shape(of: node.operands[0]))
      return axes == Array(axes.indices) ? [node.operands[0]] : nil
    },
    // The sum starts from +0.
    Rule("keep-sum", on: [Sum.self, Mean.self], exactness: .signOfZero) { editor, node in
      let (old, new) = (editor.shape(of: node.operands[0]), editor.shape(of: node.results[0]))
      guard old.elementCount == new.elementCount, new.elementCount > 0 else { return nil }
      return old == new ? [node.operands[0]] : [editor.add(Reshape(new), [node.operands[0]])]
    },
    Rule("join-one", on: [Concatenate.self]) { _, node in
      node.operands.count == 1 ? [node.operands[0]] : nil
    },
  ]

  /// Two moves that are one.
  private static let twice = [
    Rule("reshape-twice", on: [Reshape.self]) { editor, node in
      guard let inner = editor.isDefined(node.operands[0], by: Reshape.self) else { return nil }
      let shape = editor.shape(of: node.results[0])
      return editor.shape(of: inner.operands[0]) == shape
        ? [inner.operands[0]] : [editor.add(Reshape(shape), [inner.operands[0]])]
    },
    Rule("broadcast-twice", on: [Broadcast.self]) { editor, node in
      guard let inner = editor.isDefined(node.operands[0], by: Broadcast.self) else { return nil }
      return [editor.add(Broadcast(editor.shape(of: node.results[0])), [inner.operands[0]])]
    },
    Rule("transpose-twice", on: [Transpose.self]) { editor, node in
      guard let inner = editor.isDefined(node.operands[0], by: Transpose.self) else { return nil }
      let shape = editor.shape(of: inner.operands[0])
      let first = normalised(inner.op as! Transpose, shape)
      let second = normalised(node.op as! Transpose, editor.shape(of: node.operands[0]))
      return [editor.add(Transpose(second.map { first[$0] }), [inner.operands[0]])]
    },
    Rule("reverse-twice", on: [Reverse.self]) { editor, node in
      guard let inner = editor.isDefined(node.operands[0], by: Reverse.self) else { return nil }
      let shape = editor.shape(of: node.results[0])
      func axes(_ op: any Op) -> [Int] {
        (op as! Reverse).axes.map { shape.normalised($0)! }.sorted()
      }
      return axes(node.op) == axes(inner.op) ? inner.operands : nil
    },
  ]

  /// Moved, a tensor of one number is another tensor of that number.
  private static let ofFills = [
    Rule(
      "move-fill",
      on: [Reshape.self, Broadcast.self, Transpose.self, Slice.self, Reverse.self, Gather.self]
    ) { editor, node in
      guard let fill = editor.definition(of: node.operands[0])?.op as? Fill else { return nil }
      let type = editor.type(of: node.results[0])
      return [editor.add(Fill(fill.value, type.shape, type.element), [])]
    },
    Rule("pad-fill", on: [Pad.self]) { editor, node in
      guard let fill = editor.definition(of: node.operands[0])?.op as? Fill,
        fill.value.bitPattern == (node.op as! Pad).value.bitPattern
      else { return nil }
      let type = editor.type(of: node.results[0])
      return [editor.add(Fill(fill.value, type.shape, type.element), [])]
    },
  ]

  private static func normalised(_ op: Transpose, _ shape: Shape) -> [Int] {
    op.permutation.map { shape.normalised($0)! }
  }
}

/// Rules about loops.
enum Repeating {
  static let rules = [
    Rule("run-no-turn", on: [Repeat.self]) { editor, node in
      guard (node.op as! Repeat).count == 0 else { return nil }
      let collected = node.results.dropFirst(node.operands.count).map { value in
        let type = editor.type(of: value)
        return editor.add(Fill(0, type.shape, type.element), [])
      }
      return node.operands + collected
    }
  ]
}
