import RetortText

/// What is evaluated: a model, defences, attacks, radii, images, seeds. A JSON file;
/// `Docs/recipes.md` has the schema.
package struct EvaluationRecipe: Sendable {
  /// A number as it was written, `8/255` too.
  package struct Number: Sendable, Equatable {
    package let text: String
    package let value: Double
  }

  /// A defence before the classifier.
  package struct Arm: Sendable {
    package let name: String
    package let about: String
    /// A purifier's file in the library; nil for no defence.
    package let purifier: String?
    package let settings: [(name: String, value: String)]
  }

  /// What makes points: a graph, or a suite of several.
  package enum Method: Sendable, Equatable {
    /// The images themselves.
    case clean
    /// A file of the library whose first graph is `attack(x, y, key)`.
    case graph(String)
    case suite(AttackSuite)
  }

  package struct Attack: Sendable {
    package let name: String
    package let about: String
    package let level: EvaluationResults.Attack.Level
    package let method: Method
    package let settings: [(name: String, value: String)]
    /// The recipe's where the attack names none; 0 for clean images.
    package internal(set) var epsilon: Number
    let hasOwnRadius: Bool
    package let norm: EvaluationResults.Attack.Norm
    /// Which of the graph's results are the points; the first if nil.
    package let result: String?
    /// Whether it is made for each arm, through its purifier: the graph's argument `purifier`.
    package let isThrough: Bool
    /// Whether the attacker knows the purifier's draws too (DEFENCE 5.9, the deterministic purifier).
    package let knowsKeys: Bool
    /// Settings of the purifier that the attacker goes through, where they are not the arm's (`soft`
    /// steps).
    package let purifierSettings: [(name: String, value: String)]
    /// The arms that meet it; all if nil.
    package let arms: [String]?
    /// How many images are attacked, the first ones; all if nil.
    package let images: Int?
  }

  /// An arm's setting or an attack's radius in several values.
  package struct Sweep: Sendable {
    package enum Subject: Sendable, Equatable {
      /// The radius of an attack, for some arms.
      case attack(String, arms: [String])
      /// A setting of some arms, on the points of an attack.
      case arms([String], setting: String, attack: String)
    }
    package let name: String
    package let axis: String
    package let subject: Subject
    package let values: [Number]
    package let images: Int?
  }

  /// Which losses are measured on which points.
  package struct Losses: Sendable {
    /// A file of the library whose first or named graph gives one loss an image for each task.
    package let graph: String
    package let entry: String?
    package let settings: [(name: String, value: String)]
    /// Which of the graph's results are taken; all that are one number an image if nil.
    package let tasks: [String]?
    package let attacks: [String]
    package let arms: [String]
    package let images: Int
  }

  /// Pictures of the first images under an attack and purified by an arm.
  package struct Gallery: Sendable {
    package let attack: String
    package let arm: String
    package let images: Int
  }

  package var about = ""
  /// What a reader must know of the data beside every number.
  package var dataNote = ""
  /// Per cent of clean images that the classifier has right by its source: what differs from it was
  /// fed wrongly (DEFENCE 7.6).
  package var cleanAccuracy: Double?
  /// What the classes are called; their numbers if empty.
  package var classNames: [String] = []
  package var backbone = "small"
  /// Files in the library's `weights`; `--weights` adds to them.
  package var weights: [String] = []
  package var images: Int?
  package var batch = 64
  /// Of the purifiers' draws; attacks and tests take the first.
  package var seeds: [UInt64] = [0]
  package var epsilon = Number(text: "8/255", value: 8.0 / 255)
  package var arms: [Arm] = []
  package var attacks: [Attack] = []
  package var comparisons: [EvaluationResults.Comparison] = []
  package var sweeps: [Sweep] = []
  package var losses: Losses?
  package var gallery: Gallery?
  /// SHA-256 of the recipe's bytes.
  package private(set) var checksum = ""
  /// Its file, for messages.
  package private(set) var path = ""

  /// - Throws: for a file that is not such JSON, with the key and what was expected.
  package init(reading path: String) throws(Diagnostics) {
    let file = try RecipeFile<EvaluationRecipe>(reading: path)
    self = file.contents
    checksum = file.checksum
    self.path = path
  }

  /// The file's name, as reports list it.
  package var name: String { String(path.split(separator: "/").last ?? "recipe") }
}
