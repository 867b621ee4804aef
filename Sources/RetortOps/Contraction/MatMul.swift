import RetortIR
import RetortTensor

/// Matrix product over the last two axes: `y[…, i, j] = Σₖ a[…, i, k] · b[…, k, j]`.
///
/// Shapes: `a: [batch…, m, k]`, `b: [batch…, k, n]` → `y: [batch…, m, n]`; where an operand has
/// rank 2 it is the same matrix for the whole batch of the other. `transpose_a` takes `a` as
/// `[batch…, k, m]`, `transpose_b` takes `b` as `[batch…, n, k]`.
/// The reference adds up in Double and rounds once; a sum over no terms is 0.
/// - C1: `a` and `b` are real, of one element type and of rank 2 or more.
/// - C2: the contracted extents are equal.
/// - C3: the leading extents are equal, unless one operand has rank 2.
package struct MatMul: TensorOp {
  package static let name = "matmul"
  package static let summary = "matrix product over the last two axes"
  package static let operandNames = ["a", "b"]
  package static let attributes: [Attribute<MatMul>] = [
    Attribute("transpose_a", \.transposeA, "whether a's last two axes are swapped"),
    Attribute("transpose_b", \.transposeB, "whether b's last two axes are swapped"),
  ]
  package var transposeA = false
  package var transposeB = false

  package init() {}

  package init(transposeA: Bool, transposeB: Bool) {
    self.transposeA = transposeA
    self.transposeB = transposeB
  }

  package static let samples: [Sample] = {
    var samples: [Sample] = []
    for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
      let op = MatMul(transposeA: transposeA, transposeB: transposeB)
      let a = transposeA ? [5, 3] : [3, 5]
      let b = transposeB ? [4, 5] : [5, 4]
      for (left, right) in [([], []), ([2, 3], [2, 3]), ([3], []), ([], [2])] {
        samples.append(
          Sample(op, [TensorType(Shape(left + a)), TensorType(Shape(right + b))]))
      }
    }
    samples.append(Sample(MatMul(), [TensorType([1, 1]), TensorType([1, 1])]))
    samples.append(Sample(MatMul(), [TensorType([7, 1]), TensorType([1, 9])]))
    return samples
  }()

  /// The extents of a product: `count` matrices `[m, k] · [k, n]`.
  package struct Extents: Hashable, Sendable {
    package let batch: [Int]
    package let m: Int
    package let k: Int
    package let n: Int
    package var count: Int { batch.reduce(1, *) }
  }

  /// Every constraint is checked here.
  package func extents(_ operands: [TensorType]) throws(Violation) -> Extents {
    for (index, operand) in operands.enumerated() {
      try require(
        operand.element.isReal && operand.rank >= 2, "C1",
        "takes real tensors of rank 2 or more, but '\(Self.operandNames[index])' is \(operand)",
        operand: index)
    }
    let (a, b) = (operands[0], operands[1])
    try require(
      a.element == b.element, "C1", "takes one element type, but 'a' is \(a) and 'b' is \(b)",
      operand: 1)
    let left = Array(a.shape.extents.suffix(2))
    let right = Array(b.shape.extents.suffix(2))
    let (m, k) = transposeA ? (left[1], left[0]) : (left[0], left[1])
    let (inner, n) = transposeB ? (right[1], right[0]) : (right[0], right[1])
    try require(k == inner, "C2", "contracts unequal extents, \(k) and \(inner)", operand: 1)
    let (outerA, outerB) = (
      Array(a.shape.extents.dropLast(2)), Array(b.shape.extents.dropLast(2))
    )
    try require(
      outerA == outerB || outerA.isEmpty || outerB.isEmpty, "C3",
      "pairs equal leading extents, got \(outerA) and \(outerB)", operand: 1,
      hint: "broadcast one operand to the other's leading extents")
    return Extents(batch: outerA.isEmpty ? outerB : outerA, m: m, k: k, n: n)
  }

  /// The extents for operands that type inference has accepted.
  package func acceptedExtents(_ operands: [TensorType]) -> Extents {
    accepted(operands, by: extents)
  }

  package func inferTypes(_ operands: [TensorType]) throws(Violation) -> [TensorType] {
    let extents = try extents(operands)
    return [operands[0].with(Shape(extents.batch + [extents.m, extents.n]))]
  }

  /// Two operations for each multiply-add.
  package func cost(_ operands: [TensorType], _ results: [TensorType]) -> Cost {
    let extents = acceptedExtents(operands)
    return Cost.moving(
      operands, results,
      flops: Cost.product(2, extents.count, extents.m, extents.k, extents.n))
  }

  package func reference(_ operands: [TensorView], _ results: [TensorView]) {
    switch operands[0].type.element {
    case .f64: run(Double.self, operands, results[0])
    default: run(Float.self, operands, results[0])
    }
  }

  private func run<R: Real>(_: R.Type, _ operands: [TensorView], _ result: TensorView) {
    let extents = acceptedExtents(operands.map(\.type))
    let (m, k, n) = (extents.m, extents.k, extents.n)
    let (a, b, y) = (
      operands[0].elements(R.self), operands[1].elements(R.self), result.elements(R.self)
    )
    let (rowStrideA, innerStrideA) = transposeA ? (1, m) : (k, 1)
    let (innerStrideB, columnStrideB) = transposeB ? (1, k) : (n, 1)
    for matrix in 0..<extents.count {
      let startA = operands[0].shape.rank == 2 ? 0 : matrix * m * k
      let startB = operands[1].shape.rank == 2 ? 0 : matrix * k * n
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for inner in 0..<k {
            sum +=
              Double(a[startA + row * rowStrideA + inner * innerStrideA])
              * Double(b[startB + inner * innerStrideB + column * columnStrideB])
          }
          y[(matrix * m + row) * n + column] = R(sum)
        }
      }
    }
  }
}

extension MatMul {
  /// With `A`, `B` the operands as they are multiplied, `dA = dy · Bᵀ` and `dB = Aᵀ · dy`, each
  /// transposed back where the operand was. A matrix that a whole batch shares gets the batch's
  /// sum, as a single product where rows can be lined up.
  package func gradient(_ b: inout GraphBuilder, _ primal: Primal) -> [Value?] {
    let (left, right, dy) = (primal.inputs[0], primal.inputs[1], primal.seed)
    return [
      primal.wanted[0] ? leftCotangent(&b, left, right, dy) : nil,
      primal.wanted[1] ? rightCotangent(&b, left, right, dy) : nil,
    ]
  }

  private func leftCotangent(
    _ b: inout GraphBuilder, _ left: Value, _ right: Value, _ dy: Value
  ) -> Value {
    let whole =
      transposeA
      ? b.matmul(right, dy, transposeA: transposeB, transposeB: true)
      : b.matmul(dy, right, transposeB: !transposeB)
    return Self.sum(&b, whole, to: b.shape(of: left).rank)
  }

  private func rightCotangent(
    _ b: inout GraphBuilder, _ left: Value, _ right: Value, _ dy: Value
  ) -> Value {
    var (left, dy) = (left, dy)
    if b.shape(of: right).rank == 2, !transposeA {
      left = Self.stacked(&b, left)
      dy = Self.stacked(&b, dy)
    }
    let whole =
      transposeB
      ? b.matmul(dy, left, transposeA: true, transposeB: transposeA)
      : b.matmul(left, dy, transposeA: !transposeA)
    return Self.sum(&b, whole, to: b.shape(of: right).rank)
  }

  /// All rows of a batch of matrices as one matrix.
  private static func stacked(_ b: inout GraphBuilder, _ x: Value) -> Value {
    let shape = b.shape(of: x)
    if shape.rank == 2 { return x }
    return b.reshape(x, [shape.extents.dropLast().reduce(1, *), shape[shape.rank - 1]])
  }

  /// Sums leading axes away.
  private static func sum(_ b: inout GraphBuilder, _ x: Value, to rank: Int) -> Value {
    let excess = b.shape(of: x).rank - rank
    return excess == 0 ? x : b.sum(x, axes: Array(0..<excess))
  }
}

extension GraphBuilder {
  /// `matmul(x, y)`
  package mutating func matmul(
    _ x: Value, _ y: Value, transposeA: Bool = false, transposeB: Bool = false
  ) -> Value {
    add(MatMul(transposeA: transposeA, transposeB: transposeB), [x, y])
  }
}
