import Foundation
import RetortDefence
import Testing

struct StatisticsTests {
  @Test(arguments: [
    (30, 15, 0.035697803556), (20, 10, 0.0987371467), (60, 40, 0.056887934), (6, 0, 0.03125),
  ])
  func mcNemarGivesTheValuesOfTheSpecification(_ b: Int, _ c: Int, _ expected: Double) {
    #expect(abs(Statistics.mcNemar(b, c) - expected) < 1e-9)
    #expect(Statistics.mcNemar(c, b) == Statistics.mcNemar(b, c))
  }

  @Test func mcNemarIsOneWhereNothingSpeaksForEither() {
    #expect(Statistics.mcNemar(0, 0) == 1)
    #expect(Statistics.mcNemar(7, 7) == 1)
    #expect(Statistics.mcNemar(1, 0) == 1)
    #expect(abs(Statistics.mcNemar(8, 7) - 1) < 1e-14)
  }

  /// Exact rational arithmetic on integers of any length gave the figures.
  @Test(arguments: [
    (50_500, 49_500, 0.0015823598788515956), (51_000, 49_000, 2.588716038346898e-10),
    (700, 500, 8.535366081034334e-09),
    (1000, 0, 1.8665272370064378e-301),
  ])
  func mcNemarIsStableForLargeCounts(_ b: Int, _ c: Int, _ expected: Double) {
    #expect(abs(Statistics.mcNemar(b, c) / expected - 1) < 1e-10)
  }

  @Test func mcNemarBelowTheSmallestNumberIsZero() {
    #expect(Statistics.mcNemar(100_000, 0) == 0)
  }

  /// Holm's procedure by hand: 3 · 0.01, 2 · 0.02, 0.04, and no value below the one before.
  @Test func holmStepsDown() {
    let adjusted = Statistics.holm([0.04, 0.01, 0.02])
    for (found, expected) in zip(adjusted, [0.04, 0.03, 0.04]) {
      #expect(abs(found - expected) < 1e-15)
    }
    #expect(Statistics.holm([0.03, 0.04, 0.5]).map { ($0 * 100).rounded() } == [9, 9, 50])
    #expect(Statistics.holm([0.9, 0.8]) == [1, 1])
    #expect(Statistics.holm([0.2]) == [0.2])
    #expect(Statistics.holm([]).isEmpty)
  }

  /// 81 of 263: Newcombe 1998 (Statistics in Medicine 17, 857), table I, method 3.
  @Test(arguments: [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
    (1, 29, 0.0061, 0.1718),
  ])
  func wilsonGivesPublishedIntervals(_ right: Int, _ n: Int, _ low: Double, _ high: Double) {
    let interval = Statistics.wilson(right, of: n)
    #expect(abs(interval.low - low) < 5e-5)
    #expect(abs(interval.high - high) < 5e-5)
  }

  @Test func wilsonStaysInsideAndMirrors() {
    #expect(Statistics.wilson(0, of: 0) == Interval(0, 1))
    #expect(Statistics.wilson(5, of: 5).high == 1)
    let (some, others) = (Statistics.wilson(3, of: 11), Statistics.wilson(8, of: 11))
    #expect(abs(some.low + others.high - 1) < 1e-15)
  }

  /// Fagerland, Lydersen & Laake 2014 (Statistics in Medicine 33, 2850): airway reactivity, 1 and 7
  /// of 21 discordant, Tango's interval.
  @Test func thePairedIntervalGivesAPublishedOne() {
    let interval = Statistics.pairedDifference(1, 7, of: 21)
    #expect(abs(interval.low + 0.517) < 5e-4)
    #expect(abs(interval.high + 0.026) < 5e-4)
  }

  /// Without any discordant pair the bounds are `±z²/(n + z²)`.
  @Test func thePairedIntervalIsNoPointWhereArmsAgree() {
    let z2 = Statistics.twoSided * Statistics.twoSided
    let interval = Statistics.pairedDifference(0, 0, of: 100)
    #expect(abs(interval.high - z2 / (100 + z2)) < 1e-12)
    #expect(abs(interval.low + z2 / (100 + z2)) < 1e-12)
  }

  @Test func thePairedIntervalMirrorsAndStaysInside() {
    for (b, c, n) in [(3, 9, 40), (0, 5, 5), (5, 0, 5), (12, 0, 30), (1, 1, 2)] {
      let (some, other) = (
        Statistics.pairedDifference(b, c, of: n), Statistics.pairedDifference(c, b, of: n)
      )
      #expect(abs(some.low + other.high) < 1e-12)
      #expect(some.low >= -1 && some.high <= 1)
      #expect(some.contains(Double(b - c) / Double(n)))
    }
    #expect(Statistics.pairedDifference(0, 0, of: 0) == Interval(-1, 1))
  }

  /// It excludes 0 where McNemar's score test `(b - c)/√(b + c)` does.
  @Test func thePairedIntervalAgreesWithTheScoreTest() {
    for b in 0..<30 {
      let c = 10
      let z = Double(b - c) / Double(b + c).squareRoot()
      let interval = Statistics.pairedDifference(b, c, of: 200)
      #expect(interval.contains(0) == (abs(z) <= Statistics.twoSided), "\(b)")
    }
  }

  @Test func theGreatestLossIsTheOneSidedBound() {
    let bound = Statistics.greatestLoss(10, 22, of: 1000)
    #expect(bound > 0.012)
    #expect(bound < Statistics.pairedDifference(22, 10, of: 1000).high)
    // Tango's equation solved by another program with 50 digits; Wald's bound is 0.02129.
    #expect(abs(bound - 0.022036406276) < 1e-11)
  }

  @Test(arguments: [
    (0.01, 0.04, 3138), (0.01, 0.06, 4707), (0.01, 0.08, 6277), (0.01, 0.10, 7847),
    (0.015, 0.04, 1393), (0.015, 0.06, 2091), (0.015, 0.08, 2789), (0.015, 0.10, 3487),
    (0.015, 0.15, 5231), (0.02, 0.04, 783), (0.02, 0.06, 1175), (0.02, 0.08, 1568),
    (0.02, 0.10, 1960), (0.02, 0.15, 2941), (0.03, 0.04, 347), (0.03, 0.06, 521),
    (0.03, 0.08, 696), (0.03, 0.10, 870), (0.03, 0.15, 1306), (0.06, 0.08, 173),
    (0.06, 0.10, 216), (0.06, 0.15, 325),
  ])
  func neededImagesAreThoseOfTheSpecification(_ d: Double, _ psi: Double, _ expected: Int) {
    let needed = Statistics.neededImages(difference: d, differing: psi)
    #expect(Int(needed.rounded(.up)) == expected)
    let found = Statistics.decidableDifference(images: Int(needed.rounded(.up)), differing: psi)
    #expect(found <= d && found > 0.99 * d)
  }

  @Test func noDifferenceTakesEndlessImages() {
    #expect(Statistics.neededImages(difference: 0, differing: 0.1) == .infinity)
    #expect(Statistics.decidableDifference(images: 1, differing: 0.1) == 1)
  }
}
