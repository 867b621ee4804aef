extension Graph {
  /// What the `prepare` regions leave behind.
  package var preparedValues: [Value] {
    body.nodes.filter { $0.op is Prepare }.flatMap(\.results)
  }

  /// The values inside `prepare` regions that are written at once to where the region's results
  /// lie: what one of its nodes makes and it yields. A loop's result stays in the loop's slot, and
  /// what is yielded but made elsewhere is copied.
  package var valuesPreparedInPlace: [Value] {
    body.nodes.filter { $0.op is Prepare }.flatMap { node in
      let region = node.regions[0]
      let made = Set(region.nodes.filter { !($0.op is Repeat) }.flatMap(\.results))
      return region.results.filter(made.contains)
    }
  }
}
