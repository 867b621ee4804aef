import Foundation
import RetortFormats
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

@Suite(.enabled(if: SharedCases.arePresent, "\(SharedCases.absence)"))
struct SharedCasesTests {
  @Test(arguments: SharedCases.cases("cases/checkpoints"))
  func checkpointsAreReadExactlyOrRefused(_ item: SharedCases.Case) throws {
    try check(item, "cases/checkpoints")
  }

  @Test(arguments: SharedCases.cases("cases/images"))
  func imagesAndArraysAreReadExactlyOrRefused(_ item: SharedCases.Case) throws {
    try check(item, "cases/images")
  }

  @Test(arguments: SharedCases.cases("checkpoints"))
  func aRealCheckpointIsReadExactly(_ item: SharedCases.Case) throws {
    try check(item, "checkpoints")
  }

  @Test func aWholeBatchOfImagesIsRead() throws {
    let images = try Images.read(
      Repository.shared + "/data/cifar10/original_test_846.bin", first: 20)
    #expect(images.pixels.shape == [20, 3, 32, 32])
    #expect(images.labels?.prefix(4) == [3, 8, 8, 0])
  }

  private func check(_ item: SharedCases.Case, _ area: String) throws {
    let path = "\(Repository.shared)/\(area)/\(item.file)"
    let inspection: Inspection
    do throws(Diagnostics) {
      inspection = try Inspection.read(path)
    } catch {
      try #require(item.expect != "accept", "\(error)")
      let first = try #require(error.list.first)
      #expect(first.path == path)
      #expect(first.message.count > 7)
      return
    }
    try #require(item.expect != "reject", "was read")
    switch inspection {
    case .tensors(let contents): compare(contents, item)
    case .png(let image):
      #expect(image.width == item.width)
      #expect(image.height == item.height)
      #expect(SHA256.hexadecimal(image.bytes) == item.sha256Rgb8)
    case .cifar(let cifar):
      #expect(cifar.labels.map(Int.init) == item.labels)
      #expect([cifar.count, 3, 32, 32] == item.shape)
      #expect(SHA256.hexadecimal(cifar.pixels) == item.sha256Rgb8)
    case .folder: Issue.record("is no folder")
    }
  }

  private func compare(_ contents: TensorFile.Contents, _ item: SharedCases.Case) {
    guard let tensors = item.tensors else {
      #expect(contents.tensors.map(\.tensor.shape.extents) == [item.shape])
      #expect(contents.tensors.map(\.dtype) == [item.dtype])
      #expect(contents.tensors.map { Inspection.checksum($0.tensor) } == [item.sha256F32Le])
      return
    }
    #expect(contents.otherCount == item.otherTensors ?? 0)
    #expect(contents.tensors.map(\.name).sorted() == tensors.map(\.name).sorted())
    for wanted in tensors {
      let stored = contents.tensors.first { $0.name == wanted.name }
      #expect(stored?.path.map(\.text) == wanted.path.map(\.text))
      #expect(stored?.tensor.shape.extents == wanted.shape)
      #expect(stored?.dtype == wanted.dtype)
      #expect(stored.map { Inspection.checksum($0.tensor) } == wanted.sha256F32Le)
    }
  }
}
