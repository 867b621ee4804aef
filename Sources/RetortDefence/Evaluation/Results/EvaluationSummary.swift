/// What follows from results: shares, intervals, tests. Nothing in it is measured anew.
package struct EvaluationSummary: Encodable, Equatable, Sendable {
  /// How many of some images are answered right.
  package struct Share: Encodable, Equatable, Sendable {
    package var right: Int
    package var images: Int
    package var share: Double
    /// Wilson's, at 95 %.
    package var interval: Interval

    package init(right: Int, images: Int) {
      self.right = right
      self.images = images
      share = images == 0 ? 0 : Double(right) / Double(images)
      interval = Statistics.wilson(right, of: images)
    }
  }

  /// One arm under one attack.
  package struct Cell: Encodable, Equatable, Sendable {
    package var arm: String
    package var attack: String
    /// Under the first seed, which alone is tested.
    package var first: Share
    /// In the order of the results' seeds.
    package var shares: [Double]
    package var meanShare: Double
    /// The share of images whose answer is not the same under all seeds; nil for a single seed.
    package var changed: Double?
  }

  /// One arm under all attacks of one norm and radius together: an image counts where it is right
  /// under every one.
  package struct WorstCase: Encodable, Equatable, Sendable {
    package var arm: String
    package var attacks: [String]
    /// Over the images that all these attacks cover.
    package var result: Share
    /// Against the static model under AutoAttack on the same images (H5).
    package var againstBar: Paired?
  }

  /// What an adaptive defence has to beat: the static model under AutoAttack (H5).
  package struct Bar: Encodable, Equatable, Sendable {
    package var arm: String
    package var attack: String
    package var result: Share
  }

  /// Two arms on the same images.
  package struct Paired: Encodable, Equatable, Sendable {
    package var images: Int
    /// Right under the first and wrong under the second, and the reverse.
    package var b: Int
    package var c: Int
    /// `(b - c)/n`, with Tango's interval at 95 %.
    package var difference: Double
    package var interval: Interval
    /// Of McNemar's exact test, two-sided.
    package var p: Double

    package init(_ first: [Bool], _ second: [Bool]) {
      images = min(first.count, second.count)
      b = zip(first, second).count { $0 && !$1 }
      c = zip(first, second).count { !$0 && $1 }
      difference = images == 0 ? 0 : Double(b - c) / Double(images)
      interval = Statistics.pairedDifference(b, c, of: images)
      p = Statistics.mcNemar(b, c)
    }
  }

  /// A comparison's answer.
  package struct Test: Encodable, Equatable, Sendable {
    package enum Outcome: String, Encodable, Sendable {
      case confirmed, refuted, undecided
    }
    package var name: String
    package var paired: Paired
    /// `paired.p`, corrected by Holm over all comparisons that are tested; nil for the others.
    package var adjustedP: Double?
    /// The upper one-sided 95 % bound of what `a` loses, where that is asked.
    package var greatestLoss: Double?
    package var outcome: Outcome
    package var verdict: String
  }

  /// How far a task's loss on some points lies above that of the same images, unattacked.
  package struct LossGap: Encodable, Equatable, Sendable {
    package var task: String
    package var points: EvaluationResults.LossPoints
    package var images: Int
    package var cleanMean: Double
    package var mean: Double
    /// The mean of the differences.
    package var meanGap: Double
    /// The share of images whose loss is higher.
    package var higher: Double
  }

  /// The level of the tests.
  package static let level = 0.05

  package var cells: [Cell]
  package var worstCases: [WorstCase]
  package var bar: Bar?
  package var tests: [Test]
  package var lossGaps: [LossGap]
}
