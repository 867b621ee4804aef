import Foundation
import RetortFuzzing

/// Runs workers on one reader until its processor time is used up, and keeps the files that broke
/// it.
struct Campaign {
  let reader: FuzzReader
  let seed: UInt64
  let seconds: Double
  /// Where files are kept that were at fault.
  let folder: String

  private static let workerSeconds = 60.0
  /// After so many deaths of workers there is enough to mend.
  private static let mostDeaths = 40

  /// - Returns: how many files were at fault.
  func run() throws -> Int {
    let cases = try FuzzCases(reader, seed: seed)
    for (index, file) in cases.validFiles.enumerated() {
      let outcome = cases.outcome(of: file)
      guard outcome == .read else {
        throw CampaignError("\(reader.name): valid file \(index) is not read: \(outcome)")
      }
    }
    var (tally, faults, deaths) = (Tally(), 0, 0)
    var next = 0
    let start = Self.childSeconds
    while Self.childSeconds - start < seconds, deaths < Self.mostDeaths {
      let left = seconds - (Self.childSeconds - start)
      let end = try work(from: next, seconds: min(left, Self.workerSeconds))
      for (number, what) in end.faults {
        faults += 1
        try keep(cases, number, what)
      }
      tally.add(end.tally)
      if let death = end.death {
        (faults, deaths) = (faults + 1, deaths + 1)
        try keep(cases, end.next - 1, death)
      }
      next = end.next
    }
    Main.say(summary(tally, cases, next, faults, Self.childSeconds - start))
    return faults
  }

  private struct End {
    var tally = Tally()
    var faults: [(number: Int, what: String)] = []
    var next: Int
    /// How the worker died, if it did.
    var death: String?
  }

  private func work(from first: Int, seconds: Double) throws -> End {
    let cell = NSTemporaryDirectory() + "/retort-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    defer { try? FileManager.default.removeItem(atPath: cell) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      "--worker", reader.name, "--seed", "\(seed)", "--first", "\(first)", "--seconds",
      "\(seconds)",
      "--cell", cell,
    ]
    process.environment = ProcessInfo.processInfo.environment
      .merging(Worker.environment) { _, new in new }
    let pipe = Pipe()
    process.standardOutput = pipe
    // Crashes print a trace of the stack, which `--case` shows again where it is wanted.
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    var end = End(next: first)
    for report in text.split(separator: "\n").compactMap(Report.init) {
      switch report {
      case .fault(let number, let what): end.faults.append((number, what))
      case .tally(let tally, let next): (end.tally, end.next) = (tally, next)
      }
    }
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      let number = try Data(contentsOf: URL(fileURLWithPath: cell))
        .withUnsafeBytes { $0.loadUnaligned(as: Int64.self) }
      end.next = Int(number) + 1
      end.death =
        process.terminationReason == .uncaughtSignal
        ? process.terminationStatus == SIGPROF
          ? "hung" : "died of signal \(process.terminationStatus)"
        : "ended with status \(process.terminationStatus)"
      return end
    }
    return end
  }

  /// Writes a file that was at fault, named after its number, and says what it did.
  private func keep(_ cases: FuzzCases, _ number: Int, _ what: String) throws {
    let path = "\(folder)/\(reader.name)-\(seed)-\(number)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(try cases.file(number)).write(to: URL(fileURLWithPath: path))
    Main.say("\(reader.name): file \(number) \(what); kept as \(path)")
  }

  private func summary(
    _ tally: Tally, _ cases: FuzzCases, _ count: Int, _ faults: Int, _ seconds: Double
  ) -> String {
    func text(_ value: Double, _ digits: Int) -> String {
      value.formatted(.number.precision(.fractionLength(digits)).grouping(.never))
    }
    let refused = 100 * Double(tally.refusedCount) / Double(max(1, tally.fileCount))
    return """
      \(reader.name): \(count) files of \(cases.files.count) valid ones, \
      \(text(refused, 0)) % refused, \(text(seconds / 60, 1)) CPU-minutes, \
      longest \(text(tally.longestSeconds, 3)) s, \
      most memory \(text(Double(tally.largestPeak) / 1_048_576, 1)) MiB, \(faults) at fault
      """
  }

  /// Processor time of the workers that have ended.
  private static var childSeconds: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_CHILDREN.rawValue), &usage)
    func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) * 1e-6 }
    return seconds(usage.ru_utime) + seconds(usage.ru_stime)
  }
}
