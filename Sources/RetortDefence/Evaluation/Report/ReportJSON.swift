import Foundation
import RetortFormats

/// The report as JSON: the results, and what follows from them.
///
/// Only `results` is read back, so that a file cannot say of its results what they do not. Equal
/// results give equal bytes: keys are sorted, and numbers are the shortest that read back equal.
package enum ReportJSON {
  static let byteLimit = 1 << 28

  private struct Report: Encodable {
    let checks: [EvaluationCheck]
    let results: EvaluationResults
    let summary: EvaluationSummary
  }
  private struct StoredReport: Decodable {
    let results: EvaluationResults
  }
  private struct StoredShard: Decodable {
    let shard: EvaluationShard

    private enum Mark: CodingKey { case index }

    init(from decoder: any Decoder) throws {
      guard try decoder.container(keyedBy: Mark.self).contains(.index) else {
        throw FormatError(
          "is a whole report, not a shard",
          hint: "--shard I/N writes shards, REPORT.shard-I-of-N.json")
      }
      shard = try EvaluationShard(from: decoder)
    }
  }
  /// What is read only if it is of the format that this program knows.
  private struct Known<Contents: Decodable>: Decodable {
    let contents: Contents

    private struct Head: Decodable {
      struct Results: Decodable { let format: Int }
      let results: Results
    }

    init(from decoder: any Decoder) throws {
      let format = try Head(from: decoder).results.format
      guard format == EvaluationResults.knownFormat else {
        throw FormatError(
          "is a report of format \(format); this program reads format "
            + "\(EvaluationResults.knownFormat)")
      }
      contents = try Contents(from: decoder)
    }
  }

  /// - Throws: for results that a reader would refuse.
  package static func bytes(_ results: EvaluationResults) throws(FormatError) -> [UInt8] {
    try results.validate()
    let summary = EvaluationSummary(results)
    return try encoded(
      Report(
        checks: EvaluationChecks.all(results, summary), results: results, summary: summary))
  }

  /// - Throws: for a file that is not a report, or whose parts do not fit together.
  package static func results(_ bytes: [UInt8]) throws(FormatError) -> EvaluationResults {
    let results = try decoded(Known<StoredReport>.self, bytes).contents.results
    try results.validate()
    return results
  }

  /// A shard as a file of its own.
  package static func bytes(_ shard: EvaluationShard) throws(FormatError) -> [UInt8] {
    try encoded(shard)
  }

  /// - Throws: for a file that is not a shard; whether it fits others, merging finds.
  package static func shard(_ bytes: [UInt8]) throws(FormatError) -> EvaluationShard {
    try decoded(Known<StoredShard>.self, bytes).contents.shard
  }

  package static func bytes(_ timing: EvaluationTiming) throws(FormatError) -> [UInt8] {
    try encoded(timing)
  }

  package static func timing(_ bytes: [UInt8]) throws(FormatError) -> EvaluationTiming {
    try decoded(EvaluationTiming.self, bytes, "times of an evaluation")
  }

  private static func encoded(_ value: some Encodable) throws(FormatError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data: Data
    do {
      data = try encoder.encode(value)
    } catch EncodingError.invalidValue(let value, let context) {
      let path = context.codingPath.map { $0.intValue.map(String.init) ?? $0.stringValue }
      throw FormatError("\(path.joined(separator: ".")) is \(value), which JSON cannot hold")
    } catch {
      throw FormatError("cannot be written as JSON: \(error.localizedDescription)")
    }
    return Array(JSONLayout.text(try JSONParser.parse(data)).utf8)
  }

  private static func decoded<T: Decodable>(
    _ type: T.Type, _ bytes: [UInt8], _ kind: String = "a report"
  ) throws(FormatError) -> T {
    guard bytes.count <= byteLimit else {
      throw FormatError("has \(bytes.count) bytes; a report has at most \(byteLimit)")
    }
    return try StrictJSON.decode(type, from: bytes, as: kind)
  }
}
