/// A part of a stage.
package enum PipelineStep: Sendable {
  case once(any Pass)
  /// The passes in turn until none fires. Reaching the cap is an internal error.
  case repeated([any Pass], cap: Int)

  package var passes: [any Pass] {
    switch self {
    case .once(let pass): [pass]
    case .repeated(let passes, _): passes
    }
  }
}

/// Which passes make up each stage, and in which order.
package struct Pipeline: Sendable {
  package let name: String
  package let stages: [(stage: Stage, steps: [PipelineStep])]

  package init(_ name: String, _ stages: [(stage: Stage, steps: [PipelineStep])]) {
    self.name = name
    self.stages = stages
  }

  /// What `compile` runs.
  package static let standard = Pipeline(
    "standard",
    [
      (.elaborated, []),
      (
        .differentiated,
        [
          .once(Differentiate()),
          // Only gradients tell `detach` from its operand.
          .once(RemoveDetach()),
          // Rules offer more than is wanted; what nobody reads goes before anyone looks at it.
          .once(RemoveDeadNodes()),
        ]
      ),
      (
        .simplified,
        [
          .repeated(
            [
              FoldConstants(), SimplifyAlgebra(),
              // Equal nodes first, so that a product with two equal readers counts as read once.
              ShareCommonNodes(), RemoveDeadNodes(), FoldScales(),
            ], cap: 64)
        ]
      ),
      (
        .hoisted,
        [
          // What leaves a loop may be what weights alone decide.
          .once(HoistInvariants()), .once(ShareCommonNodes()), .once(PrepareWeights()),
        ]
      ),
      (
        .batched,
        [
          // Behind everything that makes equal weights one value; before fusion, whose regions would
          // hide what lies between siblings.
          .once(MergeSiblings()), .once(RemoveDeadNodes()),
        ]
      ),
      (
        .lowered,
        [
          .once(LowerConvolutions()), .once(RemoveDeadNodes()),
          // Packed kernels leave loops and go to the other preparations, each once.
          .once(ShareCommonNodes()), .once(HoistInvariants()), .once(PrepareWeights()),
          .once(ChooseAlgorithms()),
        ]
      ),
      (.fused, [.once(FuseElementwise()), .once(RemoveDeadNodes())]),
      (.planned, [.once(PlanMemory())]),
    ])

  /// The pipeline with another choice of algorithms.
  func with(_ model: ConvolutionCostModel) -> Pipeline {
    Pipeline(
      name,
      stages.map { stage, steps in
        (
          stage,
          steps.map { step in
            if case .once(let pass) = step, pass is LowerConvolutions {
              return .once(LowerConvolutions(model: model))
            }
            return step
          }
        )
      })
  }

  /// The pipeline with recomputation before its plan, where there is a limit.
  func limited(to byteCount: Int?) -> Pipeline {
    guard let byteCount else { return self }
    return Pipeline(
      name,
      stages.map { stage, steps in
        // Last, so that no pass shares again what is to be computed again.
        (stage, stage == .planned ? [.once(Recompute(limit: byteCount))] + steps : steps)
      })
  }

  package var passes: [any Pass] { stages.flatMap { $0.steps.flatMap(\.passes) } }

  /// The pass of a name, for replaying one step.
  package static func pass(named name: String) -> (any Pass)? {
    (standard.passes + [Widen(), InlineRegions()]).first { $0.name == name }
  }
}
