import Foundation
import RetortDefence
import RetortDriver
import RetortRuntime
import RetortText

/// The command line: finds the command, runs it, turns failures into sentences and exit codes.
@main
enum Main {
  static let commands: [Command] = [
    .compile, .dump, .run, .verify, .purify, .train, .evaluate, .import, .export, .convert,
    .bench, .inspect, .ops, .data, .demo,
  ]

  static func main() {
    Interrupts.install()
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  static func run(_ words: [String]) -> Int32 {
    guard let first = words.first else {
      Console.error(overview)
      return ExitCode.usage
    }
    switch first {
    case "--help", "-h", "help":
      guard words.count > 1 else {
        return show(overview)
      }
      guard let command = commands.first(where: { $0.name == words[1] }) else {
        return unknown(words[1])
      }
      return show(command.help)
    case "--version":
      return show("retort \(RetortVersion.text)\n")
    default:
      break
    }
    guard let command = commands.first(where: { $0.name == first }) else { return unknown(first) }
    return run(command, Array(words.dropFirst()))
  }

  private static func show(_ text: String) -> Int32 {
    do {
      try Console.print(text, terminator: "")
      return ExitCode.done
    } catch {
      Console.report(error)
      return ExitCode.failed
    }
  }

  private static func unknown(_ name: String) -> Int32 {
    let hint = Suggestion.hint(for: name, in: commands.map(\.name)).map { "\n\($0)" } ?? ""
    Console.error("retort: there is no command '\(name)'\(hint)\nsee: retort --help\n")
    return ExitCode.usage
  }

  private static func run(_ command: Command, _ words: [String]) -> Int32 {
    if words.contains(where: { $0 == "--help" || $0 == "-h" }) {
      return show(command.help)
    }
    do {
      let arguments = try Arguments(
        words, positionalCount: command.positionalCount, options: command.options)
      if let sentence = Processor.complaint() { throw Diagnostics(sentence) }
      try command.action(arguments)
      return ExitCode.done
    } catch let error as UsageError {
      Console.error("retort \(command.name): \(error.message)\n\(command.usage)\n")
      Console.error("see: retort \(command.name) --help\n")
      return ExitCode.usage
    } catch {
      let failure = Failure(error, of: commandLine, colour: Console.usesColour)
      Console.error(failure.text)
      return failure.code
    }
  }

  static var overview: String {
    var text = """
      retort: compiles definitions of models, self-supervised objectives and defences to one
      dataflow graph, and runs it.

      usage: retort COMMAND [ARGUMENTS]


      """
    let width = commands.map(\.name.count).max() ?? 0
    for command in commands {
      let padding = String(repeating: " ", count: width - command.name.count + 2)
      text += "  \(command.name)\(padding)\(command.summary)\n"
    }
    text += """

      'retort COMMAND --help' tells more. To begin: retort demo

      """
    return text
  }

  /// The command that was given, as a shell takes it.
  static var commandLine: String {
    ShellWords.joined(["retort"] + CommandLine.arguments.dropFirst())
  }
}
