import Foundation
import RetortDefence

/// Results of an evaluation that never ran: plausible, small enough to read, the same on every run.
enum EvaluationSample {
  /// Numbers in [0, 1) from a linear congruence.
  fileprivate struct Draws {
    var state: UInt64

    mutating func next() -> Double {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Double(state >> 11) * 0x1p-53
    }
  }

  /// A part of results, by its keys; nil leaves a key out.
  static func made<T: Decodable>(_ parts: [String: Any?]) -> T {
    let data = try! JSONSerialization.data(withJSONObject: parts.compactMapValues { $0 })
    return try! JSONDecoder().decode(T.self, from: data)
  }

  /// One white pixel.
  static let picture =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"
    + "AAAADUlEQVR4nGP4////fwAJ+wP9KobjigAAAABJRU5ErkJggg=="

  static let radii = [2, 4, 8, 16, 32, 64]

  /// Whether an image is answered right: each has a hardness, which attacks raise and purifiers
  /// lower a little.
  fileprivate static func answers(
    _ labels: [Int], right share: Double, salt: UInt64, images: Int
  ) -> [Int] {
    var hardness = Draws(state: 17)
    var noise = Draws(state: 1000 + salt)
    return (0..<images).map { image in
      let isRight = 0.9 * hardness.next() + 0.1 * noise.next() < share
      return isRight ? labels[image] : (labels[image] + 1 + image % 9) % 10
    }
  }

  static func attack(
    _ name: String, level: String = "T0", arm: String? = nil, images: Int, radius: Double = 8,
    suite: String? = nil, unperturbed: Int = 0, settings: [String: String] = [:]
  ) -> EvaluationResults.Attack {
    made([
      "name": name, "about": "", "level": level, "arm": arm,
      "graph": level == "clean" || suite != nil ? nil : "attacks/pgd.graph", "suite": suite,
      "settings": settings, "norm": "linf", "epsilon": radius / 255, "images": images,
      "greatestDistance": radius / 255, "leastPixel": 0, "greatestPixel": 1,
      "unperturbed": unperturbed, "sha256": String(repeating: "0123456789abcdef", count: 4),
      "gflopPerImage": 7.25,
    ])
  }

  /// Four arms, clean and six attacks, two sweeps, two tasks' losses.
  static func results(images: Int = 1000) -> EvaluationResults {
    var draws = Draws(state: 3)
    let labels = (0..<images).map { _ in Int(draws.next() * 10) }
    let few = images / 4
    var results: EvaluationResults = made([
      "format": 1,
      "about": "Multi-task purification against single tasks, random noise and no defence.",
      "recipe": source("evaluate-sample.json", "a1"), "program": "retort 1.0, x86-64-v4",
      "data": source("test_batch.bin", "b2"),
      "dataNote": "Figures that were drawn for this test: they say nothing of any model.",
      "weights": [source("classifier.safetensors", "c3")], "backbone": "small",
      "classNames": [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
      ],
      "labels": labels, "seeds": [0, 1, 2], "arms": [], "attacks": [], "cells": [], "losses": [],
      "comparisons": [], "sweeps": [], "gallery": [],
    ])
    results.comparisons = comparisons
    let bonus = ["none": 0.0, "random": 0.004, "contrastive": 0.02, "multi": 0.042]
    results.arms = [
      arm("none", nil), arm("random", "purifiers/random.graph"),
      arm("contrastive", "purifiers/contrastive.graph", steps: "40"),
      arm("multi", "purifiers/multitask.graph", steps: "40"),
    ]
    let sets: [(EvaluationResults.Attack, Double)] = [
      (attack("clean", level: "clean", images: images, radius: 0, unperturbed: images), 0.86),
      (attack("FGSM", images: images), 0.61),
      (attack("PGD-50", images: images, settings: ["steps": "50", "step_size": "2/255"]), 0.55),
      (attack("APGD", images: images), 0.53),
      (
        attack(
          "AutoAttack", images: images, suite: "autoattack-standard", unperturbed: images / 2),
        0.505
      ),
      (attack("Square", level: "queries", images: few), 0.58),
    ]
    var builder = Builder(results: results)
    for (attack, share) in sets {
      builder.results.attacks.append(attack)
      for arm in results.arms {
        let gain = bonus[arm.name]!
        let reached = attack.level == .clean ? share - gain / 2 : share + gain
        builder.add(arm.name, attack, reached, results.seeds)
      }
    }
    for arm in results.arms.dropFirst() {
      let adaptive = attack(
        "BPDA+EOT", level: "T2", arm: arm.name, images: few, settings: ["eot": "8", "steps": "10"])
      builder.results.attacks.append(adaptive)
      builder.add(arm.name, adaptive, 0.5, results.seeds)
    }
    builder.addRadii()
    builder.addSteps()
    builder.addLosses()
    results = builder.results
    results.gallery = [3, 8].filter { $0 < images }.map { row($0, label: labels[$0]) }
    return results
  }

  private static func source(_ name: String, _ digits: String) -> [String: String] {
    ["name": name, "sha256": String(repeating: digits, count: 32)]
  }

  static func arm(
    _ name: String, _ purifier: String?, steps: String? = nil
  ) -> EvaluationResults.Arm {
    made([
      "name": name, "about": purifier == nil ? "the bare classifier" : "", "purifier": purifier,
      "settings": steps.map { ["steps": $0, "epsilon": "16/255"] } ?? [:],
      "gflopPerImage": purifier == nil ? 0.07 : 50.4,
    ])
  }

  static func cell(
    _ arm: String, _ attack: String, seed: UInt64 = 0, _ answers: [Int]
  ) -> EvaluationResults.Cell {
    made(["arm": arm, "attack": attack, "seed": seed, "answers": answers])
  }

  fileprivate static func name(_ arm: String, _ attack: String) -> EvaluationResults.Sweep.CellName
  {
    made(["arm": arm, "attack": attack])
  }

  private static func row(_ image: Int, label: Int) -> EvaluationResults.GalleryRow {
    let captions = ["image", "attacked", "perturbation \u{00D7}10", "purified"]
    let panels = captions.enumerated().map { index, caption -> [String: Any] in
      var panel: [String: Any] = ["caption": caption, "png": picture]
      if index != 2 { panel["answer"] = (label + (index == 1 ? 1 : 0)) % 10 }
      return panel
    }
    return made(["image": image, "label": label, "panels": panels])
  }

  private static var comparisons: [EvaluationResults.Comparison] {
    func comparison(
      _ name: String, _ about: String, _ b: String, _ attack: String, margin: Double? = nil
    ) -> EvaluationResults.Comparison {
      made([
        "name": name, "about": about, "a": "multi", "b": b, "attack": attack,
        "kind": margin == nil ? "greater" : "loss", "margin": margin,
      ])
    }
    return [
      comparison("H1", "Does purification help against transferred points?", "none", "APGD"),
      comparison("H2", "Do several tasks help more than one?", "contrastive", "APGD"),
      comparison("H3", "Are at most 2 points lost on clean images?", "none", "clean", margin: 2),
      comparison("H4", "Is it more than noise?", "random", "APGD"),
    ]
  }

  fileprivate static func sweep(
    _ name: String, _ axis: String, _ ticks: [String], _ values: [Double],
    _ curves: [(name: String, cells: [EvaluationResults.Sweep.CellName])]
  ) -> EvaluationResults.Sweep {
    let curves = curves.map { curve -> [String: Any] in
      ["name": curve.name, "cells": curve.cells.map { ["arm": $0.arm, "attack": $0.attack] }]
    }
    return made(["name": name, "axis": axis, "ticks": ticks, "values": values, "curves": curves])
  }

  static func loss(
    _ task: String, _ points: String, _ values: [Double]
  ) -> EvaluationResults.LossSample {
    made(["task": task, "points": points, "values": values])
  }
}

/// Adds what takes part in sweeps and losses.
private struct Builder {
  var results: EvaluationResults
  /// Of the last cell, so that no two draw the same noise.
  private var salt: UInt64 = 0

  init(results: EvaluationResults) { self.results = results }

  mutating func add(
    _ arm: String, _ attack: EvaluationResults.Attack, _ share: Double, _ seeds: [UInt64]
  ) {
    for seed in seeds {
      salt += 1
      let answers = EvaluationSample.answers(
        results.labels, right: share, salt: arm == "none" ? 0 : salt, images: attack.images)
      results.cells.append(EvaluationSample.cell(arm, attack.name, seed: seed, answers))
    }
  }

  mutating func addRadii() {
    var curves: [String: [EvaluationResults.Sweep.CellName]] = [:]
    let shares = [0.80, 0.71, 0.55, 0.25, 0.05, 0.004]
    for (radius, share) in zip(EvaluationSample.radii, shares) {
      let points = EvaluationSample.attack(
        "PGD-50, radius \(radius)/255", images: results.labels.count / 2, radius: Double(radius))
      results.attacks.append(points)
      for (arm, gain) in [("none", 0.0), ("random", 0.01), ("multi", 0.05)] {
        add(arm, points, share + gain, [0])
        curves[arm, default: []].append(EvaluationSample.name(arm, points.name))
      }
    }
    results.sweeps.append(
      EvaluationSample.sweep(
        "Accuracy over the radius", "radius of PGD-50, linf",
        EvaluationSample.radii.map { "\($0)/255" },
        EvaluationSample.radii.map { Double($0) / 255 },
        ["none", "random", "multi"].map { ($0, curves[$0]!) }))
  }

  mutating func addSteps() {
    let steps = [0, 5, 10, 20, 40]
    var cells: [EvaluationResults.Sweep.CellName] = []
    let points = results.attacks.first { $0.name == "APGD" }!
    for count in steps {
      let name = "multi, steps \(count)"
      results.arms.append(
        EvaluationSample.arm(name, "purifiers/multitask.graph", steps: String(count)))
      add(name, points, 0.535 + 0.001 * Double(count), [0])
      cells.append(EvaluationSample.name(name, "APGD"))
    }
    results.sweeps.append(
      EvaluationSample.sweep(
        "Accuracy over steps", "steps of the purifier", steps.map(String.init),
        steps.map(Double.init), [("multi", cells)]))
  }

  mutating func addLosses() {
    var draws = EvaluationSample.Draws(state: 5)
    let points = [("clean", 0.0), ("PGD-50", 1.0), ("PGD-50, purified by multi", 0.3)]
    for (task, base, rise) in [("contrastive", 5.2, 0.3), ("rotation", 0.6, 0.25)] {
      for (name, share) in points {
        let values = (0..<results.labels.count / 4).map { _ in
          let sum = (0..<6).reduce(0.0) { total, _ in total + draws.next() } / 6
          return base * (0.6 + 0.8 * sum) + rise * share
        }
        results.losses.append(EvaluationSample.loss(task, name, values))
      }
    }
  }
}
