import Foundation
import RetortFormats
import RetortTensor
import RetortText
import Testing

/// Arrays that come one after the other through a pipe.
@Suite struct NpyStreamTests {
  /// What is read from a pipe that somebody else fills with the bytes.
  private func read(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [HostTensor] {
    let pipe = Pipe()
    let writing = pipe.fileHandleForWriting
    Thread.detachNewThread {
      try? writing.write(contentsOf: Data(bytes))
      try? writing.close()
    }
    let stream = NpyStream(pipe.fileHandleForReading.fileDescriptor, path: "pipe", limit: limit)
    var tensors: [HostTensor] = []
    while let stored = try stream.next() { tensors.append(stored.tensor) }
    return tensors
  }

  private let arrays = [
    HostTensor([2, 3], (0..<6).map(Float.init)), HostTensor([0, 3], [Float]()),
    HostTensor([40_000], (0..<40_000).map { Float($0) / 7 }),
  ]

  @Test func arraysComeInTheirOrder() throws {
    #expect(try read(arrays.flatMap(Npy.encode)) == arrays)
    #expect(try read([]).isEmpty)
  }

  @Test func damageIsRefused() throws {
    let whole = Npy.encode(arrays[0])
    func sentence(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> String {
      do {
        _ = try read(bytes, limit: limit)
        return ""
      } catch let error as Diagnostics {
        return error.description
      }
    }
    #expect(try sentence(Array(whole.dropLast())).contains("ends inside an array"))
    #expect(try sentence(whole + [0x93]).contains("ends inside an array"))
    #expect(try sentence([UInt8](repeating: 7, count: 200)).contains("is not an .npy file"))
    #expect(try sentence(whole, limit: 23).contains("has an array of 24 bytes; the limit is 23"))
  }
}
