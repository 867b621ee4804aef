import RetortDefence
import Testing

struct ContactSheetTests {
  private static let cell = 96
  private static let margin = 8
  private static let caption = 14

  private func planes(_ red: Float, _ green: Float, _ blue: Float) -> [Float] {
    [red, green, blue].flatMap { [Float](repeating: $0, count: 1024) }
  }

  private var row: ContactSheet.Row {
    ContactSheet.Row(
      clean: planes(0.2, 0.4, 0.6), attacked: planes(0.21, 0.4, 0.59), purified: planes(1, 0, 2),
      captions: [
        .init("cat", isRight: true), .init("dog", isRight: false), .init("", isRight: true),
      ])
  }

  @Test(arguments: [0, 1, 8])
  func aRowOfFivePicturesForEveryImage(count: Int) {
    let sheet = ContactSheet.draw(Array(repeating: row, count: count))
    #expect(sheet.width == 5 * (Self.cell + Self.margin) + Self.margin)
    #expect(
      sheet.height == 2 * Self.margin + Self.caption
        + count * (Self.cell + Self.caption + Self.margin))
    #expect(sheet.bytes.count == 3 * sheet.width * sheet.height)
  }

  @Test func picturesAndDifferencesStandInTheirColumns() {
    let sheet = ContactSheet.draw([row, row])
    func pixel(_ column: Int, _ line: Int, x: Int, y: Int) -> [UInt8] {
      let left = Self.margin + column * (Self.cell + Self.margin) + x
      let top = Self.margin + Self.caption + line * (Self.cell + Self.caption + Self.margin) + y
      return Array(sheet.bytes[3 * (top * sheet.width + left)..<3 * (top * sheet.width + left) + 3])
    }
    for line in 0..<2 {
      for corner in [0, Self.cell - 1] {
        #expect(pixel(0, line, x: corner, y: corner) == [51, 102, 153])
        #expect(pixel(1, line, x: corner, y: corner) == [54, 102, 150])
        // Past white is white.
        #expect(pixel(2, line, x: corner, y: corner) == [255, 0, 255])
        // Half grey plus ten times the difference: 0.6, 0.5, 0.4.
        #expect(pixel(3, line, x: corner, y: corner) == [153, 128, 102])
        #expect(pixel(4, line, x: corner, y: corner) == [255, 0, 255])
      }
      #expect(pixel(0, line, x: -1, y: 0) == [250, 250, 250])
      #expect(pixel(0, line, x: Self.cell, y: 0) == [250, 250, 250])
    }
  }

  @Test func rightAnswersAreGreenAndWrongOnesRed() {
    let sheet = ContactSheet.draw([row])
    let top = Self.margin + Self.caption + Self.cell + 4
    func inks(_ column: Int) -> Set<[UInt8]> {
      let left = Self.margin + column * (Self.cell + Self.margin)
      var colours = Set<[UInt8]>()
      for y in top..<top + PixelFont.height {
        for x in left..<left + 3 * PixelFont.advance {
          let start = 3 * (y * sheet.width + x)
          colours.insert(Array(sheet.bytes[start..<start + 3]))
        }
      }
      return colours
    }
    #expect(inks(0) == [[250, 250, 250], [20, 120, 40]])
    #expect(inks(1) == [[250, 250, 250], [190, 30, 30]])
    #expect(inks(2) == [[250, 250, 250]])
  }
}

struct PixelFontTests {
  private func drawn(_ letter: Character) -> [String] {
    (0..<PixelFont.height).map { row in
      String(
        (0..<PixelFont.width).map { PixelFont.hasInk(letter, row: row, column: $0) ? "#" : "." })
    }
  }

  @Test func lettersHaveTheirForms() {
    #expect(drawn("T") == ["#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."])
    #expect(drawn("l") == ["#....", "#....", "#....", "#....", "#....", "#....", "#####"])
    #expect(drawn("-") == [".....", ".....", ".....", ".###.", ".....", ".....", "....."])
  }

  @Test func captionsOfTheDemoAreAllDrawn() {
    let used = SyntheticImages.classNames.joined() + "imageattackedpurifierx0123456789"
    for letter in Set(used) {
      #expect(drawn(letter).joined().contains("#"), "\(letter)")
      #expect(drawn(letter) == drawn(Character(letter.uppercased())))
    }
    let forms = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+/%:".map(drawn))
    #expect(forms.count == 42)
  }

  @Test func whatHasNoFormIsBlank() {
    for letter in [" ", "é", "ß", "漢"] as [Character] {
      #expect(!drawn(letter).joined().contains("#"), "\(letter)")
    }
  }
}
