import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let products: [OnnxOperator] = [
    .one("MatMul", limits: "reals") { t in try product(t, t.input(0), t.input(1)) },
    .one("Gemm", limits: "reals", generalProduct),
    .one("Einsum", limits: "at most two operands, no repeated index in one", einsum),
  ]

  /// NumPy's product: vectors count as a row on the left and a column on the right, leading axes are
  /// broadcast.
  static func product(_ t: NodeImport, _ a: Operand, _ b: Operand) throws -> Operand {
    guard t.rank(of: a) > 0, t.rank(of: b) > 0 else {
      throw ImportFailure("it multiplies \(t.type(of: a)) and \(t.type(of: b))")
    }
    let left = t.rank(of: a) == 1 ? try t.reshape(a, [1] + t.shape(of: a)) : a
    let right = t.rank(of: b) == 1 ? try t.reshape(b, t.shape(of: b) + [1]) : b
    var y = try batchedProduct(t, left, right)
    var extents = t.shape(of: y)
    if t.rank(of: b) == 1 { extents.removeLast() }
    if t.rank(of: a) == 1 { extents.remove(at: extents.count - (t.rank(of: b) == 1 ? 1 : 2)) }
    y = try t.reshape(y, extents)
    return y
  }

  private static func batchedProduct(
    _ t: NodeImport, _ a: Operand, _ b: Operand
  ) throws -> Operand {
    let (left, right) = (t.shape(of: a), t.shape(of: b))
    let (outerA, outerB) = (Array(left.dropLast(2)), Array(right.dropLast(2)))
    if outerA == outerB || outerA.isEmpty || outerB.isEmpty { return try t.apply(MatMul(), a, b) }
    guard let outer = Shape.broadcast(Shape(outerA), Shape(outerB))?.extents else {
      throw ImportFailure("it cannot broadcast \(t.type(of: a)) with \(t.type(of: b))")
    }
    return try t.apply(
      MatMul(), try t.broadcast(a, to: outer + left.suffix(2)),
      try t.broadcast(b, to: outer + right.suffix(2)))
  }

  /// `alpha · A B + beta · C`.
  private static func generalProduct(_ t: NodeImport) throws -> Operand {
    let op = MatMul(
      transposeA: try t.flag("transA", default: false),
      transposeB: try t.flag("transB", default: false))
    let (alpha, beta) = (try t.float("alpha", default: 1), try t.float("beta", default: 1))
    let y = try t.mul(try t.apply(op, t.input(0), t.input(1)), alpha)
    guard let c = t.optional(2), beta != 0 else { return y }
    return try t.add(y, try t.mul(c, beta))
  }

  /// Axes by letters: those of both operands are batches where the result keeps them, and else
  /// summed in a product of matrices.
  private static func einsum(_ t: NodeImport) throws -> Operand {
    let equation = try required(try t.text("equation"), "attribute 'equation'")
    let inputs = try t.inputs()
    let plan = try EinsumPlan(equation, ranks: inputs.map { t.rank(of: $0) })
    func others<T>(_ list: [T], _ index: Int) -> [T] {
      list.indices.filter { $0 != index }.map { list[$0] }
    }
    let given: [Term] = zip(inputs, plan.inputs).map { ($0, $1) }
    let apart = try given.indices.map { index in
      try broadcast(t, given[index], along: others(given, index))
    }
    let terms = try apart.indices.map { index -> Term in
      // What stands in one operand alone and not in the result is summed at once.
      let term = apart[index]
      let elsewhere = Set(plan.output + others(apart, index).flatMap(\.labels))
      let lone = term.labels.indices.filter { !elsewhere.contains(term.labels[$0]) }
      return (
        try t.sum(term.operand, axes: lone, keep: false),
        term.labels.indices.filter { !lone.contains($0) }.map { term.labels[$0] }
      )
    }
    let result = terms.count == 1 ? terms[0] : try contracted(t, terms[0], terms[1], plan.output)
    let order = try plan.output.map { label -> Int in
      try required(result.labels.firstIndex(of: label), "result's index '\(label)'")
    }
    return try t.transpose(result.operand, order)
  }

  private typealias Term = (operand: Operand, labels: [Character])

  /// A term without the axes of extent 1 that another has longer: it is the same all along those.
  private static func broadcast(
    _ t: NodeImport, _ term: Term, along others: [Term]
  ) throws -> Term {
    let extents = t.shape(of: term.operand)
    let kept = term.labels.indices.filter { index in
      extents[index] != 1
        || others.allSatisfy { other in
          other.labels.firstIndex(of: term.labels[index])
            .map { t.shape(of: other.operand)[$0] == 1 } ?? true
        }
    }
    return (
      try t.reshape(term.operand, kept.map { extents[$0] }), kept.map { term.labels[$0] }
    )
  }

  private static func contracted(
    _ t: NodeImport, _ a: Term, _ b: Term, _ output: [Character]
  ) throws -> Term {
    let batch = a.labels.filter { b.labels.contains($0) && output.contains($0) }
    let inner = a.labels.filter { b.labels.contains($0) && !output.contains($0) }
    let rows = a.labels.filter { !b.labels.contains($0) }
    let columns = b.labels.filter { !a.labels.contains($0) }
    func extents(_ labels: [Character], _ term: Term) -> [Int] {
      labels.map { t.shape(of: term.operand)[term.labels.firstIndex(of: $0)!] }
    }
    // Broadcast batches apart, every shared axis has one extent.
    for label in batch + inner where extents([label], a) != extents([label], b) {
      throw ImportFailure(
        "its index '\(label.isLetter ? String(label) : "...")' has two extents")
    }
    func arranged(_ term: Term, _ groups: [[Character]]) throws -> Operand {
      let order = groups.flatMap { $0 }.map { term.labels.firstIndex(of: $0)! }
      let moved = try t.transpose(term.operand, order)
      return try t.reshape(
        moved, extents(batch, term) + groups.dropFirst().map { extents($0, term).reduce(1, *) })
    }
    let y = try t.apply(
      MatMul(), try arranged(a, [batch, rows, inner]), try arranged(b, [batch, inner, columns]))
    return (
      try t.reshape(y, extents(batch, a) + extents(rows, a) + extents(columns, b)),
      batch + rows + columns
    )
  }
}

/// The axes that an equation such as `bij,bjk->bik` names.
private struct EinsumPlan {
  let inputs: [[Character]]
  let output: [Character]

  init(_ equation: String, ranks: [Int]) throws {
    let text = equation.filter { !$0.isWhitespace }
    let sides = text.split(separator: "-", omittingEmptySubsequences: false)
    let left = sides[0].split(separator: ",", omittingEmptySubsequences: false)
    guard sides.count <= 2, sides.count == 1 || sides[1].hasPrefix(">"), left.count == ranks.count,
      (1...2).contains(left.count)
    else { throw ImportFailure("its equation '\(equation)' is not understood") }
    for term in left + sides.dropFirst().map({ $0.dropFirst() }) {
      let letters = term.replacing("...", with: "", maxReplacements: 1)
      guard letters.allSatisfy({ $0.isASCII && $0.isLetter }) else {
        throw ImportFailure(
          "its equation '\(equation)' is not understood",
          hint: "axes are named by letters, or left to '...'")
      }
    }
    // Axes under the dots are numbered from the last by characters that no equation has.
    var dots = 0
    inputs = try zip(left, ranks).map { term, rank in
      let named = term.count { $0.isLetter }
      let hidden = term.contains("...") ? rank - named : 0
      guard hidden >= 0, named + hidden == rank else {
        throw ImportFailure("its equation '\(equation)' names \(named) axes of \(rank)")
      }
      dots = Swift.max(dots, hidden)
      return Self.labels(String(term), hidden)
    }
    if sides.count == 2 {
      output = Self.labels(String(sides[1].dropFirst()), dots)
    } else {
      let all = inputs.flatMap { $0 }
      let hidden = Self.hidden(dots)
      output =
        hidden
        + Set(all).filter { label in
          label.isLetter && all.count { $0 == label } == 1
        }.sorted()
    }
    for labels in inputs + [output] where Set(labels).count != labels.count {
      throw ImportFailure("its equation '\(equation)' names an axis twice in one term")
    }
  }

  private static func hidden(_ count: Int) -> [Character] {
    (0..<count).reversed().map { Character(Unicode.Scalar(0xE000 + UInt32($0))!) }
  }

  private static func labels(_ term: String, _ count: Int) -> [Character] {
    var labels: [Character] = []
    var dotted = false
    for character in term {
      if character == "." {
        if !dotted { labels += hidden(count) }
        dotted = true
      } else {
        labels.append(character)
      }
    }
    return labels
  }
}
