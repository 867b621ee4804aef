import Dispatch
import Foundation
import RetortFormats

/// Ends the process on Ctrl-C or `kill` with exit code 130 and without a temporary file left behind.
enum Interrupts {
  nonisolated(unsafe) private static var sources: [any DispatchSourceSignal] = []

  static func install() {
    signal(SIGPIPE, SIG_IGN)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        AtomicFile.removeTemporaries()
        _exit(Main.ExitCode.interrupted)
      }
      source.resume()
      sources.append(source)
    }
  }
}
