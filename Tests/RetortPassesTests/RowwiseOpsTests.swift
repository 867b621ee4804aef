import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

/// What an operation is said to do along axis 0, on every sample of every operation.
@Suite struct RowwiseOpsTests {
  private struct Case {
    let sample: Sample
    let result: TensorType

    var types: [TensorType] { sample.operands.map(\.type) }
  }

  private static func cases(_ op: any TensorOp.Type) throws -> [Case] {
    try op.samples.compactMap { sample in
      let results = try sample.op.inferTypes(sample.operands.map(\.type))
      return results.count == 1 ? Case(sample: sample, result: results[0]) : nil
    }
  }

  @Test func rowsOneBehindTheOtherGiveWhatEachGives() throws {
    var seen: [String] = []
    for op in OpCatalog.standard.all {
      for item in try Self.cases(op) {
        let sample = item.sample
        guard let roles = RowwiseOps.roles(sample.op, item.types, item.result) else { continue }
        seen.append(op.name)
        let first = sample.wideTensors(seed: 1)
        let second = zip(sample.wideTensors(seed: 2), zip(first, roles)).map {
          $1.1 == .whole ? $1.0 : $0
        }
        let both = zip(zip(first, second), roles).map { $1 == .whole ? $0.0 : $0.0.stacked($0.1) }
        let rows = 2 * item.result.shape[0]
        let resized = RowwiseOps.resized(sample.op, item.result, rows: rows) as! any TensorOp
        let expected = try sample.op.evaluate(first)[0].stacked(sample.op.evaluate(second)[0])
        #expect(try resized.evaluate(both)[0] == expected, "\(sample.op.signature)")
      }
    }
    for name in ["conv2d", "conv2d_transpose", "matmul", "add", "select", "mean", "broadcast"] {
      #expect(seen.contains(name))
    }
    for name in ["conv2d_kernel", "gather", "scatter_add", "fill", "iota"] {
      #expect(!seen.contains(name))
    }
  }

  @Test func rowsThatAreSaidToRepeatDo() throws {
    var count = 0
    for op in OpCatalog.standard.all {
      for item in try Self.cases(op) {
        let sample = item.sample
        guard RowwiseOps.repeatsRows(sample.op, item.types, item.result) else { continue }
        count += 1
        let resized = RowwiseOps.resized(sample.op, item.result, rows: 3) as! any TensorOp
        let operands = sample.wideTensors(seed: 1)
        let one = RowwiseOps.resized(sample.op, item.result, rows: 1) as! any TensorOp
        let row = try one.evaluate(operands)[0]
        let three = try resized.evaluate(operands)[0]
        #expect(three == row.stacked(row).stacked(row), "\(sample.op.signature)")
      }
    }
    #expect(count > 8)
  }

  @Test func aReductionOverRowsIsNotRowwise() {
    let type = TensorType([4, 3])
    #expect(RowwiseOps.roles(Sum(axes: []), [type], TensorType([])) == nil)
    #expect(RowwiseOps.roles(Sum(axes: [-2], keep: true), [type], TensorType([1, 3])) == nil)
    #expect(RowwiseOps.roles(Softmax(axis: 0), [type], type) == nil)
    #expect(RowwiseOps.roles(Reshape([2, 6]), [type], TensorType([2, 6])) == nil)
    #expect(RowwiseOps.roles(Transpose([1, 0]), [type], TensorType([3, 4])) == nil)
    #expect(RowwiseOps.roles(Reverse([0]), [type], type) == nil)
  }
}

extension HostTensor {
  /// This tensor and another one behind it along axis 0.
  func stacked(_ other: HostTensor) -> HostTensor {
    var shape = shape
    shape[0] += other.shape[0]
    return HostTensor(type.with(shape), bytes: bytes + other.bytes)
  }
}
