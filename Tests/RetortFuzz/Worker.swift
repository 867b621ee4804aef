import Foundation
import RetortFuzzing

/// The process that reads damaged files, one after the other, until its processor time is used up.
/// It may die of one: before each it writes the file to a place that outlives it.
struct Worker {
  let reader: FuzzReader
  let seed: UInt64
  let first: Int
  let seconds: Double
  /// Where the file at hand is written.
  let cell: String

  /// Processor time after which the system ends a worker that hangs, and time on the clock.
  private static let (secondsBeforeTheEnd, secondsOfWaiting) = (10, 120)
  /// Where memory ends for good, so that a fault does not take the machine with it.
  private static let addressSpace: rlim_t = 24 << 30

  /// Every large block is to be memory of its own and to be given back, so that peaks can be seen.
  static let environment = [
    "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "131072",
    "MALLOC_TOP_PAD_": "0",
  ]

  func run() throws {
    setLimits()
    let cases = try FuzzCases(reader, seed: seed)
    guard cases.files.count >= cases.validFiles.count + reader.leastFound else {
      throw CampaignError("\(reader.name): only \(cases.files.count) files to damage are read")
    }
    let cell = open(cell, O_WRONLY | O_CREAT, 0o644)
    guard cell >= 0 else { throw CampaignError("cannot write \(self.cell)") }
    var tally = Tally()
    var number = first
    while Measurement.processorSeconds < seconds {
      let bytes = cases.file(number)
      try CrashCell.write(number, bytes, to: cell)
      setDeadlines(Self.secondsBeforeTheEnd, Self.secondsOfWaiting)
      let measured = try Measurement(of: bytes, by: cases)
      setDeadlines(0, 0)
      tally.add(measured)
      for fault in measured.faults { Report.fault(number, fault, bytes).print() }
      number += 1
      // A worker that dies loses no more than this.
      if number % 100 == 0 { Report.tally(tally, next: number).print() }
    }
    Report.tally(tally, next: number).print()
    Report.end.print()
  }

  private func setLimits() {
    var limit = rlimit(rlim_cur: Self.addressSpace, rlim_max: Self.addressSpace)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    var core = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
  }

  /// The system ends this process after so much processor time or waiting; 0 takes it back.
  private func setDeadlines(_ processor: Int, _ waiting: Int) {
    for (which, seconds) in [(ITIMER_PROF, processor), (ITIMER_REAL, waiting)] {
      var timer = itimerval()
      timer.it_value.tv_sec = seconds
      setitimer(__itimer_which_t(which.rawValue), &timer, nil)
    }
  }
}

/// The file that a worker was reading when it died.
enum CrashCell {
  /// Number and length, then the bytes; what an earlier file left behind them is not theirs.
  static func write(_ number: Int, _ bytes: [UInt8], to descriptor: Int32) throws {
    var head = [Int64(number), Int64(bytes.count)]
    guard pwrite(descriptor, &head, 16, 0) == 16,
      pwrite(descriptor, bytes, bytes.count, 16) == bytes.count
    else {
      throw CampaignError("cannot write the file at hand: \(String(cString: strerror(errno)))")
    }
  }

  static func read(_ path: String) -> (number: Int, bytes: [UInt8])? {
    guard let data = FileManager.default.contents(atPath: path), data.count >= 16 else {
      return nil
    }
    let head = data.withUnsafeBytes { Array($0.bindMemory(to: Int64.self).prefix(2)) }
    return (Int(head[0]), Array(data.dropFirst(16).prefix(Int(head[1]))))
  }
}
