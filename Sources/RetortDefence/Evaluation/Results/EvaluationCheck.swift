/// One pitfall that an evaluation looked for (DEFENCE 7).
package struct EvaluationCheck: Encodable, Equatable, Sendable {
  package enum Outcome: String, Encodable, Sendable {
    case passed
    case warning
    /// What was measured does not show it either way.
    case cannotTell = "cannot tell"
  }

  package var name: String
  package var outcome: Outcome
  /// What was found, with the numbers.
  package var sentence: String

  package init(_ name: String, _ outcome: Outcome, _ sentence: String) {
    self.name = name
    self.outcome = outcome
    self.sentence = sentence
  }
}
