import Foundation
import RetortDefence
import RetortDriver
import RetortFormats
import RetortRuntime
import RetortText

extension Command {
  static let evaluate = Command(
    name: "evaluate", summary: "attacks × defences: a report, resumed after a kill",
    positionals: "RECIPE", positionalCount: 0...2 * shardLimit,
    options: [
      Option("--data", "FILE", "a CIFAR-10 binary file of images to evaluate on: test_batch.bin"),
      Option(
        "-o", "REPORT", "REPORT.json, REPORT.md and REPORT.html are written (default: report)"),
      Option("--cache", "DIR", "where finished blocks are kept (default: REPORT.cache)"),
      Option("--shard", "I/N", "computes part I of N only, to REPORT.shard-I-of-N.json"),
      Option(switch: "--merge", "the positionals are shards; joins them to one report"),
      Option("--count", "N", "only the first N images"),
      .weights, .threads, .backend, .exact, .graphs,
    ],
    discussion: """
      A recipe (JSON, Docs/recipes.md) names model, defences, attacks, radii, images and seeds. Points
      of an attack are made once and given to every defence. A killed run goes on with what was
      finished, to the same digits; shards merge to the bytes of one run (same binary, same processor
      family).

        retort evaluate graphs/recipes/evaluation-demo.json --data synthetic/test_batch.bin -o demo
        retort evaluate RECIPE --data FILE -o part --shard 1/2
        retort evaluate --merge part.shard-1-of-2.json part.shard-2-of-2.json -o report
      """
  ) { arguments in
    let target = try arguments.reportName()
    if arguments.has("--merge") {
      if let option = arguments.optionNames.first(where: { !["-o", "--merge"].contains($0) }) {
        throw UsageError(message: "'\(option)' does not go with '--merge', which only joins")
      }
      for suffix in EvaluationOutput.suffixes { try arguments.refuseReplacing(target + suffix) }
      // A pattern for shards takes the times beside them too.
      let paths = arguments.positionals.filter { !$0.hasSuffix(".timing.json") }
      let shards = try paths.map { try shardFile($0) }
      guard !shards.isEmpty else { throw UsageError(message: "'--merge' takes shard files") }
      let output = EvaluationOutput(target)
      try output.write(shards)
      try tellOtherBuild(shards)
      if let timing = try joinedTiming(paths) {
        try output.write(timing, to: target + ".timing.json")
      }
      return
    }
    guard arguments.positionals.count == 1 else {
      throw UsageError(message: "'retort evaluate' takes one RECIPE")
    }
    guard let data = arguments["--data"] else {
      throw UsageError(message: "'--data FILE' is missing")
    }
    for suffix in EvaluationOutput.suffixes { try arguments.refuseReplacing(target + suffix) }
    var recipe = try EvaluationRecipe(reading: arguments.positionals[0])
    let count = try arguments.count("--count")
    if let count { recipe.images = count }
    let shard = try arguments.shard()
    try Images.refuseTrainingImages(data)
    let images = try ImageSet(reading: data, first: recipe.images)
    try images.requireLabels(data)
    if let count, count > images.count {
      throw Diagnostics("has \(images.count) images, '--count' asks for \(count)", path: data)
    }
    let evaluator = try Evaluator(
      recipe, images: images, data: String(data.split(separator: "/").last ?? "data"),
      request: try arguments.request(),
      program: "\(try program()), \(Processor.fingerprint)",
      cache: arguments["--cache"] ?? target + ".cache", shard: shard, observer: ProgressLine())
    let output = EvaluationOutput(target)
    try output.check()
    let part = try evaluator.run()
    try output.write(part, timing: evaluator.timing)
  }
}

extension Arguments {
  /// `-o`, without the suffix of one of the report's files.
  fileprivate func reportName() throws -> String {
    let given = self["-o"] ?? "report"
    guard given != "-" else {
      throw UsageError(message: "'-o' names several files here; it cannot be standard output")
    }
    let suffix = EvaluationOutput.suffixes.first(where: given.hasSuffix) ?? ""
    let name = String(given.dropLast(suffix.count))
    // The files would be hidden ones, '.json' and so on.
    let last = name.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
    guard !["", ".", ".."].contains(last) else {
      let folder = last.isEmpty ? name : name + "/"
      throw UsageError(
        message: "'-o' takes what the report's files are called, \(folder)report, got '\(given)'")
    }
    return name
  }

  fileprivate func shard() throws -> Evaluator.Shard {
    guard let text = self["--shard"] else { return .whole }
    let numbers = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 2, let index = numbers[0], let count = numbers[1], 1 <= index,
      index <= count, count <= shardLimit
    else {
      throw UsageError(message: "'--shard' takes I/N with I from 1 to N, got '\(text)'")
    }
    return Evaluator.Shard(index: index - 1, count: count)
  }
}

/// The most parts that an evaluation is shared out in.
private let shardLimit = 10_000

/// Version and build, the first digits of the SHA-256 of this program: blocks of another build are
/// computed again.
private func program() throws -> String {
  let sum = SHA256.hexadecimal(try InputFile.read("/proc/self/exe"))
  return "retort \(RetortVersion.text), build \(sum.prefix(16))"
}

/// Tells where another program computed the shards than renders the report, which names theirs: what
/// follows from the answers, and how it is told, is this one's.
private func tellOtherBuild(_ shards: [EvaluationShard]) throws {
  let own = try program()
  guard let theirs = shards.first?.results.program, !theirs.hasPrefix(own + ",") else { return }
  Console.note(
    "the shards are of \(theirs.visible()); \(own), another build, made the report of them")
}

private func shardFile(_ path: String) throws -> EvaluationShard {
  let bytes = try InputFile.read(path, limit: 1 << 30)
  return try naming(path) { () throws(FormatError) in try ReportJSON.shard(bytes) }
}

/// The times beside the shards' files, added up; nil where one is missing.
private func joinedTiming(_ paths: [String]) throws -> EvaluationTiming? {
  var sum = EvaluationTiming()
  for path in paths {
    guard path.hasSuffix(".json") else { return nil }
    let beside = String(path.dropLast(".json".count)) + ".timing.json"
    guard !InputFile.isMissing(beside) else { return nil }
    let bytes = try InputFile.read(beside, limit: 1 << 24)
    sum.add(try naming(beside) { () throws(FormatError) in try ReportJSON.timing(bytes) })
  }
  return sum
}

/// The files of one report.
private struct EvaluationOutput {
  /// Of the report's files.
  static let suffixes = [".json", ".md", ".html"]

  let name: String

  init(_ name: String) { self.name = name }

  /// Creates the report's folder, as that of the blocks is.
  private func createFolder() throws(Diagnostics) {
    let folder = (name as NSString).deletingLastPathComponent
    if !folder.isEmpty { try AtomicFile.createFolder(folder) }
  }

  /// Creates the folder and tries whether files can be made in it: before hours are spent on what
  /// goes there.
  func check() throws(Diagnostics) {
    try createFolder()
    for suffix in Self.suffixes { try AtomicFile.check(name + suffix) }
  }

  func write(_ shard: EvaluationShard, timing: EvaluationTiming) throws {
    if shard.count > 1 {
      let part = "\(name).shard-\(shard.index + 1)-of-\(shard.count)"
      try put(part + ".json") { () throws(FormatError) in try ReportJSON.bytes(shard) }
      try write(timing, to: part + ".timing.json")
      try Console.print("\(part).json: written")
    } else {
      try write([shard])
      try write(timing, to: name + ".timing.json")
    }
  }

  /// How long blocks took, those of earlier runs too.
  func write(_ timing: EvaluationTiming, to path: String) throws {
    try put(path) { () throws(FormatError) in try ReportJSON.bytes(timing) }
    Console.error(timing.table)
  }

  /// Joins shards to the report.
  func write(_ shards: [EvaluationShard]) throws {
    let results: EvaluationResults
    do throws(FormatError) {
      results = try EvaluationResults.merge(shards)
    } catch {
      // Of no file by itself, least of all of the report that there is not yet.
      throw Diagnostics(error.message, hint: error.hint)
    }
    let bytes = try naming(name + ".json") { () throws(FormatError) in
      try ReportJSON.bytes(results)
    }
    // What hours were spent on is told though it may not be written.
    let told = Result { try Console.print(ReportMarkdown.headline(results)) }
    try createFolder()
    try AtomicFile.write(bytes, to: name + ".json")
    try AtomicFile.write(ReportMarkdown.text(results), to: name + ".md")
    try AtomicFile.write(ReportHTML.text(results), to: name + ".html")
    try told.get()
    try Console.print("\(name).json, \(name).md, \(name).html: written")
  }

  private func put(_ path: String, _ bytes: () throws(FormatError) -> [UInt8]) throws {
    try AtomicFile.write(try naming(path, bytes), to: path)
  }
}
