import Foundation
import RetortFuzzing

/// `retort-fuzz`: damaged files for every reader. Docs/contributing.md says how it is used.
@main struct Main {
  static let usage = """
    usage: retort-fuzz [READER ...] [--minutes M] [--seed S] [--keep FOLDER]
           retort-fuzz READER --read FILE

    Damages valid files and reads them, M minutes of processor time for each reader (10), and keeps
    the files that a reader crashes on, takes over a second for, takes more memory for than the
    documents say, or refuses without a sentence (in FOLDER, `fuzz-found`). The same seed gives the
    same files. Exit status 1 says that there were some. --read reads one file, such as a kept one.

    readers:
    """

  static func main() {
    do {
      exit(try run(Array(CommandLine.arguments.dropFirst())))
    } catch {
      FileHandle.standardError.write(Data("retort-fuzz: \(error)\n".utf8))
      exit(64)
    }
  }

  private static func run(_ arguments: [String]) throws -> Int32 {
    var options: [String: String] = [:]
    var readers: [FuzzReader] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      switch argument {
      case "--help":
        help()
        return 0
      case "--minutes", "--seed", "--keep", "--read", "--worker", "--first", "--seconds", "--cell":
        guard let value = rest.popFirst() else { throw CampaignError("\(argument) needs a value") }
        options[argument] = value
      default: readers.append(try reader(argument))
      }
    }
    let seed = try number(options["--seed"] ?? "1", UInt64.init)
    if let name = options["--worker"] {
      try Worker(
        reader: try reader(name), seed: seed,
        first: try number(options["--first"] ?? "0") { Int($0) },
        seconds: try number(options["--seconds"] ?? "1", Double.init), cell: options["--cell"] ?? ""
      ).run()
      return 0
    }
    if let path = options["--read"] {
      guard readers.count == 1 else { throw CampaignError("--read takes one reader") }
      return try read(path, readers[0])
    }
    let minutes = try number(options["--minutes"] ?? "10", Double.init)
    guard minutes > 0, minutes < 1e6 else { throw CampaignError("--minutes is above 0") }
    var faultCount = 0
    for reader in readers.isEmpty ? FuzzReader.all : readers {
      faultCount += try Campaign(
        reader: reader, seed: seed, seconds: 60 * minutes,
        folder: options["--keep"] ?? "fuzz-found"
      ).run()
    }
    return faultCount == 0 ? 0 : 1
  }

  private static func help() {
    say(usage)
    for reader in FuzzReader.all {
      say("  \(reader.name.padding(toLength: 12, withPad: " ", startingAt: 0))  \(reader.about)")
    }
  }

  private static func read(_ path: String, _ reader: FuzzReader) throws -> Int32 {
    let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    let measured = try Measurement(of: bytes, by: FuzzCases(reader, seed: 0))
    say(
      "\(measured.outcome) in \((measured.seconds * 1000).rounded() / 1000) s and "
        + "\(measured.peak >> 10) KiB")
    for fault in measured.faults { say("fault: \(fault)") }
    return measured.faults.isEmpty ? 0 : 1
  }

  /// Writes a line at once: what a long run found shall be seen.
  static func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  private static func reader(_ name: String) throws -> FuzzReader {
    guard let reader = FuzzReader.all.first(where: { $0.name == name }) else {
      throw CampaignError("there is no reader '\(name)'; --help lists them")
    }
    return reader
  }

  private static func number<N>(_ text: String, _ parse: (String) -> N?) throws -> N {
    guard let value = parse(text) else {
      throw CampaignError("'\(text)' is not a number of that kind")
    }
    return value
  }
}
