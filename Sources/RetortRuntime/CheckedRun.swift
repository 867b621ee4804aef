import Glibc
import RetortIR
import RetortTensor
import RetortText

/// Runs a program and watches its memory: the plan and the kernels are Retort's own, so what this
/// finds is a bug of Retort.
///
/// Before the run the arena is filled with NaN (as a `bool`, with no valid one). A value's bytes
/// are filled so again once nobody reads it any more; a plan that frees too early shows as NaN in the
/// results. After each kernel all other bytes of the arena are compared with what they were: a
/// kernel writes its results and nothing else. Past its ends the arena cannot be touched at all.
extension Program {
  /// Runs on what lies in the inputs' memory. Only for programs made with `isChecked`.
  /// - Throws: naming the step that wrote where it must not.
  package func runChecked() throws(InternalError) {
    precondition(options.isChecked, "the program was not made for checked runs")
    prepare()
    let arena = segments[ProgramLayout.Segment.arena.rawValue]
    arena.poison(0..<arena.byteCount)
    var hook = CheckHook(list: main, arena: arena, freed: RunLifetimes(self).freed)
    try run(&hook)
  }
}

/// Compares the arena before and after each kernel and fills what is freed.
private struct CheckHook: StepHook {
  let list: StepList
  let arena: Arena
  /// The ranges of the arena that nobody reads after a step.
  let freed: [[Range<Int>]]
  private var before: [UInt8] = []

  init(list: StepList, arena: Arena, freed: [[Range<Int>]]) {
    self.list = list
    self.arena = arena
    self.freed = freed
  }

  mutating func willRun(_ step: Int) {
    guard case .kernel = list.steps[step] else { return }
    before = Array(UnsafeRawBufferPointer(start: arena.base, count: arena.byteCount))
  }

  mutating func didRun(_ step: Int, _ next: Int) throws(InternalError) {
    switch list.steps[step] {
    case .kernel: try compare(step)
    case .beginLoop: return
    case .endLoop: if next <= step { return }
    }
    for range in freed[step] { arena.poison(range) }
  }

  private func compare(_ step: Int) throws(InternalError) {
    let info = list.infos[step]
    var start = 0
    let written = info.writes.compactMap { arena.range(of: $0) }
    for range in written.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      try compare(start..<max(start, range.lowerBound), info)
      start = max(start, range.upperBound)
    }
    try compare(start..<arena.byteCount, info)
  }

  private func compare(_ range: Range<Int>, _ info: StepInfo) throws(InternalError) {
    let same = before.withUnsafeBytes { bytes in
      range.isEmpty
        || memcmp(bytes.baseAddress! + range.lowerBound, arena.base + range.lowerBound, range.count)
          == 0
    }
    if !same {
      throw InternalError(
        "\(info.opName) for '\(info.name)' writes outside its results (\(info.origin.description))")
    }
  }
}

extension Arena {
  /// The view's bytes as a range of this memory; nil if it lies elsewhere or is empty.
  func range(of view: TensorView) -> Range<Int>? {
    let offset = view.base - base
    guard offset >= 0, offset + view.type.byteCount <= byteCount, view.type.byteCount > 0 else {
      return nil
    }
    return offset..<offset + view.type.byteCount
  }
}

/// From the program alone, without trusting the plan: when which bytes of the arena are needed.
private struct RunLifetimes {
  private struct Span {
    var first: Int
    var last: Int
    let range: Range<Int>
  }

  private var spans: [Value: Span] = [:]
  private var step = 0
  private let program: Program
  private let arena: Arena

  /// For each step, the bytes that nobody reads after it.
  private(set) var freed: [[Range<Int>]]

  init(_ program: Program) {
    self.program = program
    arena = program.segments[ProgramLayout.Segment.arena.rawValue]
    freed = [[Range<Int>]](repeating: [], count: program.main.steps.count)
    walk(program.graph.body.nodes.filter { !($0.op is Prepare) })
    for value in program.graph.body.results { spans[value]?.last = .max }
    collect()
  }

  private mutating func define(_ value: Value, at step: Int) {
    let place = program.layout.place(of: value)
    let byteCount = program.graph.type(of: value).byteCount
    guard place.segment == .arena, byteCount > 0 else { return }
    spans[value] = Span(first: step, last: step, range: place.offset..<place.offset + byteCount)
  }

  private mutating func use(_ value: Value, until step: Int) {
    if let span = spans[value] { spans[value]!.last = max(span.last, step) }
  }

  /// Follows the steps in the order in which they were laid out.
  private mutating func walk(_ nodes: [Node]) {
    for node in nodes {
      if node.op is Repeat {
        walkLoop(node)
      } else {
        let last = lastStep(of: node)
        for value in node.reads { use(value, until: last) }
        for value in node.results { define(value, at: step) }
        for value in node.results { use(value, until: last) }
        step = last + 1
      }
    }
  }

  private mutating func walkLoop(_ node: Node) {
    let body = node.regions[0]
    let begin = step
    for value in body.arguments { define(value, at: begin) }
    step += 1
    // Collected results fill up turn by turn.
    for value in node.results { define(value, at: begin) }
    walk(body.nodes)
    let end = step
    for value in node.reads + body.arguments + body.results + node.results {
      use(value, until: end)
    }
    step += 1
  }

  /// A node may take several steps; the last one tells its results.
  private func lastStep(of node: Node) -> Int {
    var last = step
    while !program.main.infos[last].results.contains(where: { $0.value == node.results[0] }) {
      last += 1
    }
    return last
  }

  private mutating func collect() {
    for span in spans.values where span.last < freed.count {
      var rest = [span.range]
      for other in spans.values where other.first <= span.last && other.last > span.last {
        rest = rest.flatMap { $0.subtracting(other.range) }
      }
      freed[span.last] += rest
    }
  }
}

extension Range<Int> {
  /// What is left of it without another range.
  fileprivate func subtracting(_ other: Range<Int>) -> [Range<Int>] {
    guard overlaps(other) else { return [self] }
    return [
      lowerBound..<Swift.max(lowerBound, other.lowerBound),
      Swift.min(upperBound, other.upperBound)..<upperBound,
    ].filter { !$0.isEmpty }
  }
}
