import RetortDriver
import RetortText

extension Command {
  static let verify = Command(
    name: "verify", summary: "compares the optimised program with the f64 reference",
    positionals: "DEFINITION", positionalCount: 1...1,
    options: Option.definition + Option.running + [
      Option(
        "--tolerance", "T",
        "largest accepted error, relative to a result's root mean square (default: 1e-3)")
    ],
    discussion: """
      Inputs are random (from --seed; reals uniform in 0...1). Without --weights, weights are drawn
      as the definition's 'init' says, or at random where it says nothing. Exit code 1 where a
      result is past the tolerance.

        retort verify graphs/purifiers/multitask.graph --set n=2 --set steps=1
      """
  ) { arguments in
    let request = try arguments.request(arguments.positionals[0])
    var tolerance = 1e-3
    if let text = arguments["--tolerance"] {
      guard let value = Double(text), value > 0 else {
        throw UsageError(message: "'--tolerance' takes a positive number, got '\(text)'")
      }
      tolerance = value
    }
    let report = try Verification.run(request)
    Console.notes(report.notes)
    try Console.print(report.table(tolerance: tolerance), terminator: "")
    if let failure = report.failure(tolerance: tolerance) { throw Diagnostics(failure) }
  }
}
