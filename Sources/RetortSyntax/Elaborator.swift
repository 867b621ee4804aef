import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// The expression at hand has no value, and the reason has been reported.
struct Reported: Error {}

/// Turns a graph's text into nodes: inlines calls, unrolls `for`, binds dimensions, infers types.
///
/// A mistake fails its statement alone; names that the statement would have bound are poisoned, so
/// that their uses stay silent. Work is bounded by `Limits`.
final class Elaborator {
  /// A parameter or buffer that has been declared.
  struct Weight {
    let value: Value
    let isBuffer: Bool
    let path: String
    /// Where it was declared first.
    let range: SourceRange
  }

  struct Update {
    let weight: Weight
    let value: Value
    let range: SourceRange
  }

  var definition: Definition
  let catalog: OpCatalog
  let limits: Limits
  let entry: GraphSyntax
  var builder: GraphBuilder
  /// The entry first, the graph that is being inlined last.
  var frames: [Frame]
  /// The graphs of `frames`, by name.
  var openGraphs: Set<String>

  /// In order of declaration.
  var weights: [Weight] = []
  var weightAtPath: [String: Int] = [:]
  var weightOfValue: [Value: Int] = [:]
  var updates: [Update] = []
  var updateOfWeight: [Value: Int] = [:]
  /// How many regions (`repeat`, `prepare`, `fused`) are open.
  var openRegions = 0
  /// Whether a setting is being read, whose names may stand for graphs of the library.
  var isReadingSetting = false
  var notes: [Diagnostic] = []
  var signatures: [String: OperationSignature] = [:]

  private var problems: [Diagnostic] = []
  private var reportedPlaces = Set<SourceRange>()
  private(set) var isAborted = false
  private var steps = 0
  private var stepsAtNextCount = 0
  private var depth = 0

  init(_ definition: Definition, _ catalog: OpCatalog, _ limits: Limits, entry: GraphSyntax) {
    self.definition = definition
    self.catalog = catalog
    self.limits = limits
    self.entry = entry
    builder = GraphBuilder(name: entry.name.text)
    frames = [Frame(graph: entry, path: "", call: nil)]
    openGraphs = [entry.name.text]
  }

  var frame: Frame { frames[frames.count - 1] }

  /// Throws what was found wrong so far.
  func check() throws(Diagnostics) {
    if !problems.isEmpty { throw Diagnostics(problems) }
  }

  // MARK: Problems

  /// Reports a mistake, with the calls that led to it. A second mistake at the same place is taken
  /// for a consequence, or for the same one met in another call.
  ///
  /// What it says is made only where it counts: a mistake in a loop is met in every turn, and the
  /// search for the nearest name would cost far more than the step that the turn is counted as.
  @discardableResult
  func report(
    _ message: @autoclosure () -> String, at range: SourceRange, code: String? = nil,
    labels: @autoclosure () -> [Diagnostic.Label] = [],
    notes: @autoclosure () -> [Diagnostic] = [], hint: @autoclosure () -> String? = nil
  ) -> Reported {
    guard !isAborted, reportedPlaces.insert(range).inserted else { return Reported() }
    problems.append(
      Diagnostic(
        .error, message(), at: range, code: code, labels: labels(), notes: notes() + callChain,
        hint: hint()))
    if problems.count >= limits.errors { isAborted = true }
    return Reported()
  }

  /// Reports a mistake in what came from outside the definition's text.
  func report(setting path: String, _ message: String, hint: String? = nil) {
    problems.append(Diagnostic(.error, message, path: path, hint: hint))
  }

  /// Reports a tensor that is given and does not fit.
  func report(input name: String, _ message: String, hint: String?) {
    let path = definition.files.first?.path
    problems.append(Diagnostic(.error, message, path: path, input: name, hint: hint))
  }

  func add(_ diagnostics: [Diagnostic]) { problems += diagnostics }

  /// Ends elaboration: going on would cost too much.
  func abort(_ message: String, at range: SourceRange) -> Reported {
    report(message, at: range)
    isAborted = true
    return Reported()
  }

  private var callChain: [Diagnostic] {
    let calls = frames.reversed().compactMap { frame in
      frame.call.map { Diagnostic.note("in the call of '\(frame.graph.name.text)'", at: $0) }
    }
    return calls.count <= 8 ? calls : Array(calls.prefix(5) + calls.suffix(2))
  }

  // MARK: Bounds

  /// Counts work; a definition that causes too much is given up.
  func spend(_ count: Int = 1, at range: SourceRange) throws(Reported) {
    if isAborted { throw Reported() }
    steps += count
    if steps > limits.steps {
      throw abort(
        "the definition takes more than \(limits.steps) steps to elaborate", at: range)
    }
    // Asking the builder copies it, which is felt if every expression does.
    guard steps >= stepsAtNextCount else { return }
    stepsAtNextCount = steps + 16
    if builder.valueCount > limits.values {
      throw abort("the graph has more than \(limits.values) values", at: range)
    }
  }

  /// Goes one level deeper; `ascend` must follow.
  func descend(at range: SourceRange) throws(Reported) {
    guard depth < limits.depth else {
      throw report(
        "calls and expressions are nested more than \(limits.depth) levels deep", at: range)
    }
    depth += 1
  }

  func ascend() { depth -= 1 }

  // MARK: Names in messages

  /// How a message names an operand: `'x'`, or its text if that is short.
  func spelling(_ range: SourceRange) -> String {
    let text = range.text
    return text.count <= 40 ? "'\(text)'" : "the value"
  }

  /// A value as messages state it: its type and, at compile time, what it is.
  func describe(_ datum: Datum) -> String {
    switch datum {
    case .integer(let value): "the Int \(value)"
    case .number(let value): "the Float \(AttributeValue.spelling(value))"
    case .flag(let value): "the Bool \(value)"
    case .text(let value): "the String \(AttributeValue.quoted(String(value.prefix(40))))"
    case .graph(let graph): "the graph '\(graph.name)'"
    case .element(let element): "the element type \(element.rawValue)"
    case .list(let list):
      if list.count <= 8, let value = datum.attribute {
        "the list \(value)"
      } else {
        "a list of \(list.count)"
      }
    case .range(let range): "the range \(range.lowerBound)..<\(range.upperBound)"
    case .tensor(let value): builder.type(of: value).description
    case .poison: "nothing"
    }
  }
}
