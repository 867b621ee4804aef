/// The operations that exist. The language looks names up here and knows none by itself.
package struct OpCatalog: Sendable {
  /// In the order in which they are documented, grouped.
  package let groups: [(title: String, ops: [any TensorOp.Type])]
  private let byName: [String: any TensorOp.Type]

  package init(_ groups: [(title: String, ops: [any TensorOp.Type])]) {
    self.groups = groups
    var table: [String: any TensorOp.Type] = [:]
    for op in groups.flatMap(\.ops) {
      precondition(table.updateValue(op, forKey: op.name) == nil, "\(op.name) is listed twice")
    }
    byName = table
  }

  package var all: [any TensorOp.Type] { groups.flatMap(\.ops) }
  package var names: [String] { all.map { $0.name } }

  package subscript(name: String) -> (any TensorOp.Type)? { byName[name] }
}
