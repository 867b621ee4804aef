import RetortIR
import RetortPasses
import RetortTensor
import RetortText

/// The memory plan of a planned graph as the graph tells it, as a table or a drawing.
package struct MemoryReport {
  private let graph: Graph
  private let plan: MemoryPlan

  /// - Throws: where the graph does not tell a place for all that needs one.
  package init(_ planned: Graph) throws(Diagnostics) {
    graph = planned
    plan = try MemoryPlan(of: planned)
  }

  package var arenaByteCount: Int { plan.arenaByteCount }
  package var lowerBound: Int { plan.lowerBound }
  package var drawing: String { MemoryDrawing(graph, plan).svg }

  package var text: String {
    var table = TextTable(
      ["value", "type", "offset", "bytes", "first", "last"],
      alignments: [.left, .left, .right, .right, .right, .right])
    for entry in plan.entries {
      table.add([
        graph.name(of: entry.value), graph.type(of: entry.value).description,
        String(entry.offset), String(entry.byteCount), String(entry.lifetime.lowerBound),
        String(entry.lifetime.upperBound),
      ])
    }
    return table.text
      + "\narena \(plan.arenaByteCount) bytes (\(ByteCount.text(plan.arenaByteCount))), "
      + "lower bound \(plan.lowerBound) bytes, ratio \((plan.ratio * 1000).rounded() / 1000)\n"
      + (plan.preparationByteCount == 0
        ? ""
        : "preparation \(plan.preparationByteCount) bytes "
          + "(\(ByteCount.text(plan.preparationByteCount))), given back before the first run\n")
  }
}
