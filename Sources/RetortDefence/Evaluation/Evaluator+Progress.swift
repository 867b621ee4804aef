import RetortTensor
import RetortText

extension Evaluator {
  /// Adds up the work that is planned: points and answers, in 10^9 operations.
  func plan(_ costs: [Double], _ arms: [EvaluationResults.Arm]) {
    var total = 0.0
    for (plan, cost) in zip(schedule.points, costs) {
      total += cost * Double(blocks(plan.images).reduce(0) { $0 + $1.images.count })
    }
    for cell in schedule.cells {
      let gflop = arms.first { $0.name == cell.arm.name }!.gflopPerImage
      total += gflop * Double(blocks(cell.images).reduce(0) { $0 + $1.images.count })
    }
    work = Work(planned: total)
  }

  /// A block of work: found where it is kept, or done, timed and kept.
  ///
  /// - Parameters:
  ///   - gflop: what it costs, for the estimate of the time left.
  ///   - types: what is kept of it.
  ///   - body: does it, and tells now and then what share is done.
  func kept(
    _ identity: String, _ title: String, _ images: Int, _ gflop: Double,
    _ types: [String: TensorType],
    _ body: (_ progress: @escaping (Double) -> Void) throws -> [String: HostTensor]
  ) throws -> [String: HostTensor] {
    if let found = context.store.block(identity, holding: types) {
      work.done += gflop
      work.found += gflop
      timing.add(title, seconds: found[Self.seconds]?.doubles.first ?? 0, images: images)
      return found
    }
    let clock = ContinuousClock()
    let start = clock.now
    var result = try body { self.tell(title, self.work.done + $0 * gflop) }
    let seconds = (clock.now - start) / .seconds(1)
    result[Self.seconds] = HostTensor(Float(seconds))
    try context.store.keep(result, as: identity)
    timing.add(title, seconds: seconds, images: images)
    computedBlockCount += 1
    work.done += gflop
    tell(title, work.done)
    return result
  }

  private func tell(_ title: String, _ done: Double) {
    observer.advanced(
      ProgressReport(
        "evaluating", done: Int(done), total: Int(max(work.planned, done + 1)),
        startedAt: Int(work.found), detail: "GFLOP  " + title))
  }

  /// How long a block took, beside what it holds.
  private static let seconds = "seconds"
}

/// How much of an evaluation is done, in 10^9 operations.
struct Work {
  var planned = 0.0
  var done = 0.0
  /// What a resumed evaluation did not do itself.
  var found = 0.0
}
