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

  /// - Returns: how many faults there were.
  func run() throws -> Int {
    let cases = try FuzzCases(reader, seed: seed)
    for (index, file) in cases.validFiles.enumerated() {
      let outcome = cases.outcome(of: file)
      guard outcome == .read else {
        throw CampaignError("\(reader.name): valid file \(index) is not read: \(outcome)")
      }
    }
    var (tally, faultCount, deathCount) = (Tally(), 0, 0)
    var next = 0
    let start = Self.childSeconds
    while Self.childSeconds - start < seconds, deathCount < Self.mostDeaths {
      let left = seconds - (Self.childSeconds - start)
      let end = try work(from: next, seconds: min(left, Self.workerSeconds))
      for fault in end.faults { try keep(fault) }
      faultCount += end.faults.count
      if end.died { deathCount += 1 }
      tally.add(end.tally)
      next = end.next
    }
    guard tally.fileCount > 0 else {
      throw CampaignError("\(reader.name): no file was read in \(seconds) s")
    }
    let stopped = deathCount < Self.mostDeaths ? "" : ", stopped early"
    Main.say(
      summary(tally, cases.files.count, faultCount, Self.childSeconds - start) + stopped)
    return faultCount
  }

  private struct Fault {
    let number: Int
    let what: String
    let bytes: [UInt8]
  }

  private struct End {
    var tally = Tally()
    var faults: [Fault] = []
    var next: Int
    var died = false
  }

  private func work(from first: Int, seconds: Double) throws -> End {
    let cell = NSTemporaryDirectory() + "/retort-fuzz-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: cell) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      "--worker", reader.name, "--seed", "\(seed)", "--first", "\(first)",
      "--seconds", "\(seconds)", "--cell", cell,
    ]
    process.environment = ProcessInfo.processInfo.environment
      .merging(Worker.environment) { _, new in new }
    let pipe = Pipe()
    process.standardOutput = pipe
    // Crashes print a trace of the stack, which `--read` shows again where it is wanted.
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    var end = End(next: first)
    var (hasEnd, isGarbled) = (false, false)
    for line in text.split(separator: "\n") {
      switch Report(line) {
      case .tally(let tally, let next): (end.tally, end.next) = (tally, next)
      case .fault(let number, let what, let bytes):
        end.faults.append(Fault(number: number, what: what, bytes: bytes))
      case .end: hasEnd = true
      // Cut off by the worker's death, or written by a reader, which has no business there.
      case nil: isGarbled = true
      }
    }
    if !hasEnd || isGarbled || process.terminationReason != .exit || process.terminationStatus != 0
    {
      guard let (number, bytes) = CrashCell.read(cell) else {
        throw CampaignError("\(reader.name): the worker \(how(process)) before its first file")
      }
      end.faults.append(Fault(number: number, what: how(process), bytes: bytes))
      end.next = number + 1
      end.died = true
    }
    return end
  }

  private func how(_ process: Process) -> String {
    guard process.terminationReason == .uncaughtSignal else {
      return "ended with status \(process.terminationStatus)"
    }
    return [SIGPROF, SIGALRM].contains(process.terminationStatus)
      ? "hung" : "died of signal \(process.terminationStatus)"
  }

  /// Writes a file that was at fault, named after its number, and says what it did.
  private func keep(_ fault: Fault) throws {
    let path = "\(folder)/\(seed)-\(fault.number).\(reader.name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try Data(fault.bytes).write(to: URL(fileURLWithPath: path))
    Main.say("\(reader.name): file \(fault.number) \(fault.what); kept as \(path)")
  }

  private func summary(
    _ tally: Tally, _ validCount: Int, _ faultCount: Int, _ seconds: Double
  ) -> String {
    func text(_ value: Double, _ digits: Int) -> String {
      value.formatted(.number.precision(.fractionLength(digits)).grouping(.never))
    }
    let refused = 100 * Double(tally.refusedCount) / Double(tally.fileCount)
    return """
      \(reader.name): \(tally.fileCount) files made of \(validCount) valid ones, \
      \(text(refused, 0)) % refused, \(text(seconds / 60, 1)) CPU-minutes, \
      longest \(text(tally.longestSeconds, 3)) s, \
      most memory \(text(Double(tally.largestPeak) / 1_048_576, 1)) MiB, \(faultCount) faults
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
