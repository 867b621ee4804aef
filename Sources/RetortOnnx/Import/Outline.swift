import RetortIR
import RetortTensor

/// A graph that several places of a definition call.
struct OutlinedBlock {
  let name: String
  let callCount: Int
  /// As the first place has them.
  let arguments: [Value]
  let weights: [(input: GraphInput, path: String)]
  let statements: [PrintedStatement]
  let result: Value
  /// What its values are called inside.
  let names: [Value: String]
}

/// What repeats in a definition: runs of lines that differ only in the path of their weights.
///
/// For each path the run is looked for that holds every line with a weight of that path; other
/// weights in it are arguments, for exporters lose the paths of some. Paths whose runs say the same,
/// of the same types, become calls of one graph. At both ends a run takes in lines without weights,
/// as far as all of its kind agree; of the ways to do so the longest that gives one result is taken.
struct Outline {
  enum Item {
    case statement(PrintedStatement)
    case call(Call)
  }

  struct Call {
    let block: String
    let prefix: String
    let arguments: [Value]
    let result: Value
  }

  private(set) var blocks: [OutlinedBlock] = []
  private(set) var items: [Item] = []
  /// Names of the weights that only blocks declare.
  private(set) var weights: Set<String> = []

  /// Definitions of more lines are left as they are.
  private static let statementLimit = 20_000

  init(_ graph: Graph, _ statements: [PrintedStatement]) {
    items = statements.map(Item.statement)
    guard statements.count <= Self.statementLimit else { return }
    let finder = OutlineFinder(graph, statements)
    var owners = [Int?](repeating: nil, count: statements.count)
    var calls: [Int: Call] = [:]
    var names = NameTable(taken: [graph.name])
    for family in finder.families {
      let runs = family.runs.map(\.range)
      guard runs.allSatisfy({ $0.allSatisfy { owners[$0] == nil } }) else { continue }
      let name = names.claim(Self.name(family.runs[0].prefix))
      blocks.append(finder.block(family, named: name))
      for run in family.runs {
        for index in run.range { owners[index] = run.range.lowerBound }
        calls[run.range.lowerBound] = Call(
          block: name, prefix: run.prefix, arguments: finder.arguments(of: run),
          result: finder.results(of: run.range)[0])
      }
    }
    guard !blocks.isEmpty else { return }
    items = statements.indices.compactMap { index in
      if let call = calls[index] { return .call(call) }
      return owners[index] == nil ? .statement(statements[index]) : nil
    }
    let outside = statements.indices.filter { owners[$0] == nil }
    weights = finder.weightNames(
      notReadBy: outside, nor: calls.values.flatMap(\.arguments))
  }

  /// `enc_layers_block` for `enc.layers.0`.
  private static func name(_ prefix: String) -> String {
    let parts = prefix.split(separator: ".").filter { !$0.allSatisfy(\.isNumber) }
    return GraphBuilder.identifier((parts + ["block"]).joined(separator: "_")).lowercased()
  }
}

/// Finds runs of lines that are the same but for the path of their weights.
struct OutlineFinder {
  struct Run {
    let prefix: String
    var range: Range<Int>
  }

  struct Family {
    var runs: [Run]
    /// Lines that the calls save.
    var saving: Int { (runs.count - 1) * runs[0].range.count }
  }

  private let graph: Graph
  private let statements: [PrintedStatement]
  private let inputs: [Value: GraphInput]
  /// The values that each line names, in order.
  private let read: [[Value]]
  private let budget = Budget()

  /// Lines that are looked at, those of overlapping runs each time: a model made to take long is
  /// left as it is.
  private final class Budget {
    var lines = 4_000_000
  }

  /// The last line that names a value; the number of lines for results of the graph.
  private var lastReaders: [Value: Int] = [:]

  init(_ graph: Graph, _ statements: [PrintedStatement]) {
    self.graph = graph
    self.statements = statements
    inputs = Dictionary(
      uniqueKeysWithValues: graph.inputs.filter(\.role.isWeight).map { ($0.value, $0) })
    read = statements.map(Self.values)
    for (index, values) in read.enumerated() {
      for value in values { lastReaders[value] = index }
    }
    for value in graph.body.results { lastReaders[value] = statements.count }
  }

  private static func values(_ statement: PrintedStatement) -> [Value] {
    (statement.pieces + statement.yielded).compactMap { piece in
      if case .value(let value) = piece { value } else { nil }
    } + (statement.body ?? []).flatMap(values)
  }

  /// Families of runs, those that save most first.
  var families: [Family] {
    var groups: [String: [Run]] = [:]
    var order: [String] = []
    for run in plainRuns {
      guard let signature = signature(run) else { continue }
      if groups[signature] == nil { order.append(signature) }
      groups[signature, default: []].append(run)
    }
    return order.compactMap { extended(groups[$0]!) }
      .filter { $0.runs[0].range.count >= 3 }
      .enumerated()
      .sorted { a, b in
        // Of paths with the same lines the shortest says most.
        let (left, right) = (a.element, b.element)
        if left.saving != right.saving { return left.saving > right.saving }
        let (short, long) = (left.runs[0].prefix.utf8.count, right.runs[0].prefix.utf8.count)
        return (short, a.offset) < (long, b.offset)
      }
      .map(\.element)
  }

  /// Paths of more parts are not looked into.
  private static let componentLimit = 32

  /// For each path above weights the lines from the first to the last that reads one of them.
  private var plainRuns: [Run] {
    var bounds: [String: Range<Int>] = [:]
    var order: [String] = []
    for (index, values) in read.enumerated() {
      for case let input? in values.map({ inputs[$0] }) {
        var parts = input.name.split(separator: ".", omittingEmptySubsequences: false)
        if parts.count > Self.componentLimit { continue }
        while parts.count > 1 {
          parts.removeLast()
          let prefix = parts.joined(separator: ".")
          if prefix.isEmpty { break }
          if bounds[prefix] == nil { order.append(prefix) }
          bounds[prefix] = (bounds[prefix]?.lowerBound ?? index)..<index + 1
        }
      }
    }
    return order.map { Run(prefix: $0, range: bounds[$0]!) }
  }

  // MARK: what a run says

  /// The run with local names numbered, weights by their paths below the prefix, and everything else
  /// by its type; nil where it cannot be a graph of its own.
  private func signature(_ run: Run) -> String? {
    budget.lines -= run.range.count
    guard budget.lines >= 0 else { return nil }
    var numbers: [Value: Int] = [:]
    var outer: [Value: Int] = [:]
    var text = ""
    for index in run.range {
      let statement = statements[index]
      guard statement.body == nil else { return nil }
      for piece in statement.pieces {
        guard case .value(let value) = piece else {
          if case .text(let words) = piece { text += words }
          continue
        }
        if let number = numbers[value] {
          text += "%\(number)"
        } else if let path = ownPath(value, run.prefix) {
          text += "@\(inputs[value]!.role)\(path):\(graph.type(of: value))"
        } else {
          if outer[value] == nil { outer[value] = outer.count }
          text += "$\(outer[value]!):\(graph.type(of: value))"
        }
      }
      text += "\n"
      for result in statement.results { numbers[result] = numbers.count }
    }
    return text
  }

  /// What follows the prefix in a weight's name; nil for what is no weight of that path.
  private func ownPath(_ value: Value, _ prefix: String) -> String? {
    guard let name = inputs[value]?.name, name.hasPrefix(prefix + ".") else { return nil }
    return String(name.dropFirst(prefix.count + 1))
  }

  /// The values of a run that something behind it reads.
  func results(of range: Range<Int>) -> [Value] {
    range.flatMap { statements[$0].results }.filter { (lastReaders[$0] ?? -1) >= range.upperBound }
  }

  /// The place of the only result in its run; nil where there are none or several.
  private func resultPlace(_ range: Range<Int>) -> Int? {
    let results = results(of: range)
    guard results.count == 1 else { return nil }
    return range.first { statements[$0].results.contains(results[0]) }.map {
      $0 - range.lowerBound
    }
  }

  /// What a run reads of what was before it, in order.
  func arguments(of run: Run) -> [Value] {
    var own = Set<Value>()
    var arguments: [Value] = []
    for index in run.range {
      for value in read[index]
      where ownPath(value, run.prefix) == nil && !own.contains(value)
        && !arguments.contains(value)
      {
        arguments.append(value)
      }
      own.formUnion(statements[index].results)
    }
    return arguments
  }

  // MARK: how far a run goes

  private static let reach = 12
  /// A graph of more arguments does not read better than its lines.
  private static let argumentLimit = 8

  /// The runs, all longer by the same numbers of lines, with one result each; nil where there is no
  /// such choice, or only one run.
  private func extended(_ runs: [Run]) -> Family? {
    guard runs.count > 1 else { return nil }
    var best: Family?
    for before in 0...Self.reach {
      for after in 0...Self.reach {
        let longer = runs.map { run in
          Run(
            prefix: run.prefix,
            range: run.range.lowerBound - before..<run.range.upperBound + after)
        }
        guard zip(runs, longer).allSatisfy(addsNoWeights), fits(longer) else { break }
        let size = longer[0].range.count
        if size <= best?.runs[0].range.count ?? 0 { continue }
        let places = longer.map { resultPlace($0.range) }
        guard let place = places[0], places.allSatisfy({ $0 == place }),
          Set(longer.map { arguments(of: $0).count }).count == 1,
          arguments(of: longer[0]).count <= Self.argumentLimit
        else { continue }
        best = Family(runs: longer)
      }
    }
    return best
  }

  private func addsNoWeights(_ run: Run, _ longer: Run) -> Bool {
    longer.range.clamped(to: statements.indices).allSatisfy { index in
      run.range.contains(index) || read[index].allSatisfy { inputs[$0] == nil }
    }
  }

  /// Whether runs lie in the definition without touching each other, and say the same.
  private func fits(_ runs: [Run]) -> Bool {
    var end = 0
    for run in runs {
      guard run.range.lowerBound >= end, run.range.upperBound <= statements.count else {
        return false
      }
      end = run.range.upperBound
    }
    guard let first = signature(runs[0]) else { return false }
    return runs.dropFirst().allSatisfy { signature($0) == first }
  }

  // MARK: the graph that is called

  func block(_ family: Family, named name: String) -> OutlinedBlock {
    let run = family.runs[0]
    let arguments = arguments(of: run)
    var names: [Value: String] = [:]
    var table = NameTable()
    func claim(_ value: Value, _ wanted: String) {
      names[value] = table.claim(Keyword.avoiding(wanted))
    }
    for (index, argument) in arguments.enumerated() {
      claim(argument, index == 0 ? "x" : "x\(index + 1)")
    }
    var weights: [(input: GraphInput, path: String)] = []
    for value in run.range.flatMap({ read[$0] }) where names[value] == nil {
      guard let path = ownPath(value, run.prefix) else { continue }
      claim(value, GraphBuilder.identifier(path))
      weights.append((inputs[value]!, path))
    }
    let stem = GraphBuilder.identifier(run.prefix) + "_"
    for result in run.range.flatMap({ statements[$0].results }) {
      var own = graph.name(of: result)[...]
      if own.hasPrefix(stem) { own = own.dropFirst(stem.count) }
      // Numbers count the whole definition's values; here they begin again.
      let bare = own.reversed().drop { $0.isNumber }
      if bare.first == "_", bare.count > 1 { own = own.prefix(bare.count - 1) }
      claim(result, GraphBuilder.identifier(String(own)))
    }
    return OutlinedBlock(
      name: name, callCount: family.runs.count, arguments: arguments, weights: weights,
      statements: Array(statements[run.range]), result: results(of: run.range)[0], names: names)
  }

  /// The weights that are none of some arguments, that none of some lines reads, and no result is.
  func weightNames(notReadBy lines: [Int], nor arguments: [Value]) -> Set<String> {
    var kept = Set(graph.body.results + arguments)
    for line in lines { kept.formUnion(read[line]) }
    return Set(inputs.values.filter { !kept.contains($0.value) }.map(\.name))
  }
}
