import RetortIR

/// The stages of the pipeline, in order; each can be dumped, and a dump be read back.
package enum Stage: String, CaseIterable, Sendable, Comparable {
  /// Inlined, shapes known, gradients still an operation.
  case elaborated
  /// Reverse mode expanded.
  case differentiated
  /// Constants folded, common nodes merged, dead ones gone, algebra done.
  case simplified
  /// What a loop does not change has left it; what weights alone decide is prepared.
  case hoisted
  /// Passes over the same weights have become one on a larger batch.
  case batched
  /// Algorithms chosen.
  case lowered
  /// Elementwise chains have become kernels.
  case fused
  /// Memory planned.
  case planned

  package static func < (a: Stage, b: Stage) -> Bool { a.index < b.index }

  private var index: Int { Self.allCases.firstIndex(of: self)! }

  /// The structural operations that may stand in a graph after the stage. Regions may stand
  /// anywhere, because a dump of a later stage can be compiled again.
  package var phase: Verifier.Phase {
    self == .elaborated ? .any : [.fused, .prepare]
  }
}
