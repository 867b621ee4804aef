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

  /// Work that was finished before.
  func found(_ gflop: Double) {
    work.done += gflop
    work.found += gflop
  }

  /// Does a piece of work, notes its time and tells how far all of it is.
  func measured<R>(
    _ title: String, _ images: Int, _ gflop: Double, _ body: () throws -> R
  ) throws -> R {
    let clock = ContinuousClock()
    let start = clock.now
    let result = try body()
    timing.add(title, seconds: (clock.now - start) / .seconds(1), images: images)
    work.done += gflop
    observer.advanced(
      ProgressReport(
        "evaluating", done: Int(work.done), total: Int(max(work.planned, work.done + 1)),
        startedAt: Int(work.found), detail: "GFLOP  " + title))
    return result
  }
}

/// How much of an evaluation is done, in 10^9 operations.
struct Work {
  var planned = 0.0
  var done = 0.0
  /// What a resumed evaluation did not do itself.
  var found = 0.0
}
