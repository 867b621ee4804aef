/// Pitfalls that lie in how an evaluation was set up.
extension EvaluationChecks {
  /// Steps of a fixed size must be able to reach the sphere: an attack that stops short of its
  /// radius makes every defence look robust. None where no attack has such steps; of a report from
  /// before they were written down nothing is known.
  func reach() -> [EvaluationCheck] {
    let walks = results.attacks.compactMap { attack in attack.walk.map { (attack, $0) } }
    guard !walks.isEmpty else { return [] }
    let short = walks.filter { $1.length < $0.epsilon * (1 - 1e-6) }
    // Points that are made for several arms are the same attack.
    var seen = Set<String>()
    let told = short.filter { seen.insert($0.0.name).inserted }.map { attack, walk in
      "\(attack.name): \(walk.steps) of \(ReportText.radius(abs(walk.stepSize))) go "
        + "\(ReportText.radius(walk.length)) of \(ReportText.radius(attack.epsilon))"
    }
    let name = "Reach"
    return [
      short.isEmpty
        ? EvaluationCheck(
          name, .passed,
          "The steps of every attack that declares 'steps' and 'step_size' can go as far as its"
            + " radius.")
        : EvaluationCheck(
          name, .warning,
          "Steps that cannot go as far as the radius find too little, so that too much counts as robust: "
            + told.joined(separator: "; ")
            + ". Set step_size or steps, or take Auto-PGD, which needs no step size.")
    ]
  }

  /// 7.4: labels serve attack and scoring alone, and test images choose nothing.
  func tuning() -> EvaluationCheck {
    EvaluationCheck(
      "Labels and tuning", .cannotTell,
      "No purifier takes labels. On which images steps, radius and weights of the tasks were chosen "
        + "no report can show: if on these, every number is too good.")
  }

  /// 7.5: where images of a batch meet, its size and order are part of the result.
  func company() -> EvaluationCheck {
    let coupled = ["negatives": "batch", "per_image": "false"]
    let found = results.arms.compactMap { arm -> String? in
      let set = coupled.keys.sorted().filter { arm.settings[$0] == coupled[$0] }
      return set.isEmpty
        ? nil : "\(arm.name) (\(set.map { "\($0): \(coupled[$0]!)" }.joined(separator: ", ")))"
    }
    let name = "Company of the batch"
    return found.isEmpty
      ? EvaluationCheck(
        name, .passed, "No arm takes negatives or draws of its batch: each image stands alone.")
      : EvaluationCheck(
        name, .warning,
        "Images of a batch meet in \(ReportText.list(found)): answers depend on the size and order "
          + "of batches, and the tests, which take images for independent, claim too much.")
  }

  /// 7.6: a classifier that is fed wrongly shows by its clean accuracy.
  func normalisation() -> EvaluationCheck {
    let name = "Clean accuracy as published"
    let cell = results.staticArm.flatMap { arm in
      results.mainAttacks.first { $0.level == .clean }.flatMap { summary.cell(arm.name, $0.name) }
    }
    guard let published = results.cleanAccuracy else {
      return EvaluationCheck(
        name, .cannotTell,
        "The recipe does not say what clean accuracy the classifier should have (cleanAccuracy).")
    }
    guard let share = cell?.first else {
      return EvaluationCheck(name, .cannotTell, "No clean images met the bare classifier.")
    }
    let isInside = share.interval.low <= published / 100 && published / 100 <= share.interval.high
    return EvaluationCheck(
      name, isInside ? .passed : .warning,
      "\(ReportText.percent(share.share)) % of clean images are right without defence, "
        + "\(ReportText.percent(published / 100)) % are expected"
        + (isInside
          ? "."
          : ", outside the interval \(ReportText.percent(share.interval)): is the input normalised "
            + "as the classifier was trained, are these its weights?"))
  }

  /// 7.7: statistics of batch norm are those of training.
  func batchNorm() -> EvaluationCheck {
    let training =
      results.arms.filter { $0.settings["train"] == "true" }.map(\.name)
      + results.attacks.filter { $0.settings["train"] == "true" }.map(\.name)
    return training.isEmpty
      ? EvaluationCheck(
        "Batch norm", .passed, "No arm and no attack sets train: all run in inference mode.")
      : EvaluationCheck(
        "Batch norm", .warning,
        "In training mode, which takes statistics of the batch: \(ReportText.list(training)).")
  }
}
