import Foundation
import RetortFuzzing

/// What a worker counted.
struct Tally: Codable {
  var fileCount = 0
  var refusedCount = 0
  var longestSeconds = 0.0
  var largestPeak = 0

  mutating func add(_ measured: Measurement) {
    fileCount += 1
    if measured.outcome == .refused { refusedCount += 1 }
    longestSeconds = max(longestSeconds, measured.seconds)
    largestPeak = max(largestPeak, measured.peak)
  }

  mutating func add(_ other: Tally) {
    fileCount += other.fileCount
    refusedCount += other.refusedCount
    longestSeconds = max(longestSeconds, other.longestSeconds)
    largestPeak = max(largestPeak, other.largestPeak)
  }
}

/// A line that a worker writes to the process that started it.
enum Report: Codable {
  /// So far, with the number of the next file.
  case tally(Tally, next: Int)
  /// A file's number, what it did, and its bytes.
  case fault(Int, String, [UInt8])
  /// The worker ends as it should.
  case end

  func print() {
    guard var line = try? JSONEncoder().encode(self) else { return }
    line.append(10)
    FileHandle.standardOutput.write(line)
  }

  init?(_ line: Substring) {
    guard let report = try? JSONDecoder().decode(Report.self, from: Data(line.utf8)) else {
      return nil
    }
    self = report
  }
}

struct CampaignError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
