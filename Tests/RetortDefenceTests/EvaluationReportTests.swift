import Foundation
import RetortDefence
import RetortFormats
import Testing

struct EvaluationReportTests {
  private let results = Self.sample
  private static let sample = EvaluationSample.results(images: 20)
  private static let json = try! String(decoding: ReportJSON.bytes(sample), as: UTF8.self)

  @Test func jsonReadsBackEqual() throws {
    let bytes = try ReportJSON.bytes(results)
    #expect(try ReportJSON.results(bytes) == results)
    #expect(try ReportJSON.bytes(try ReportJSON.results(bytes)) == bytes)
  }

  /// What losses were taken on is a name in a report, and the same again when read.
  @Test func lossesAreOfPointsThatAReportNames() throws {
    let points = Array(results.losses.map(\.points).prefix(3))
    #expect(
      points == [.attack("clean"), .attack("PGD-50"), .purified(attack: "PGD-50", arm: "multi")])
    #expect(Self.json.contains("\"points\": \"PGD-50, purified by multi\""))
    let page = ReportHTML.text(results)
    for kind in ["clean", "attacked", "purified"] {
      // One row in each of two tasks' charts.
      #expect(page.components(separatedBy: "<g class=\"series \(kind)\">").count == 3, "\(kind)")
    }
  }

  @Test func jsonHasAListOfAnswersOnOneLine() {
    let lines = Self.json.split(separator: "\n")
    #expect(
      lines.count { $0.contains("\"answers\": [") && $0.contains("],") } == results.cells.count)
    #expect(lines[1].hasPrefix("  \"checks\": ["))
    #expect(lines.contains("  \"results\": {") && lines.contains("  \"summary\": {"))
  }

  /// What is said of the report with the first match of a pattern replaced.
  private func refusal(_ pattern: Regex<Substring>, _ new: String) throws -> String {
    let changed = Self.json.replacing(pattern, with: new, maxReplacements: 1)
    #expect(changed != Self.json, "nothing was changed")
    let error = #expect(throws: FormatError.self) { try ReportJSON.results(Array(changed.utf8)) }
    return error?.message ?? ""
  }

  @Test func damagedFilesAreRefusedWithASentence() throws {
    #expect(try refusal(/"format": 1,/, "\"format\": 2,").contains("format 2"))
    #expect(try refusal(/"answers": \[\d/, "\"answers\": [10").contains("hold class 10"))
    #expect(try refusal(/"answers": \[\d/, "\"answers\": [-1").contains("hold class -1"))
    #expect(try refusal(/"answers": \[/, "\"answers\": [1,").contains("images were attacked"))
    #expect(try refusal(/"answers": \[/, "\"answers\": [0.5,").contains("is not a report"))
    #expect(try refusal(/"labels": \[/, "\"labels\": [99,").contains("the labels hold class 99"))
    #expect(try refusal(/"kind": "loss"/, "\"kind\": \"odd\"").contains("is of kind \"odd\""))
    #expect(
      try refusal(/"level": "T2"/, "\"level\": \"T4\"").contains(
        #".level" is "T4", expected one of "clean", "T0", "T1", "T2", "T3", "queries""#))
    #expect(
      try refusal(/"norm": "linf"/, "\"norm\": \"l3\"").contains(
        #".norm" is "l3", expected one of "linf", "l2", "l1""#))
    #expect(try refusal(/"margin": 2/, "\"margin\": null").contains("wrong margin"))
    #expect(try refusal(/"png": "iVBOR/, "\"png\": \"<scri").contains("not PNG"))
    #expect(
      try refusal(/"images": 20,\s+"leastPixel"/, "\"images\": 21, \"leastPixel\"")
        .contains("21 images of 20"))
    #expect(try refusal(/"seeds": \[0,1,2\]/, "\"seeds\": [0,1]").contains("seed 2"))
    #expect(try refusal(/"seeds": \[0,1,2\]/, "\"seeds\": []").contains("seeds"))
    #expect(
      try refusal(/"seed": 1\n/, "\"seed\": 2\n").contains("comes twice"))
    #expect(
      try refusal(/"answers": \[\d,/, "\"answers\": [").contains("not as many under seed"))
    #expect(try refusal(/"attack": "FGSM",/, "\"attack\": \"FG\",").contains("there is not"))
  }

  @Test func whatIsNoReportIsRefused() {
    for text in ["", "{", "[]", "null", "{}", "{\"results\": 3}", "{\"results\": {\"format\": 1}}"]
    {
      let error = #expect(throws: FormatError.self, "\(text)") {
        try ReportJSON.results(Array(text.utf8))
      }
      #expect(error?.message.isEmpty == false)
    }
    let deep = String(repeating: "[", count: 100_000)
    let error = #expect(throws: FormatError.self) { try ReportJSON.results(Array(deep.utf8)) }
    #expect(error?.message == "is not JSON at line 1, column 66: it is nested too deeply")
  }

  @Test func whatCannotBeReadBackIsNotWritten() {
    func refusal(_ change: (inout EvaluationResults) -> Void) -> String? {
      var results = results
      change(&results)
      return #expect(throws: FormatError.self) { try ReportJSON.bytes(results) }?.message
    }
    let noNumber =
      "the losses of \"contrastive\" on \"clean\" hold NaN, infinity or a number beyond 1e+40"
    #expect(refusal { $0.losses[0].values[3] = .nan } == noNumber)
    #expect(refusal { $0.losses[0].values[3] = 1e300 } == noNumber)
    #expect(
      refusal { $0.cells.append($0.cells[0]) }
        == "the cell \"none on clean, seed 0\" comes twice")
  }

  /// Parts are found by their names, not by looking through all of them.
  @Test func aReportOfManyPartsIsValidatedInSeconds() throws {
    var results = results
    let (attack, cell) = (results.attacks[0], results.cells[0])
    (results.attacks, results.cells, results.sweeps) = ([], [], [])
    for number in 0..<20_000 {
      results.attacks.append(attack)
      results.attacks[number].name = "attack \(number)"
      results.cells.append(cell)
      results.cells[number].attack = "attack \(number)"
    }
    let time = try ContinuousClock().measure { try results.validate() }
    #expect(time < .seconds(10), "\(time)")
    results.cells[19_999].attack = "attack 20000"
    let error = #expect(throws: FormatError.self) { try results.validate() }
    #expect(
      error?.message == "the answers of \"none\" on \"attack 20000\" are of an attack that"
        + " there is not")
  }

  /// "none on clean" under FGSM and "none" under "clean on FGSM" are two cells, and an attack may be
  /// called as another one through an arm is printed.
  @Test func namesThatReadAlikeAreTwo() throws {
    let changed = Self.json.replacing("\"random\"", with: "\"none on clean\"")
      .replacing("\"PGD-50\"", with: "\"clean on FGSM\"")
      .replacing("\"AutoAttack\"", with: "\"BPDA+EOT through multi\"")
    let results = try ReportJSON.results(Array(changed.utf8))
    #expect(results.arms[1].name == "none on clean")
    #expect(results.attacks[2].name == "clean on FGSM")
    #expect(results.attacks[4].name == "BPDA+EOT through multi")
    #expect(try ReportJSON.results(try ReportJSON.bytes(results)) == results)
  }

  /// The data's is no file's.
  @Test func checksumsSayWhatTheyAreOf() {
    let text = ReportMarkdown.text(results)
    #expect(text.contains("for the data, of the images and labels used"))
  }

  @Test func equalResultsGiveEqualBytes() throws {
    let again = EvaluationSample.results(images: 20)
    #expect(try ReportJSON.bytes(again) == ReportJSON.bytes(results))
    #expect(ReportHTML.text(again) == ReportHTML.text(results))
    #expect(ReportMarkdown.text(again) == ReportMarkdown.text(results))
  }

  @Test func theHTMLStandsAlone() {
    let page = ReportHTML.text(results)
    for word in ["<script", "http://", "https://", "@import", "url(", "<link", "src=\"/"] {
      #expect(!page.contains(word), "\(word)")
    }
    #expect(page.contains("default-src 'none'"))
    #expect(page.contains("prefers-color-scheme:dark"))
    #expect(page.contains("@media print"))
    #expect(page.components(separatedBy: "<svg class=\"chart\"").count == 5)
    #expect(page.components(separatedBy: "role=\"img\"").count == 5)
  }

  @Test func theHTMLIsWellFormed() throws {
    let page = ReportHTML.text(results)
    let body = page.components(separatedBy: "<body>")[1].components(separatedBy: "</body>")[0]
    var open: [Substring] = []
    for tag in body.matches(of: /<(\/?)([a-z0-9]+)[^<>]*?(\/?)>/) {
      if ["br", "img"].contains(tag.2) || !tag.3.isEmpty { continue }
      if tag.1.isEmpty { open.append(tag.2) } else { #expect(open.popLast() == tag.2) }
    }
    #expect(open.isEmpty)
    let ampersands = body.matches(of: /&(?!amp;|lt;|gt;|quot;|#39;)/)
    #expect(ampersands.isEmpty)
  }

  @Test func namesAreEscaped() {
    var results = results
    let evil = "<img src=x onerror=\"a\">&'|`*_\n# x"
    results.about = evil
    results.backbone = evil
    results.dataNote = evil
    results.arms[3].name = evil
    for index in results.cells.indices where results.cells[index].arm == "multi" {
      results.cells[index].arm = evil
    }
    results.sweeps = Array(results.sweeps.prefix(1))
    results.sweeps[0].curves.removeLast()
    results.sweeps[0].axis = evil
    results.sweeps[0].curves[1].name = evil
    results.losses[1].points = .attack(evil)
    results.gallery[0].panels[0].caption = evil
    results.classNames[0] = evil
    results.attacks[1].settings = [evil: evil]
    let page = ReportHTML.text(results)
    #expect(
      !page.contains("<img src=x") && page.contains("&lt;img src=x onerror=&quot;a&quot;&gt;"))
    let markdown = ReportMarkdown.text(results)
    #expect(markdown.matches(of: /[^\\]</).isEmpty)
    #expect(markdown.contains("\\<img src=x onerror=\"a\"\\>\\&'\\|\\`\\*\\_ \\# x"))
  }

  @Test func markdownHasEveryPart() {
    let text = ReportMarkdown.text(results)
    for title in [
      "## Accuracy\n", "## Worst case over attacks", "## Hypotheses", "## Checks", "## Over seeds",
      "## Accuracy over the radius", "## Losses", "## To repeat it", "### Arms",
      "### Attacks", "### Points",
    ] {
      #expect(text.contains(title), "\(title)")
    }
    #expect(text.contains("| H3 |"))
  }

  @Test func numbersAreTheSameEverywhere() {
    #expect(ReportText.percent(0.6339) == "63.4")
    #expect(ReportText.points(-0.0129) == "\u{2212}1.3")
    #expect(ReportText.points(-0.0001) == "0.0")
    #expect(ReportText.p(0.03569) == "0.036" && ReportText.p(0.00041234) == "0.00041")
    #expect(ReportText.p(1e-9) == "< 0.0001" && ReportText.p(1) == "1.000")
    #expect(ReportText.radius(8.0 / 255) == "8/255" && ReportText.radius(0.5) == "0.5")
    #expect(ReportText.radius(0) == "0" && ReportText.radius(1e300) == "1e+300")
    #expect(ReportText.list(["a", "b", "c"]) == "a, b and c")
  }

  @Test func timesAreATableAndAFileOfTheirOwn() throws {
    var timing = EvaluationTiming()
    timing.add("PGD-50", seconds: 2, images: 64)
    timing.add("multi on PGD-50", seconds: 30, images: 64)
    timing.add("PGD-50", seconds: 1, images: 36)
    var other = EvaluationTiming()
    other.add("PGD-50", seconds: 1, images: 100)
    timing.add(other)
    #expect(timing.parts.map(\.blocks) == [3, 1])
    #expect(timing.parts[0].secondsPerImage == 0.02)
    #expect(timing.seconds == 34)
    #expect(
      timing.table == """
        part             blocks  images     s  s/image
        ---------------  ------  ------  ----  -------
        PGD-50                3     200   4.0   0.0200
        multi on PGD-50       1      64  30.0    0.469

        """)
    let bytes = try ReportJSON.bytes(timing)
    #expect(try JSONDecoder().decode(EvaluationTiming.self, from: Data(bytes)) == timing)
  }

  /// The least and the greatest numbers that a report may hold are drawn, not trapped on.
  @Test func extremeNumbersAreDrawn() throws {
    for values in [[0, 1e-300], [-1e40, 1e40], [1e40, 1e40], [5], []] {
      var results = results
      for index in results.losses.indices { results.losses[index].values = values }
      for index in results.sweeps.indices {
        let count = results.sweeps[index].values.count
        results.sweeps[index].values = (0..<count).map {
          values.isEmpty ? 1 : values[$0 % values.count]
        }
      }
      try results.validate()
      #expect(!ReportHTML.text(results).contains("nan"))
      #expect(!ReportHTML.text(results).contains("inf\""))
    }
  }
}
