import RetortText
import Testing

@Suite struct EscapedTextTests {
  @Test func jsonStringsEscapeWhatMayNotStandInOne() {
    #expect(JSONText.quoted("a \"b\" \\ é ☃") == #""a \"b\" \\ é ☃""#)
    #expect(JSONText.quoted("\n\t\r\u{1}\u{1f}\u{7f}") == "\"\\n\\t\\r\\u0001\\u001f\u{7f}\"")
  }

  @Test func markupEndsNoElementAndNoAttribute() {
    #expect(
      MarkupText.escape("<a b='c' d=\"e\">&\u{0}\u{85}\n")
        == "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;  \n")
  }
}
