import RetortTensor
import Testing

@Suite struct ShapeTests {
  @Test func descriptionsSpellOutWhatAGraphMayHave() {
    #expect(Shape([]).description == "[]")
    #expect(TensorType([8, 3, 32, 32]).description == "f32[8, 3, 32, 32]")
    let many = Shape([Int](repeating: 2, count: 80)).description
    #expect(many.split(separator: ",").count == 80)
  }

  @Test func descriptionsOfMoreAreShort() {
    let extents = [Int](repeating: 7, count: 100_000)
    #expect(Shape(extents).description == "[7, 7, 7, 7, 7, 7, 7, 7, … 99992 more]")
  }
}
