import RetortFormats

/// What an evaluation found, an image at a time: everything that a report is made of.
///
/// It holds no times, so that shards merge to the bytes of one run.
package struct EvaluationResults: Codable, Equatable, Sendable {
  /// A file that took part.
  package struct Source: Codable, Equatable, Sendable {
    package var name: String
    package var sha256: String
  }

  /// A defence before the classifier.
  package struct Arm: Codable, Equatable, Sendable {
    package var name: String
    package var about: String
    /// Nil for no defence.
    package var purifier: String?
    package var settings: [String: String]
    /// Operations to purify and classify one image, in 10^9.
    package var gflopPerImage: Double
  }

  /// One set of points. A set is attacked once and given to every arm, or, for adaptive attacks,
  /// made for one arm.
  package struct Attack: Codable, Equatable, Sendable {
    /// What the attacker knows (DEFENCE 1).
    package enum Level: String, Codable, CaseIterable, Sendable {
      case clean
      case t0 = "T0"
      case t1 = "T1"
      case t2 = "T2"
      case t3 = "T3"
      case queries

      package init(from decoder: any Decoder) throws { self = try decoder.word() }
    }
    package enum Norm: String, Codable, CaseIterable, Sendable {
      case linf, l2, l1

      package init(from decoder: any Decoder) throws { self = try decoder.word() }
    }

    package var name: String
    package var about: String
    package var level: Level
    /// The arm it was made for, through its purifier; nil for points that all arms share.
    package var arm: String?
    package var graph: String?
    package var suite: String?
    package var settings: [String: String]
    package var norm: Norm
    package var epsilon: Double
    /// Nil for attacks that do not declare steps and a step size, and in reports of before it was
    /// written down.
    package var walk: Walk?
    /// How many images were attacked, the first ones.
    package var images: Int
    /// The greatest distance of a point from its image, and the least and greatest pixel.
    package var greatestDistance: Double
    package var leastPixel: Double
    package var greatestPixel: Double
    /// How many points are their image itself.
    package var unperturbed: Int
    /// SHA-256 of all points.
    package var sha256: String
    package var gflopPerImage: Double
  }

  /// Steps of a fixed size, in the attack's norm.
  package struct Walk: Codable, Equatable, Sendable {
    package var steps: Int
    package var stepSize: Double

    /// How far they go at the most.
    package var length: Double { Double(steps) * abs(stepSize) }
  }

  /// The answers of one arm on one set of points.
  package struct Cell: Codable, Equatable, Sendable {
    package var arm: String
    package var attack: String
    /// Of the purifier's draws.
    package var seed: UInt64
    /// One class an image, in the images' order.
    package var answers: [Int]
  }

  /// The points that losses are taken on. Reports hold their name.
  package enum LossPoints: Hashable, Sendable {
    /// An attack's as they are; of the one of level `clean` the images themselves.
    case attack(String)
    /// An attack's behind an arm's purifier.
    case purified(attack: String, arm: String)
  }

  /// A task's loss, one value an image, on fixed evaluation views.
  package struct LossSample: Codable, Equatable, Sendable {
    package var task: String
    package var points: LossPoints
    package var values: [Double]
  }

  /// A question: are two arms right equally often on the same points?
  package struct Comparison: Equatable, Sendable {
    /// H1.
    package var name: String
    package var about: String
    /// The arm that is expected to be right more often, and the other.
    package var a: String
    package var b: String
    package var attack: String
    /// The points that may be lost; nil for a test.
    package var margin: Double?

    /// Whether the question is how many points `a` loses at most, by the upper one-sided 95 % bound
    /// (H3); else it is tested by McNemar and corrected by Holm.
    package var boundsLoss: Bool { margin != nil }
  }

  /// A curve family: accuracy over one setting.
  package struct Sweep: Codable, Equatable, Sendable {
    package struct Curve: Codable, Equatable, Sendable {
      package var name: String
      /// The cells that the points of the curve are, in the order of `values`.
      package var cells: [CellName]
    }
    package struct CellName: Codable, Equatable, Sendable {
      package var arm: String
      package var attack: String
    }
    package var name: String
    /// The axis, with its unit.
    package var axis: String
    /// As written in the recipe (`8/255`), and as numbers.
    package var ticks: [String]
    package var values: [Double]
    package var curves: [Curve]
    /// How many images it is over, the first ones. Nil in reports of before it was written down.
    package var images: Int?
  }

  /// One image in pictures.
  package struct GalleryRow: Codable, Equatable, Sendable {
    package struct Panel: Codable, Equatable, Sendable {
      package var caption: String
      /// The classifier's answer; nil for perturbations.
      package var answer: Int?
      /// A PNG file in base 64.
      package var png: String
    }
    package var image: Int
    package var label: Int
    package var panels: [Panel]
  }

  package var format = Self.knownFormat
  package var about: String
  package var recipe: Source
  /// Retort's version and the processor family: what equal bytes depend on.
  package var program: String
  package var data: Source
  /// What a reader must know of the data beside every number.
  package var dataNote: String
  package var weights: [Source]
  package var backbone: String
  /// Per cent of clean images that the bare classifier should have right, where the recipe says it.
  package var cleanAccuracy: Double?
  package var classNames: [String]
  package var labels: [Int]
  /// Seeds of the purifiers; tests use the first alone.
  package var seeds: [UInt64]
  package var arms: [Arm]
  package var attacks: [Attack]
  package var cells: [Cell]
  package var losses: [LossSample]
  package var comparisons: [Comparison]
  package var sweeps: [Sweep]
  package var gallery: [GalleryRow]
}
