import RetortIR
import RetortOps

/// Replaces `detach(x)` by `x`: once gradients are expanded, the two are the same.
package struct RemoveDetach: RewritePass {
  package static let name = "remove-detach"
  package static let summary = "replaces detach(x) by x"
  package static let requires: Set<Property> = [.gradientFree]
  package static let establishes: Set<Property> = [.detachFree]
  package static let necessity: String? = "later stages know no 'detach'"

  package init() {}

  let rules = [Rule("detach", on: [Detach.self]) { _, node in [node.operands[0]] }]
}
