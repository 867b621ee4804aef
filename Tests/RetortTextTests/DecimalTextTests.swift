import RetortText
import Testing

@Suite struct DecimalTextTests {
  @Test func decimalsAreRoundedAndFilled() {
    #expect(DecimalText.fixed(2.5, 2) == "2.50" && DecimalText.fixed(0.0049, 2) == "0.00")
    #expect(DecimalText.fixed(0.996, 2) == "1.00" && DecimalText.fixed(12.05, 3) == "12.050")
    #expect(DecimalText.short(2.5) == "2.5" && DecimalText.short(30) == "30")
    #expect(DecimalText.short(0.126, 2) == "0.13" && DecimalText.short(-1) == "0")
  }

  @Test func whatHasTooManyDigitsIsWrittenToo() {
    #expect(DecimalText.fixed(.infinity, 1) == "inf" && DecimalText.fixed(.nan, 1) == "nan")
    #expect(DecimalText.fixed(1e30, 2) == "1e+30" && DecimalText.short(.infinity) == "inf")
  }
}
