import RetortIR
import RetortOps
import RetortTensor
import Testing

@Suite struct AttributeTests {
  @Test func attributesAreSetByName() {
    var op: any TensorOp = Sum()
    #expect(set(&op, "axes", .integers([1, 2])))
    #expect(set(&op, "keep", .flag(true)))
    #expect(op.signature == "sum(axes: [1, 2], keep: true)")
  }

  @Test func wrongKindsAndNamesAreRefused() {
    var op: any TensorOp = Sum()
    #expect(!set(&op, "axes", .text("x")))
    #expect(!set(&op, "keep", .integer(1)))
    #expect(!set(&op, "axis", .integers([1])))
    #expect(op.signature == "sum()")
  }

  @Test func numbersStandForListsAndIntegersForReals() {
    var op: any TensorOp = Sum()
    #expect(set(&op, "axes", .integer(3)))
    #expect(op.signature == "sum(axes: [3])")
    op = Fill()
    #expect(set(&op, "value", .integer(2)))
    #expect(set(&op, "type", .element(.i32)))
    #expect(op.signature == "fill(value: 2.0, shape: [], type: i32)")
  }

  @Test func valuesAreEqualIfTheyAreSpelledTheSame() {
    #expect(AttributeValue.number(-0.0) != .number(0))
    #expect(AttributeValue.numbers([1, -0.0]) != .numbers([1, 0]))
    #expect(AttributeValue.number(1) != .integer(1))
    #expect(AttributeValue.number(.nan) == .number(-.nan))
    #expect(AttributeValue.numbers([.nan, 1]) == .numbers([.nan, 1]))
    let values: Set<AttributeValue> = [.number(0), .number(-0.0), .number(.nan)]
    #expect(values.count == 3)
    #expect(values.contains(.number(.nan)))
  }

  @Test func aNegativeZeroIsNotTheDefault() {
    func signature(_ value: Double) -> String {
      Pad([0], low: [1], high: [0], value: value).signature
    }
    #expect(signature(0) == "pad(axes: [0], low: [1], high: [0])")
    #expect(signature(-0.0) == "pad(axes: [0], low: [1], high: [0], value: -0.0)")
  }

  @Test func summariesTellDefaults() {
    let summaries = Fill.attributeSummaries
    #expect(summaries.map(\.name) == ["value", "shape", "type"])
    #expect(summaries.map(\.kind) == ["Float", "[Int]", "element type"])
    #expect(summaries.map(\.defaultValue) == [nil, nil, .element(.f32)])
  }

  @Test func catalogueFindsByName() {
    #expect(OpCatalog.standard["reduce_max"] is ReduceMax.Type)
    #expect(OpCatalog.standard["reduceMax"] == nil)
    #expect(OpCatalog.standard.names.first == "neg")
  }

  private func set(
    _ op: inout any TensorOp, _ name: String, _ value: AttributeValue
  ) -> Bool {
    op.setAttribute(name, to: value)
  }
}
