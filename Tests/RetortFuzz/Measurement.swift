import Foundation
import RetortFuzzing

/// What became of one file and what it cost.
struct Measurement {
  let outcome: FuzzReader.Outcome
  let seconds: Double
  /// By how many bytes the resident memory rose at most.
  let peak: Int
  /// What should not have been.
  private(set) var faults: [String] = []

  /// A file that takes longer is at fault.
  private static let secondsPerFile = 1.0
  /// What the allocator and the runtime may take beside a reader.
  private static let slack = 4 << 20

  init(of bytes: [UInt8], by cases: FuzzCases) throws {
    let before = try Self.residentMemory(resettingPeak: true).now
    let start = Self.processorSeconds
    outcome = cases.outcome(of: bytes)
    seconds = Self.processorSeconds - start
    peak = max(0, try Self.residentMemory().peak - before)
    if case .mistaken(let what) = outcome { faults.append("gave \(what)") }
    if seconds > Self.secondsPerFile {
      faults.append("took \((seconds * 100).rounded() / 100) s")
    }
    let bound = cases.reader.memoryBound(bytes.count)
    if peak > bound + Self.slack {
      faults.append("took \(peak) bytes for \(bytes.count), where \(bound) are the bound")
    }
  }

  static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Resident memory in bytes, now and at most since the peak was set back.
  private static func residentMemory(
    resettingPeak: Bool = false
  ) throws -> (now: Int, peak: Int) {
    if resettingPeak {
      let file = open("/proc/self/clear_refs", O_WRONLY)
      defer { close(file) }
      guard write(file, "5", 1) == 1 else {
        throw CampaignError("cannot set the peak of memory back")
      }
    }
    let file = open("/proc/self/status", O_RDONLY)
    defer { close(file) }
    let text = String(unsafeUninitializedCapacity: 4096) { buffer in
      max(0, read(file, buffer.baseAddress!, 4096))
    }
    func value(_ key: String) throws -> Int {
      guard let place = text.range(of: key),
        let kibibytes = Int(
          text[place.upperBound...].drop { $0.isWhitespace }.prefix { $0.isNumber })
      else { throw CampaignError("/proc/self/status does not tell \(key)") }
      return kibibytes << 10
    }
    return (try value("VmRSS:"), try value("VmHWM:"))
  }
}
