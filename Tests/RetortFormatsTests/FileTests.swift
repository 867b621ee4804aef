import Foundation
import RetortFormats
import RetortTestSupport
import RetortText
import Testing

@Suite struct FileTests {
  @Test func aFileAppearsOnlyWhenCommitted() throws {
    let folder = try TemporaryFolder()
    let file = try AtomicFile(folder.file("a"))
    try file.write([1, 2])
    #expect(folder.names.count == 1)
    #expect(folder.names != ["a"])
    try file.write([3])
    try file.commit()
    #expect(folder.names == ["a"])
    #expect(try InputFile.read(folder.file("a")) == [1, 2, 3])
  }

  @Test func whatIsNotCommittedLeavesNothing() throws {
    let folder = try TemporaryFolder()
    do {
      let file = try AtomicFile(folder.file("a"))
      try file.write([1])
    }
    #expect(folder.names == [])
  }

  /// In a process of its own, because it takes away the temporary files of all.
  @Test func anInterruptRemovesWhatIsBeingWritten() async {
    await #expect(processExitsWith: .success) {
      let folder = try TemporaryFolder()
      let file = try AtomicFile(folder.file("a"))
      try file.write([1])
      #expect(folder.names.count == 1)
      AtomicFile.removeTemporaries()
      #expect(folder.names == [])
    }
  }

  @Test func aReplacedFileKeepsItsPermissionsAndLinksAreFollowed() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1], to: "real")
    chmod(path, 0o640)
    symlink("real", folder.file("link"))
    try AtomicFile.write([2], to: folder.file("link"))
    #expect(try InputFile.read(path) == [2])
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(folder.names == ["link", "real"])
  }

  @Test func faultsNameThePathAndTheReason() {
    let missing = #expect(throws: Diagnostics.self) {
      try AtomicFile.write([1], to: "/no/such/folder/a")
    }
    #expect(missing?.list.first?.path == "/no/such/folder/a")
    #expect(missing?.list.first?.message == "cannot be written: No such file or directory")
    let full = #expect(throws: Diagnostics.self) { try AtomicFile.write([1], to: "/dev/full") }
    #expect(full?.list.first?.message == "cannot be written: No space left on device")
    let folder = #expect(throws: Diagnostics.self) { try InputFile.read("/") }
    #expect(folder?.list.first?.message == "cannot be read: it is a folder")
  }

  @Test func whatAPipeBeginsWithIsLeftInIt() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write([1, 2, 3], to: "a")
    #expect(InputFile.beginning(of: path, count: 2) == [1, 2])
    #expect(InputFile.beginning(of: path, count: 8) == [1, 2, 3])
    #expect(InputFile.beginning(of: folder.file("none"), count: 2).isEmpty)
    let pipe = folder.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    // Open at both ends, so that neither waits for the other.
    let descriptor = open(pipe, O_RDWR)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    let sent: [UInt8] = [7, 8]
    try #require(write(descriptor, sent, 2) == 2)
    #expect(InputFile.beginning(of: pipe, count: 1).isEmpty)
    var bytes: [UInt8] = [0, 0]
    let count = read(descriptor, &bytes, 2)
    #expect(count == 2)
    #expect(bytes == sent)
  }

  @Test func digitsInNamesCountAsNumbers() throws {
    let folder = try TemporaryFolder()
    let names = [
      "9.png", "10.png", "a", "a-01", "a-1", "a-1b", "a-002", "a-2.png", "a-2x", "a-10.png",
      "a-99999999999999999999", "a-100000000000000000000", "a.png", "a1-2", "a1-10", "aa",
    ]
    for name in names.reversed() { try folder.write([1], to: name) }
    #expect(try InputFile.names(inFolder: folder.path) == names)
  }

  /// Opened as others are, a pipe that nobody writes to is waited for.
  @Test(.timeLimit(.minutes(60))) func aPipeIsRefusedWhereAFileIsNeeded() throws {
    let folder = try TemporaryFolder()
    let pipe = folder.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    for path in [pipe, "/dev/null"] {
      let fault = #expect(throws: Diagnostics.self) {
        try InputFile.read(path, regularOnly: true)
      }
      #expect(fault?.list.first?.message == "cannot be read: it is no regular file")
    }
    let path = try folder.write([1, 2], to: "a")
    #expect(try InputFile.read(path, regularOnly: true) == [1, 2])
    symlink("a", folder.file("link"))
    #expect(InputFile.identity(folder.file("link")) == InputFile.identity(path))
    #expect(InputFile.identity(path) != InputFile.identity(pipe))
    #expect(InputFile.identity(folder.file("none")) == nil)
  }

  @Test func readingIsBounded() throws {
    let endless = #expect(throws: Diagnostics.self) {
      try InputFile.read("/dev/zero", limit: 100_000)
    }
    #expect(endless?.list.first?.message == "is larger than the limit of 100000 bytes")
    let stream = #expect(throws: Diagnostics.self) {
      try InputFile.read("/dev/zero", streamLimit: 100_000)
    }
    #expect(stream?.list.first?.message == "is larger than the limit of 100000 bytes")
    #expect(stream?.list.first?.hint == "write what it gives to a file and name that")
    let file = try TemporaryFolder()
    let path = try file.write([1, 2, 3], to: "a")
    #expect(try InputFile.read(path, streamLimit: 2) == [1, 2, 3])
    #expect(throws: Diagnostics.self) { try InputFile.read(path, limit: 2) }
    #expect(throws: Never.self) { try InputFile.read(path, limit: 3) }
  }

  /// It is past the limit, which would be told if it came to reading.
  @Test func aLargeFileOfSomethingElseIsNotRead() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("film", to: "film.mp4")
    try #require(truncate(path, off_t(InputFile.defaultLimit) + 1) == 0)
    let kind = #expect(throws: Diagnostics.self) { try Inspection.read(path) }
    #expect(kind?.list.first?.message == "is no file of a known kind")
    let tensors = #expect(throws: Diagnostics.self) { try TensorFile.read(path) }
    #expect(tensors?.list.first?.message == "is no file of tensors")
  }
}
