import RetortIR

/// The steps of one name in a measured run, summed up.
///
/// What the definition calls by one path at one place belongs together (a backbone that is called
/// for every task, all turns of a loop); at the top, where paths are empty, each value is its own.
struct ProfileRow {
  /// The call path; the value's name where that is empty.
  let name: String
  let value: String
  let opName: String
  /// File and line, and how the step was derived from there.
  let place: String
  /// Further values beside the first.
  private(set) var otherCount = 0
  /// Executions of the steps that complete a value.
  private(set) var callCount = 0
  private(set) var nanoseconds = 0
  private(set) var flops = 0.0
  private(set) var byteCount = 0.0
  private var values: Set<String>

  private struct Key: Hashable {
    let origin: Origin
    let opName: String
    let value: String
  }

  private init(_ total: RunStatistics.Total) {
    name = total.origin.path.isEmpty ? total.name : total.origin.path
    value = total.name
    opName = total.opName
    var origin = total.origin
    origin.path = ""
    place = origin.description
    values = [total.name]
  }

  private mutating func add(_ total: RunStatistics.Total) {
    if values.insert(total.name).inserted { otherCount += 1 }
    let executions = Double(total.executionCount)
    if total.completesValues { callCount += total.executionCount }
    nanoseconds += total.nanoseconds
    flops += Double(total.cost.flops) * executions
    byteCount += Double(total.cost.byteCount) * executions
  }

  /// The rows of all steps that were run, the longest first.
  static func rows(of statistics: RunStatistics) -> [ProfileRow] {
    var rows: [ProfileRow] = []
    var indices: [Key: Int] = [:]
    for total in statistics.totals where total.executionCount > 0 {
      let key = Key(
        origin: total.origin, opName: total.opName,
        value: total.origin.path.isEmpty ? total.name : "")
      let index = indices[key] ?? rows.count
      if index == rows.count {
        indices[key] = index
        rows.append(ProfileRow(total))
      }
      rows[index].add(total)
    }
    return rows.enumerated()
      .sorted { ($1.element.nanoseconds, $0.offset) < ($0.element.nanoseconds, $1.offset) }
      .map(\.element)
  }
}
