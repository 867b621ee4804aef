import RetortFormats
import Testing

@Suite struct JSONTests {
  @Test func whatIsPrintedIsReadBack() throws {
    let text = #"{"b":[1,-2.5e3,true,null],"a":{"k\n\"\\\u0001":"é😀"},"":""}"#
    let value = try JSONParser.parse(text.utf8)
    #expect(value.text == text)
    #expect(value["b"]?.array?.map(\.int) == [1, nil, nil, nil])
    #expect(value["b"]?.array?[1].double == -2500)
    #expect(try JSONParser.parse(#" "\ud83d\ude00\u00e9" "#.utf8) == .string("😀é"))
    #expect(throws: FormatError.self) { try JSONParser.parse(#""\ud83d \ude00""#.utf8) }
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "01", "1.", "-", "+1", "nul", "\"a",
    "\"\\x\"", "\"\\ud800\"", "[1] 2", "{a:1}", "\"\u{1}\"", "NaN", "1e", "// c\n1",
  ])
  func whatIsNotJSONIsRefused(_ text: String) {
    #expect(throws: FormatError.self) { try JSONParser.parse(text.utf8) }
  }

  @Test func marksOfEncodingsAreUnderstood() throws {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    #expect(try JSONParser.parse(mark + Array("[1]".utf8)) == .array([.number(1)]))
    let slip = mark + Array("[1,]".utf8)
    let error = #expect(throws: FormatError.self) { try JSONParser.parse(slip) }
    #expect(error?.message.hasPrefix("is not JSON at line 1, column 4: ") == true)
    #expect(throws: FormatError.self) { try JSONParser.parse(mark + mark + Array("1".utf8)) }
    for mark in [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]] {
      let error = #expect(throws: FormatError.self) { try JSONParser.parse(mark + [0x31, 0]) }
      #expect(error?.message == "is UTF-16, and JSON is UTF-8")
    }
  }

  @Test func deepNestingIsRefused() {
    #expect(throws: FormatError.self) {
      try JSONParser.parse(repeatElement(UInt8(ascii: "["), count: 100_000))
    }
  }

  @Test(arguments: [
    ("{\n  \"a\": 1,\n}", "line 3, column 1: a key is missing; a comma before a closing"),
    ("// c\n1", "line 1, column 1: no value is here; JSON has no comments"),
    ("[1,\n 'a']", "line 2, column 2: no value is here; texts stand in double quotes"),
    ("{\"a\": 1 \"b\"}", "line 1, column 9: a closing brace is missing"),
  ])
  func mistakesHaveAPlace(text: String, sentence: String) {
    let error = #expect(throws: FormatError.self) { try JSONParser.parse(text.utf8) }
    #expect(error?.message.hasPrefix("is not JSON at " + sentence) == true, "\(error!.message)")
  }
}
