import RetortFormats
import RetortTestSupport
import RetortText
import Testing

/// What is said of files that are no whole records of images.
@Suite struct CifarTests {
  private static let record = 1 + Cifar.pixelBytes

  /// The hint is for files of the other format.
  @Test(arguments: [(1, false), (record - 1, false), (2 * record - 1, false), (record + 1, true)])
  func aFileThatIsCutShortIsRefused(byteCount: Int, isOther: Bool) throws {
    let error = #expect(throws: FormatError.self) {
      try Cifar([UInt8](repeating: 0, count: byteCount))
    }
    #expect(
      error?.message
        == "has \(byteCount) bytes, which is not a whole number of records of 3073")
    #expect(error?.hint == (isOther ? "it has whole records of cifar100" : nil))
  }

  @Test func aFileOfTheOtherFormatIsCalledSo() throws {
    let error = #expect(throws: FormatError.self) {
      try Cifar([UInt8](repeating: 0, count: Self.record), .cifar100)
    }
    #expect(
      error?.message == "has 3073 bytes, which is not a whole number of records of 3074")
    #expect(error?.hint == "it has whole records of cifar10")
  }

  @Test func anEmptyFileIsRefused() throws {
    let error = #expect(throws: FormatError.self) { try Cifar([]) }
    #expect(error?.message == "is empty")
  }

  @Test(arguments: [UInt8(10), 255])
  func aLabelThatIsNoneIsRefused(label: UInt8) throws {
    var bytes = [UInt8](repeating: 9, count: 3 * Self.record)
    bytes[2 * Self.record] = label
    let error = #expect(throws: FormatError.self) { try Cifar(bytes) }
    #expect(error?.message == "record 2 has the label \(label); there are 10 classes")
  }

  @Test func aFineLabelThatIsNoneIsRefused() throws {
    var bytes = [UInt8](repeating: 0, count: 1 + Self.record)
    bytes[1] = 100
    let error = #expect(throws: FormatError.self) { try Cifar(bytes, .cifar100) }
    #expect(error?.message == "record 0 has the label 100; there are 100 classes")
  }

  @Test func readersNameTheFile() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write([UInt8](repeating: 0, count: Self.record - 1), to: "cut.bin")
    let error = #expect(throws: Diagnostics.self) { try Images.read(file) }
    #expect(
      error?.description
        == "\(file): error: has 3072 bytes, which is not a whole number of records of 3073\n")
  }
}
