import Dispatch
import Foundation
import RetortFormats
import RetortText

/// Ends the process on Ctrl-C or `kill` with exit code 130 and no temporary file left behind.
enum Interrupts {
  nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

  static func install() {
    signal(SIGPIPE, SIG_IGN)
    // Who starts a long training under 'nohup' wants it to outlive the terminal.
    let signals = isIgnored(SIGHUP) ? [SIGINT, SIGTERM] : [SIGINT, SIGTERM, SIGHUP]
    for number in signals {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        AtomicFile.removeTemporaries { _exit(ExitCode.interrupted) }
      }
      source.resume()
      sources.append(source)
    }
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }
}
