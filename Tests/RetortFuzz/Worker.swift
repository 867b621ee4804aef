import Foundation
import RetortFuzzing

/// The process that reads damaged files, one after the other, until its processor time is used up.
/// It may die of one: before each it writes the file's number to a file that outlives it.
struct Worker {
  let reader: FuzzReader
  let seed: UInt64
  let first: Int
  let seconds: Double
  /// Where the number of the file at hand is written.
  let cell: String

  /// A file that takes longer is a fault.
  static let secondsPerFile = 1.0
  /// Processor time after which the system ends a worker that hangs.
  private static let secondsBeforeTheEnd = 10
  /// What the allocator and the runtime may take beside a reader.
  private static let slack = 32 << 20
  /// Where memory ends for good, so that a fault does not take the machine with it.
  private static let addressSpace: rlim_t = 24 << 30

  /// Every large block is to be memory of its own and to be given back, so that peaks can be seen.
  static let environment = [
    "MALLOC_MMAP_THRESHOLD_": "131072", "MALLOC_TRIM_THRESHOLD_": "262144",
  ]

  func run() throws {
    setLimits()
    let cases = try FuzzCases(reader, seed: seed)
    let cell = open(cell, O_WRONLY | O_CREAT, 0o644)
    guard cell >= 0 else { throw CampaignError("cannot write \(self.cell)") }
    var tally = Tally()
    var number = first
    while Self.processorSeconds < seconds {
      var written = Int64(number)
      pwrite(cell, &written, 8, 0)
      try read(cases.file(number), number, cases, &tally)
      number += 1
      // A worker that dies loses no more than this.
      if number % 100 == 0 { Report.tally(tally, next: number).print() }
    }
    Report.tally(tally, next: number).print()
  }

  private func read(
    _ bytes: [UInt8], _ number: Int, _ cases: FuzzCases, _ tally: inout Tally
  ) throws {
    setDeadline(Self.secondsBeforeTheEnd)
    let memory = MemoryUse()
    let start = Self.processorSeconds
    let outcome = cases.outcome(of: bytes)
    let seconds = Self.processorSeconds - start
    let peak = memory.peakGrowth
    setDeadline(0)
    tally.add(outcome, seconds: seconds, peak: peak)
    if case .mistaken(let what) = outcome { Report.fault(number, what).print() }
    if seconds > Self.secondsPerFile {
      Report.fault(number, "took \((seconds * 100).rounded() / 100) s").print()
    }
    let bound = reader.memoryBound(bytes.count)
    if peak > bound + Self.slack {
      Report.fault(number, "took \(peak) bytes for a file of \(bytes.count), bound \(bound)")
        .print()
    }
  }

  private func setLimits() {
    var limit = rlimit(rlim_cur: Self.addressSpace, rlim_max: Self.addressSpace)
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    var core = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &core)
  }

  /// The system ends this process after so many seconds of processor time; 0 takes it back.
  private func setDeadline(_ seconds: Int) {
    var timer = itimerval()
    timer.it_value.tv_sec = seconds
    setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
  }

  private static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// How far the resident memory of this process rises from now on.
struct MemoryUse {
  private let before: Int

  init() {
    // 5 sets the highest mark back to what is resident now.
    let file = open("/proc/self/clear_refs", O_WRONLY)
    if file >= 0 {
      write(file, "5", 1)
      close(file)
    }
    before = Self.value(of: "VmRSS:")
  }

  var peakGrowth: Int { max(0, Self.value(of: "VmHWM:") - before) }

  /// A line of the process's status, in bytes.
  private static func value(of key: String) -> Int {
    let file = open("/proc/self/status", O_RDONLY)
    guard file >= 0 else { return 0 }
    defer { close(file) }
    let text = String(unsafeUninitializedCapacity: 4096) {
      max(0, Foundation.read(file, $0.baseAddress!, 4096))
    }
    guard let line = text.range(of: key) else { return 0 }
    let digits = text[line.upperBound...].drop { $0 == " " || $0 == "\t" }.prefix { $0.isNumber }
    return (Int(digits) ?? 0) << 10
  }
}
