import RetortIR
import RetortText

/// What keeps a node from being imported, before anybody has said which node it is.
struct ImportFailure: Error {
  /// The fact, in lower case, with the value at fault.
  let message: String
  var code: String?
  /// What would mend it.
  var hint: String?

  init(_ message: String, code: String? = nil, hint: String? = nil) {
    self.message = message
    self.code = code
    self.hint = hint
  }

  /// A constraint of the operation that a node became.
  init(_ violation: Violation, of op: any Op) {
    let name = type(of: op).name
    self.init(
      "its \(name) \(violation.message)", code: "\(name)/\(violation.label)", hint: violation.hint)
  }

  /// The same fault of a node.
  func diagnostics(_ place: String, path: String) -> Diagnostics {
    Diagnostics("\(place): \(message)", path: path, code: code, hint: hint)
  }
}
