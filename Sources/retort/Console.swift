import Foundation
import RetortDefence
import RetortText

/// What a person sees on standard error: diagnostics, notes, progress.
enum Console {
  static let isTerminal = isatty(STDERR_FILENO) != 0
  /// Colour only where a person watches, and never against `NO_COLOR`.
  static let usesColour =
    isTerminal && ProcessInfo.processInfo.environment["NO_COLOR"]?.isEmpty ?? true

  /// Writes to standard output. A reader who has seen enough and closed the pipe is no failure.
  static func print(_ text: String, terminator: String = "\n") throws(Diagnostics) {
    try put(Array((text + terminator).utf8))
  }

  /// Writes bytes to standard output, as `print` does.
  ///
  /// - Returns: whether they had a reader.
  @discardableResult
  static func put(_ bytes: [UInt8]) throws(Diagnostics) -> Bool {
    guard let code = send(bytes[...], to: STDOUT_FILENO) else { return true }
    if code == EPIPE { return false }
    throw Diagnostics(
      "cannot be written: \(String(cString: strerror(code)))", path: "standard output")
  }

  /// Writes to standard error. Where that cannot be written nobody is left to be told, and the exit
  /// code still says what happened.
  static func error(_ text: String) {
    _ = send(Array(text.utf8)[...], to: STDERR_FILENO)
  }

  /// The error number, or nil when all is written.
  private static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int32? {
    var rest = bytes
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { return errno }
      rest = rest.dropFirst(max(0, count))
    }
    return nil
  }

  static func report(_ diagnostics: Diagnostics) {
    error(DiagnosticRenderer(colour: usesColour).render(diagnostics))
  }

  /// Writes a report: to standard output, or to standard error where one of the command's targets is
  /// standard output already.
  static func report(
    _ text: String, terminator: String = "\n", besides targets: [String]
  ) throws(Diagnostics) {
    if targets.contains("-") {
      error(text + terminator)
    } else {
      try print(text, terminator: terminator)
    }
  }

  static func note(_ text: String) { error("note: \(text)\n") }

  /// How far `--calibrate` is: one line, redrawn where a person watches.
  @Sendable static func calibrating(_ done: Int, _ total: Int) {
    let line = "calibrating: \(done)/\(total)"
    if isTerminal {
      error("\r\u{1B}[K" + line + (done == total ? "\n" : ""))
    } else if done == 0 || done == total {
      error(line + "\n")
    }
  }

  static func notes(_ list: [Diagnostic]) {
    if !list.isEmpty { report(Diagnostics(list)) }
  }
}

/// Draws the progress of long work: one line that is redrawn where a person watches, plain lines at
/// most every ten seconds elsewhere.
final class ProgressLine: ProgressObserver {
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var lastShown: ContinuousClock.Instant?
  private var isDrawn = false

  init() { start = clock.now }

  func advanced(_ progress: ProgressReport) {
    let now = clock.now
    let interval: Duration = Console.isTerminal ? .milliseconds(100) : .seconds(10)
    let isLast = progress.done == progress.total
    if let lastShown, now - lastShown < interval, !isLast { return }
    lastShown = now
    var line = "\(progress.title): \(progress.done)/\(progress.total)"
    if !progress.detail.isEmpty { line += "  " + progress.detail }
    if progress.done > progress.startedAt, !isLast {
      let passed = (now - start) / .seconds(1)
      let rate = passed / Double(progress.done - progress.startedAt)
      line += "  " + Self.time(rate * Double(progress.total - progress.done)) + " left"
    }
    if Console.isTerminal {
      Console.error("\r\u{1B}[K" + line + (isLast ? "\n" : ""))
      isDrawn = !isLast
    } else {
      Console.error(line + "\n")
    }
  }

  func said(_ line: String) {
    if isDrawn { Console.error("\r\u{1B}[K") }
    isDrawn = false
    Console.error(line + "\n")
  }

  private static func time(_ seconds: Double) -> String {
    let whole = Int(seconds.rounded(.up))
    if whole < 90 { return "\(whole) s" }
    if whole < 5400 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole % 3600 / 60) min"
  }
}
