import RetortText
import Testing

@Suite struct EscapedTextTests {
  @Test func jsonStringsEscapeWhatMayNotStandInOne() {
    #expect(JSONText.quoted("a \"b\" \\ é ☃") == #""a \"b\" \\ é ☃""#)
    #expect(JSONText.quoted("\n\t\r\u{1}\u{1f}\u{7f}") == "\"\\n\\t\\r\\u0001\\u001f\u{7f}\"")
  }

  @Test func terminalsObeyNoTextOfAFile() {
    #expect("a\u{1b}[31m\u{9b}b\n\u{a0}é".visible() == "a\u{fffd}[31m\u{fffd}b\u{fffd}\u{a0}é")
    #expect("a\u{1b}\nb".visible(keepingLines: true) == "a\u{fffd}\nb")
    var table = TextTable(["name"])
    table.add(["w\u{1b}[2J\n"])
    #expect(table.text == "name\n------\nw\u{fffd}[2J\u{fffd}\n")
  }

  @Test func markupEndsNoElementAndNoAttribute() {
    #expect(
      MarkupText.escape("<a b='c' d=\"e\">&\u{0}\u{85}\n")
        == "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;  \n")
  }
}
