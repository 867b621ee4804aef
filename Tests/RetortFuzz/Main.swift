import Foundation
import RetortFuzzing

/// `retort-fuzz`: damaged files for every reader. Docs/contributing.md says how it is used.
@main struct Main {
  static let usage = """
    usage: retort-fuzz [READER ...] [--minutes M] [--seed S] [--keep FOLDER]
           retort-fuzz READER --case N [--seed S]

    Damages valid files and reads them, M minutes of processor time for each reader (10), and keeps
    the files that a reader crashes on, takes over a second for, takes more memory for than the
    documents say, or refuses without a sentence (in FOLDER, `fuzz-found`). The same seed gives the
    same files. Exit status 1 says that there were some. --case reads one file by its number.

    readers:
    """

  static func main() {
    do { exit(try run(Array(CommandLine.arguments.dropFirst()))) } catch {
      FileHandle.standardError.write(Data("retort-fuzz: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func run(_ arguments: [String]) throws -> Int32 {
    var options: [String: String] = [:]
    var readers: [FuzzReader] = []
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      if argument == "--help" {
        say(usage)
        for reader in FuzzReader.all {
          print(
            "  \(reader.name.padding(toLength: 12, withPad: " ", startingAt: 0))  \(reader.about)")
        }
        return 0
      }
      if argument == "--worker" {
        readers.append(try self.reader(rest.popFirst() ?? ""))
        options[argument] = ""
      } else if ["--minutes", "--seed", "--keep", "--case", "--first", "--seconds", "--cell"]
        .contains(argument)
      {
        guard let value = rest.popFirst() else { throw CampaignError("\(argument) needs a value") }
        options[argument] = value
      } else {
        readers.append(try self.reader(argument))
      }
    }
    let seed = UInt64(try number(options["--seed"] ?? "1"))
    if options["--worker"] != nil {
      try Worker(
        reader: readers[0], seed: seed, first: Int(try number(options["--first"] ?? "0")),
        seconds: try number(options["--seconds"] ?? "1"), cell: options["--cell"] ?? ""
      ).run()
      return 0
    }
    if let text = options["--case"] {
      guard let reader = readers.first else { throw CampaignError("--case needs a reader") }
      let cases = try FuzzCases(reader, seed: seed)
      say("\(cases.outcome(of: try cases.file(Int(try number(text)))))")
      return 0
    }
    let seconds = 60 * (try number(options["--minutes"] ?? "10"))
    var faults = 0
    for reader in readers.isEmpty ? FuzzReader.all : readers {
      faults += try Campaign(
        reader: reader, seed: seed, seconds: seconds, folder: options["--keep"] ?? "fuzz-found"
      ).run()
    }
    return faults == 0 ? 0 : 1
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

  private static func number(_ text: String) throws -> Double {
    guard let value = Double(text), value >= 0, value < 1e15 else {
      throw CampaignError("'\(text)' is not a number of that kind")
    }
    return value
  }
}
