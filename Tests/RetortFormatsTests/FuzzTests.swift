import Foundation
import RetortFormats
import RetortTensor
import Testing

/// Small valid files of every format, damaged at random: each is read or refused, never a trap,
/// never a hang. Failures print as crashes; the seed is the case's number.
@Suite struct FuzzTests {
  private static let rounds =
    ProcessInfo.processInfo.environment["RETORT_LONG_TESTS"] == nil ? 400 : 20_000

  struct Format: Sendable, CustomStringConvertible {
    let description: String
    let valid: @Sendable () throws -> [UInt8]
    let decode: @Sendable ([UInt8]) throws -> Void
  }

  static let formats: [Format] = [
    Format(
      description: "npy",
      valid: { Npy.encode(HostTensor([2, 3], [1, 2, 3, 4, 5, 6] as [Float])) },
      decode: { _ = try Npy.decode($0[...]) }),
    Format(
      description: "npz", valid: { try Npz.encode(sampleTensors(), compress: true) },
      decode: { _ = try Npz.decode($0) }),
    Format(
      description: "safetensors", valid: { Safetensors.encode(sampleTensors()) },
      decode: { _ = try Safetensors.decode($0) }),
    Format(
      description: "png", valid: { PNG.encode(sampleImage(width: 9, height: 8)) },
      decode: { _ = try PNG.decode($0) }),
    Format(
      description: "png-resealed", valid: { PNG.encode(sampleImage(width: 9, height: 8)) },
      decode: { _ = try PNG.decode(resealed($0)) }),
    Format(
      description: "checkpoint", valid: { try TorchSample.archive() },
      decode: { _ = try TorchCheckpoint.decode($0) }),
    Format(
      description: "pickle", valid: { TorchSample.pickle },
      decode: { _ = try TorchCheckpoint.decode(TorchSample.archive(pickle: $0)) }),
    Format(
      description: "legacy", valid: { TorchSample.legacy },
      decode: { _ = try TorchCheckpoint.decode($0) }),
    Format(
      description: "cifar",
      valid: { Cifar(labels: [1, 2], pixels: [UInt8](repeating: 9, count: 6144)).encoded },
      decode: { _ = try Cifar($0) }),
    Format(
      description: "json", valid: { Array(#"{"a":[1,-2e3,"\u00e9\n"],"b":{"c":null}}"#.utf8) },
      decode: { _ = try JSONParser.parse($0) }),
  ]

  @Test(arguments: formats) func damagedFilesAreReadOrRefused(_ format: Format) throws {
    let valid = try format.valid()
    #expect(throws: Never.self) { try format.decode(valid) }
    var refused = 0
    for seed in 0..<Self.rounds {
      var generator = SeededGenerator(seed: UInt64(seed))
      do { try format.decode(Self.mutated(valid, &generator)) } catch let error as FormatError {
        refused += 1
        #expect(!error.message.isEmpty)
      }
    }
    #expect(refused > Self.rounds / 20)
  }

  /// Every proper beginning of a file that knows its own length is refused.
  @Test(arguments: ["npy", "npz", "safetensors", "png", "checkpoint", "legacy"])
  func cutFilesAreRefused(_ name: String) throws {
    let format = try #require(Self.formats.first { $0.description == name })
    let valid = try format.valid()
    for length in 0..<valid.count {
      #expect(throws: FormatError.self, "\(length)") { try format.decode(Array(valid[..<length])) }
    }
  }

  /// A few bytes changed to anything or to a telling value, deleted, doubled or moved.
  private static func mutated(
    _ bytes: [UInt8], _ generator: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = bytes
    for _ in 0...Int.random(in: 0..<4, using: &generator) where !bytes.isEmpty {
      let place = Int.random(in: 0..<bytes.count, using: &generator)
      let end = min(bytes.count, place + Int.random(in: 1...8, using: &generator))
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
      case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
      case 2:
        let value: UInt8 = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &generator) ?? 0
        for index in place..<end { bytes[index] = value }
      case 3: bytes.removeSubrange(place..<end)
      case 4: bytes.insert(contentsOf: bytes[place..<end], at: place)
      default:
        let other = Int.random(in: 0...bytes.count - (end - place), using: &generator)
        bytes.replaceSubrange(other..<other + end - place, with: Array(bytes[place..<end]))
      }
    }
    return bytes
  }

  /// A PNG file whose chunks' checksums agree again, so that damage gets past them.
  private static func resealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var start = 8
    while start + 12 <= bytes.count {
      let length = bytes[start..<start + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - start - 12 else { break }
      let end = start + 8 + length
      let crc = Checksum.crc32(bytes[start + 4..<end])
      for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: crc >> (24 - 8 * index)) }
      start = end + 4
    }
    return bytes
  }
}
