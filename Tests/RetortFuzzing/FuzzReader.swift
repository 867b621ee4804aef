import Foundation
import RetortFormats
import RetortTestSupport
import RetortText

/// A reader of files as a fuzzer sees it: valid files, ways to damage them, and what reading one
/// may cost.
package struct FuzzReader: Sendable, CustomStringConvertible {
  /// Turns a valid file into a damaged one; the second file is another valid one.
  package typealias Damage = @Sendable ([UInt8], [UInt8], inout SeededGenerator) throws -> [UInt8]

  package let name: String
  /// What is read, for people.
  package let about: String
  /// The most bytes that reading a file of so many bytes may take, as the documents state it.
  package let memoryBound: @Sendable (Int) -> Int
  /// Whether every proper beginning of a valid file is refused: the format tells its length.
  package let tellsItsLength: Bool
  /// Valid files, which must be read.
  let makeSeeds: @Sendable () throws -> [[UInt8]]
  /// More files to damage, of which those count that are read; so many are, at least.
  let findSeeds: @Sendable () throws -> [[UInt8]]
  package let leastFound: Int
  package let damages: [Damage]
  /// Reads a file's bytes; the folder is for those that are read by path.
  let read: @Sendable ([UInt8], TemporaryFolder) throws -> Void

  package var description: String { name }

  init(
    _ name: String, _ about: String, memoryBound: @escaping @Sendable (Int) -> Int,
    tellsItsLength: Bool = false, damages: [Damage],
    seeds: @escaping @Sendable () throws -> [[UInt8]],
    moreSeeds: @escaping @Sendable () throws -> [[UInt8]] = { [] }, atLeast leastFound: Int = 0,
    read: @escaping @Sendable ([UInt8], TemporaryFolder) throws -> Void
  ) {
    self.name = name
    self.about = about
    self.memoryBound = memoryBound
    self.tellsItsLength = tellsItsLength
    self.damages = damages
    makeSeeds = seeds
    findSeeds = moreSeeds
    self.leastFound = leastFound
    self.read = read
  }

  package static let all: [FuzzReader] = tensorReaders + imageReaders + programReaders

  /// What became of a damaged file.
  package enum Outcome: Equatable, Sendable {
    case read, refused
    /// An error that is no sentence for people.
    case mistaken(String)
  }
}

/// The damaged files of one reader: every number is one file, the same in every run.
package struct FuzzCases {
  package let reader: FuzzReader
  package let seed: UInt64
  /// Valid files of the reader's own, which must be read.
  package let validFiles: [[UInt8]]
  /// Those, and others that are read.
  package let files: [[UInt8]]
  private let folder: TemporaryFolder

  package init(_ reader: FuzzReader, seed: UInt64) throws {
    self.reader = reader
    self.seed = seed
    folder = try TemporaryFolder()
    let folder = folder
    validFiles = try reader.makeSeeds()
    files =
      try validFiles
      + reader.findSeeds().filter { file in (try? reader.read(file, folder)) != nil }
    precondition(!validFiles.isEmpty, "the reader '\(reader.name)' has no valid file")
  }

  package func file(_ number: Int) -> [UInt8] {
    // Of neighbouring seeds and numbers each gets a sequence of its own.
    var mixed = SeededGenerator(seed: seed)
    var generator = SeededGenerator(seed: mixed.next() ^ UInt64(number) &* 0xD134_2543_DE82_EF95)
    let file = files.randomElement(using: &generator)!
    let other = files.randomElement(using: &generator)!
    let damage = reader.damages.randomElement(using: &generator)!
    // What has no checksums left to put right stays as it was.
    return (try? damage(file, other, &generator)) ?? file
  }

  package func outcome(of bytes: [UInt8]) -> FuzzReader.Outcome {
    do {
      try reader.read(bytes, folder)
      return .read
    } catch let error as FormatError {
      return error.message.isEmpty ? .mistaken("an empty message") : .refused
    } catch let error as Diagnostics {
      return error.hasErrors && !error.description.isEmpty
        ? .refused : .mistaken("a diagnostic without an error")
    } catch {
      return .mistaken("an error of type \(type(of: error)): \(error)")
    }
  }
}

/// Files of `../shared/cases`, where they are at hand, by how their names end; none that unpack to
/// much, which would be all that is done.
func sharedCases(_ folder: String, suffixes: [String]) -> [[UInt8]] {
  let path = "\(Repository.shared)/cases/\(folder)"
  let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
  return names.sorted()
    .filter { name in suffixes.contains(where: name.hasSuffix) && !name.contains("bomb") }
    .compactMap { try? InputFile.read("\(path)/\($0)") }
    .filter { !$0.isEmpty && $0.count < 1 << 16 }
}
