import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct MatMulTests {
  private let a = HostTensor([2, 2], [1.0, 2, 3, 4])
  private let b = HostTensor([2, 2], [5.0, 6, 7, 8])

  @Test func multipliesRowsByColumns() throws {
    #expect(try MatMul().numbers(a, b) == [19, 22, 43, 50])
    let left = MatMul(transposeA: true, transposeB: false)
    #expect(try left.numbers(a, b) == [26, 30, 38, 44])
    let right = MatMul(transposeA: false, transposeB: true)
    #expect(try right.numbers(a, b) == [17, 23, 39, 53])
    let both = MatMul(transposeA: true, transposeB: true)
    #expect(try both.numbers(a, b) == [23, 31, 34, 46])
  }

  @Test func aMatrixIsSharedByTheBatch() throws {
    let batch = HostTensor([2, 1, 2], [1.0, 0, 0, 1])
    #expect(try MatMul().numbers(batch, b) == [5, 6, 7, 8])
    let columns = HostTensor([2, 2, 1], [1.0, 0, 0, 1])
    #expect(try MatMul().numbers(a, columns) == [1, 3, 2, 4])
  }

  @Test func aSumOverNothingIsZero() throws {
    let empty = try MatMul().numbers(
      HostTensor([1, 0], [Double]()), HostTensor([0, 2], [Double]()))
    #expect(empty == [0, 0])
  }

  /// A shared matrix gets its gradient from one product of all rows, not from one an image.
  @Test func theGradientOfASharedMatrixIsOneProduct() {
    var b = GraphBuilder(name: "shared")
    let x = b.input("x", TensorType([8, 3, 5]))
    let w = b.input("w", TensorType([5, 4]))
    let y = b.matmul(x, w)
    let dy = b.input("dy", b.type(of: y))
    let cotangents = MatMul().gradient(
      &b, Primal(inputs: [x, w], outputs: [y], seeds: [dy], wanted: [false, true]))
    #expect(cotangents[0] == nil)
    let product = b.lastNode!
    #expect(product.op is MatMul)
    #expect(
      product.operands.map { b.type(of: $0) } == [TensorType([24, 5]), TensorType([24, 4])])
  }

  @Test func costsTwoOperationsForEachMultiplyAdd() throws {
    let types = [TensorType([7, 3, 5]), TensorType([5, 4])]
    let results = try MatMul().inferTypes(types)
    #expect(MatMul().cost(types, results).flops == 2 * 7 * 3 * 5 * 4)
  }

  @Test func matmul_C1_operandsAreRealMatrices() {
    #expect(
      throws: Violation(
        "C1", "takes real tensors of rank 2 or more, but 'b' is f32[3]", operand: 1)
    ) { try MatMul().inferTypes([TensorType([2, 3]), TensorType([3])]) }
    #expect(
      throws: Violation(
        "C1", "takes one element type, but 'a' is f32[2, 3] and 'b' is f64[3, 2]", operand: 1)
    ) { try MatMul().inferTypes([TensorType([2, 3]), TensorType(.f64, [3, 2])]) }
  }

  @Test func matmul_C2_contractedExtentsDiffer() {
    #expect(throws: Violation("C2", "contracts unequal extents, 128 and 64", operand: 1)) {
      try MatMul().inferTypes([TensorType([32, 128]), TensorType([64, 256])])
    }
  }

  @Test func matmul_C3_leadingExtentsDiffer() {
    #expect(
      throws: Violation(
        "C3", "pairs equal leading extents, got [2] and [3]", operand: 1,
        hint: "broadcast one operand to the other's leading extents")
    ) { try MatMul().inferTypes([TensorType([2, 4, 5]), TensorType([3, 5, 4])]) }
  }
}
