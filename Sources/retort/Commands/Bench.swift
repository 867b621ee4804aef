import RetortDefence
import RetortDriver
import RetortFormats
import RetortText

extension Command {
  static let bench = Command(
    name: "bench", summary: "measures the workloads W1 to W7, the machine, or the compiler",
    positionals: "", positionalCount: 0...0,
    options: [
      Option(
        "--workload", "W", repeats: true,
        "W1 to W7 (default: all): "
          + Workload.all.map { "\($0.name) \($0.summary)" }.joined(separator: "; ")),
      Option("--batch", "N", repeats: true, "images at a time (default: the workload's batches)"),
      Option("--seconds", "S", "how long each is repeated (default: 1; three times at least)"),
      Option(switch: "--json", "one JSON object a line, as it is measured, instead of a table"),
      Option(switch: "--serve", "answers requests on standard input, a JSON line each"),
      Option(
        switch: "--limits", "what the machine can do: multiply-adds, products, memory"),
      Option(switch: "--compile", "how long generated chains and W3 take to compile"),
      .backend, .threads, .disable, .exact, .calibrate, .memoryLimit, .graphs,
    ],
    discussion: """
      Each workload runs in a fresh process, on weights and images made up here. Of a line:
        workload, batch
        ms            median time of one complete repetition for the whole batch, all steps
        gflops        10^9 operations a second, counted as direct convolutions, whatever the
                      algorithms save
        arena_bytes   memory that a run computes in, without weights and inputs
        peak_rss_mib  most memory that was resident in the process
        first_s       from the start of the process, to a hundredth, to the first result:
                      reading, compiling, making and preparing weights, running once; with
                      --calibrate the measurements too

      A request of --serve is {"workload": "W3", "batch": 8, "min_seconds": 0.25}. The answer is
      such a line, ms being the mean of at least that time, or {"error": "..."}. The last program
      is kept; first_s counts from the request, for the first one with the start of the process.

        retort bench --workload W3 --batch 1 --batch 8
        retort bench --limits --json
      """
  ) { arguments in
    try BenchCommand(arguments).run()
  }
}

/// What `retort bench` was asked for.
private struct BenchCommand {
  private let arguments: Arguments
  private let request: Request
  private let isJSON: Bool
  private let seconds: Double
  /// What is measured, in order.
  private let configurations: [(workload: Workload, batch: Int)]

  init(_ arguments: Arguments) throws {
    self.arguments = arguments
    let modes = ["--serve", "--limits", "--compile"].filter(arguments.has)
    if modes.count > 1 {
      throw UsageError(message: "'\(modes[0])' and '\(modes[1])' do not go together")
    }
    for option in ["--workload", "--batch", "--seconds"]
    where !modes.isEmpty && arguments.has(option) {
      throw UsageError(message: "'\(option)' does not go with '\(modes[0])'")
    }
    isJSON = arguments.has("--json")
    seconds = try Self.seconds(arguments["--seconds"])
    configurations = try Self.configurations(arguments)
    request = try arguments.request()
  }

  private static func seconds(_ text: String?) throws -> Double {
    guard let text else { return 1 }
    guard let seconds = Double(text), (0...3600).contains(seconds) else {
      throw UsageError(message: "'--seconds' takes a number from 0 to 3600, got '\(text)'")
    }
    return seconds
  }

  private static func configurations(
    _ arguments: Arguments
  ) throws -> [(workload: Workload, batch: Int)] {
    let batches = try arguments.counts("--batch", limit: Workload.batchLimit)
    var workloads = try arguments.all("--workload").map { name in
      guard let workload = try? Workload.named(name) else {
        let names = Workload.all.map(\.name).joined(separator: ", ")
        throw UsageError(message: "'--workload' takes one of \(names), got '\(name)'")
      }
      return workload
    }
    if workloads.isEmpty { workloads = Workload.all }
    return workloads.flatMap { workload in
      (batches.isEmpty ? workload.batches : batches).map { (workload, $0) }
    }
  }

  func run() throws {
    if arguments.has("--serve") {
      try serve()
    } else if arguments.has("--limits") {
      try showLimits()
    } else if arguments.has("--compile") {
      try showCompileTimes()
    } else {
      try measure()
    }
  }

  // MARK: workloads

  private func measure() throws {
    var table = TextTable([
      "workload", "batch", "ms", "GFLOP/s", "arena MiB", "peak MiB", "first s",
    ])
    for (workload, batch) in configurations {
      if !isJSON { Console.error("\(workload.name), batch \(batch) …\n") }
      let measurement =
        configurations.count == 1
        ? try measure(workload, batch) : try measureApart(workload, batch)
      if isJSON {
        try Console.print(measurement.json.text)
      } else {
        table.add(Self.cells(measurement))
      }
    }
    if !isJSON { try Console.print(table.text, terminator: "") }
  }

  private func measure(_ workload: Workload, _ batch: Int) throws -> Measurement {
    let benchmark = try Benchmark(
      workload, batch: batch, request: request, startup: ProcessFacts.age)
    let times = benchmark.repetitions(seconds: seconds, least: 3)
    return try benchmark.measurement(milliseconds: Benchmark.median(times))
  }

  /// In a process of its own, so that memory and first result are those of one workload.
  private func measureApart(_ workload: Workload, _ batch: Int) throws -> Measurement {
    var words = ["bench", "--workload", workload.name, "--batch", String(batch), "--json"]
    for option in Command.bench.options
    where option.placeholder != nil && !["--workload", "--batch"].contains(option.name) {
      for value in arguments.all(option.name) { words += [option.name, value] }
    }
    words += ["--exact", "--calibrate"].filter(arguments.has)
    let output = try ChildProcess.output(of: words)
    guard let json = try? JSONParser.parse(output.utf8), let measurement = Measurement(json: json)
    else { throw Diagnostics("\(workload.name) at batch \(batch) could not be measured") }
    return measurement
  }

  private static func cells(_ m: Measurement) -> [String] {
    [
      m.workload, String(m.batch), DecimalText.fixed(m.milliseconds, 2),
      DecimalText.fixed(m.gigaflopsPerSecond, 1),
      DecimalText.fixed(Double(m.arenaByteCount) / 1_048_576, 1),
      DecimalText.fixed(m.peakMemory, 1),
      DecimalText.fixed(m.firstSeconds, 2),
    ]
  }

  private func serve() throws {
    var server = BenchmarkServer(request)
    while let line = readLine() { try Console.print(server.answer(line)) }
  }

  // MARK: machine and compiler

  private func showLimits() throws {
    var table = TextTable(["limit", "threads", "best", "unit"])
    try MachineMeasurement.limits(threadCount: request.threadCount) { limit in
      if isJSON {
        try Console.print(limit.json.text)
      } else {
        Console.error("\(limit.name), \(limit.threadCount) threads …\n")
        table.add([
          limit.name, String(limit.threadCount), DecimalText.fixed(limit.value, 2), limit.unit,
        ])
      }
    }
    if !isJSON { try Console.print(table.text, terminator: "") }
  }

  private func showCompileTimes() throws {
    var table = TextTable([
      "graph", "nodes", "planned", "s", "µs a planned node", "slowest passes, s",
    ])
    func show(_ m: CompilerMeasurement) throws {
      if isJSON { return try Console.print(m.json.text) }
      let slowest = m.passes.sorted { $0.seconds > $1.seconds }.prefix(4)
        .map { "\($0.name) \(DecimalText.fixed($0.seconds, 3))" }
      table.add([
        m.name, String(m.nodeCount), String(m.plannedNodeCount), DecimalText.fixed(m.seconds, 3),
        DecimalText.fixed(1e6 * m.seconds / Double(m.plannedNodeCount), 1),
        slowest.joined(separator: ", "),
      ])
    }
    for gradient in [false, true] {
      for length in [1000, 10_000, 100_000] {
        if !isJSON { Console.error("a chain of \(length) operations …\n") }
        try show(try CompilerMeasurement.chain(length: length, gradient: gradient))
      }
    }
    try show(try CompilerMeasurement.workload(try Workload.named("W3"), request: request))
    if !isJSON { try Console.print(table.text, terminator: "") }
  }
}
