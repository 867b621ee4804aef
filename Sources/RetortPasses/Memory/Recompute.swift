import RetortIR
import RetortOps
import RetortTensor
import RetortText

/// Computes values again instead of keeping them, until the program fits into a limit.
///
/// Turn by turn: at the step that needs the most bytes, of the values that are kept for later and
/// not read there, the one is dropped that frees the most bytes for the time it takes to make it
/// again (`RecomputeChoice`); a copy of what computes it is put before its next use. That goes on
/// until the plan fits, or nothing is left that helps. Copies compute what the originals computed,
/// bit by bit. A limit that no graph can meet (`RecomputeBound`) is refused without trying.
package struct Recompute: Pass {
  package static let name = "recompute"
  package static let summary = "computes values again so that memory fits into a limit"
  package static let requires: Set<Property> = [.gradientFree]

  /// Bytes of the arena.
  package let limit: Int
  /// Turns without a smaller peak after which nothing is held to help.
  private static let patience = 200
  private static let hint = "a smaller batch needs less: --set n=N, in purify --batch N"

  package init(limit: Int) { self.limit = limit }

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    // Once for all turns: regions stay sound, for what is copied, and what reads the copies, stands
    // outside of them.
    var graph = PrepareWeights.keepingSoundRegions(graph)
    var smallest = graph
    var (least, byteCount) = Self.sizes(graph)
    if byteCount > limit { try checkLimit(graph, byteCount) }
    var names = NameTable(taken: graph.values.map(\.name))
    var turnsInVain = 0
    while byteCount > limit {
      guard turnsInVain < Self.patience, let choice = RecomputeChoice(graph) else {
        throw Diagnostics(
          "'\(graph.name)' needs \(Self.sizes(smallest).planned) bytes of memory at least, \(limit) "
            + "are allowed", hint: Self.hint)
      }
      graph = try RemoveDeadNodes().run(choice.applied(to: graph, &names))
      record.fire("value")
      let bound = MemoryPlanner.lowerBound(sound: graph)
      turnsInVain += 1
      if bound < least {
        (least, smallest, turnsInVain) = (bound, graph, 0)
        // A plan takes longer than its bound, and cannot be smaller.
        if bound <= limit { byteCount = Self.sizes(graph).planned }
      }
    }
    return smallest
  }

  /// - Throws: where a single step of the graph needs more than is allowed.
  private func checkLimit(_ graph: Graph, _ byteCount: Int) throws {
    let bound = RecomputeBound(try RemoveDeadNodes().run(graph))
    guard bound.byteCount > limit else { return }
    throw Diagnostics(
      "'\(graph.name)' needs \(byteCount) bytes of memory, \(bound.byteCount) of them for one step "
        + "alone; \(limit) are allowed", at: bound.range, hint: Self.hint)
  }

  private static func sizes(_ graph: Graph) -> (bound: Int, planned: Int) {
    let plan = MemoryPlanner.plan(sound: graph).1
    return (plan.lowerBound, plan.arenaByteCount)
  }
}
