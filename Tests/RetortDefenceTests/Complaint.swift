import RetortText

/// The text of the diagnostics that `body` fails with; empty when it does not fail.
func complaint(_ body: () throws -> Void) throws -> String {
  do {
    try body()
    return ""
  } catch let error as Diagnostics {
    return error.description
  }
}
