import Testing

@testable import RetortIR

@Suite struct NameTableTests {
  @Test func aTakenNameGetsTheFirstFreeNumber() {
    var names = NameTable(taken: ["x", "x_2"])
    #expect((0..<3).map { _ in names.claim("x") } == ["x_1", "x_3", "x_4"])
    #expect(names.claim("y") == "y")
    #expect(names.claim("x_3") == "x_3_1")
  }

  @Test func aValueCountsOnFromItsStemAndIsNoKeyword() {
    var names = NameTable(taken: ["relu", "relu_3"])
    #expect(names.claim(value: "relu_3") == "relu_1")
    #expect((0..<2).map { _ in names.claim(value: "relu") } == ["relu_2", "relu_4"])
    #expect(names.claim(value: "update") == "update_")
    #expect(names.claim(value: "update") == "update__1")
    #expect(names.claim(value: "_1") == "_1")
    #expect(names.claim(value: "_1") == "_1_1")
  }

  @Test func theSeparatorIsTheCallers() {
    var names = NameTable(taken: ["conv"], separator: ".")
    #expect(names.claim("conv") == "conv.1")
  }
}
