import Foundation
import RetortTensor
import RetortTestSupport
import Testing

/// DEFENCE 8 and 5.7: the inner pieces of the attacks.
@Suite struct AcceptanceAttackTests {
  @Test func onePointMovedByAutoPGD() throws {
    let results = try evaluate(
      """
      import "blocks/apgd.graph"

      graph move(
        x: f32[n, c, h, w], now: f32[n, c, h, w], old: f32[n, c, h, w], slope: f32[n, c, h, w],
        size: f32[n]
      ) -> (z: f32[n, c, h, w], next: f32[n, c, h, w], first: f32[n, c, h, w]) {
        z = project(x, now + reshape(size, [n, 1, 1, 1]) * sign(slope), epsilon: 8.0 / 255)
        return z, apgd_move(x, now, old, slope, size, 0.75, epsilon: 8.0 / 255),
               apgd_move(x, now, old, slope, size, 1.0, epsilon: 8.0 / 255)
      }
      """,
      [
        "x": tensor([0.5, 0.01, 0.99], [1, 3, 1, 1]),
        "now": tensor([0.52, 0.015, 0.965], [1, 3, 1, 1]),
        "old": tensor([0.51, 0.01, 0.97], [1, 3, 1, 1]),
        "slope": tensor([1, -1, 1], [1, 3, 1, 1]), "size": vector(16.0 / 255),
      ])
    #expect(agrees(results["z"]!, "0.531372549 0.000000000 1.000000000"))
    #expect(agrees(results["next"]!, "0.5310294118 0.0050000000 0.9900000000"))
    #expect(scaledError(results["first"]!, results["z"]!) <= 1e-12)
  }

  static let checkpoints: [(Int, [Int])] = [
    (100, [22, 41, 57, 70, 80, 87, 93, 99]),
    (20, [4, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]),
    (10, [2, 3, 4, 5, 6, 7, 8, 9, 10]),
  ]

  @Test(arguments: checkpoints)
  func checkpointsOfAutoPGD(steps: Int, expected: [Int]) throws {
    let results = try evaluate(
      """
      import "blocks/apgd.graph"

      graph marks(
        steps: Int = 1
      ) -> (turns: i32[count(apgd_checkpoints(steps: steps))], table: f32[steps]) {
        turns: i32[count(apgd_checkpoints(steps: steps))] = apgd_checkpoints(steps: steps)
        table: f32[steps] = apgd_periods(steps: steps)
        return turns, table
      }
      """, set: ["steps": "\(steps)"])
    #expect(results["turns"]! == expected.map(Double.init))
    // The table holds the distance to the mark before, and leaves out a mark behind the last turn.
    let table = results["table"]!
    let marks = table.indices.filter { table[$0] > 0 }
    #expect(marks == expected.filter { $0 < steps })
    #expect(zip(marks, [0] + marks).allSatisfy { table[$0] == Double($0 - $1) })
  }

  static let move = """
    import "blocks/fab.graph"

    graph moved(
      t: f32[n, c, height, width], w: f32[n, c, height, width], b: f32[n], norm: String = "linf"
    ) -> (d: f32[n, c, height, width]) {
      return fab_move(t, w, b, norm: norm)
    }
    """

  static func moves(_ planes: [Double], norm: String) throws -> [[Double]] {
    let count = planes.count
    let t = [[Double]](repeating: [0.2, 0.7, 0.95, 0.4], count: count).flatMap { $0 }
    let w = [[Double]](repeating: [1, -2, 0.5, 0], count: count).flatMap { $0 }
    let d = try evaluate(
      Self.move,
      [
        "t": tensor(t, [count, 4, 1, 1]), "w": tensor(w, [count, 4, 1, 1]), "b": tensor(planes),
      ], set: ["norm": norm])["d"]!
    return (0..<count).map { Array(d[$0 * 4..<$0 * 4 + 4]) }
  }

  @Test func shortestMovesOntoAPlane() throws {
    // Every coordinate meets the box before w·z reaches 5.
    let found = try Self.moves([-1.5, -0.6, 0.9, 5], norm: "linf")
    #expect(agrees(found[0], "-0.2000000000 0.2300000000 -0.2300000000 0.0000000000"))
    #expect(agrees(found[1], "0.0357142857 -0.0357142857 0.0357142857 0.0000000000"))
    #expect(agrees(found[2], "0.5333333333 -0.5333333333 0.0500000000 0.0000000000"))
    #expect(agrees(found[3], "0.8000000000 -0.7000000000 0.0500000000 0.0000000000"))
  }

  @Test func shortestMovesInLength() throws {
    // d = -λ·w where the box is out of reach, λ = (w·t - b) / ‖w‖²; in the third the last
    // coordinate that counts stops at 0.05 and (1, -2) takes the rest, 1.625 - 0.025 over 5.
    let found = try Self.moves([-1.5, -0.6, 0.9], norm: "l2")
    #expect(agrees(found[0], "-0.1476190476 0.2952380952 -0.0738095238 0.0000000000"))
    #expect(agrees(found[1], "0.0238095238 -0.0476190476 0.0119047619 0.0000000000"))
    #expect(agrees(found[2], "0.3200000000 -0.6400000000 0.0500000000 0.0000000000"))
  }

  @Test func sidesOfSquares() throws {
    let sides = [
      (0, 29), (10, 29), (11, 20), (50, 20), (51, 14), (200, 14), (201, 10), (500, 10), (501, 7),
      (1000, 7), (1001, 5), (2000, 5), (2001, 4), (4000, 4), (4001, 3), (4999, 3),
    ]
    for (query, side) in sides {
      let found = try evaluate(
        """
        import "blocks/square.graph"

        graph side(i: i32[]) -> (side: i32[]) {
          return square_side(i)
        }
        """, ["i": tensor([Double(query)], Shape([]), .i32)])
      #expect(found["side"]! == [Double(side)], "query \(query)")
    }
  }

  @Test func aSquareIsCutToTheBallAndTheBox() throws {
    // Row floor(0.5·2) = 1, column floor(0.99·2) = 1 of an image of 4×4, side 2; red falls, green
    // and blue rise. What was at the lower edge of the ball goes to the upper one, the box's.
    let found = try evaluate(
      """
      import "blocks/square.graph"

      graph query(
        x: f32[n, 3, h, w], best: f32[n, 3, h, w], draws: f32[n, 5], side: i32[]
      ) -> (next: f32[n, 3, h, w]) {
        return square_move(x, best, draws, side, epsilon: 0.1)
      }
      """,
      [
        "x": tensor([Double](repeating: 0.95, count: 48), [1, 3, 4, 4]),
        "best": tensor([Double](repeating: 0.85, count: 48), [1, 3, 4, 4]),
        "draws": tensor([0.5, 0.99, 0.2, 0.5, 0.9], [1, 5]), "side": tensor([2], Shape([]), .i32),
      ])["next"]!
    for channel in 0..<3 {
      for row in 0..<4 {
        for column in 0..<4 {
          let inside = (1...2).contains(row) && (1...2).contains(column)
          let expected = inside && channel > 0 ? 1 : 0.85
          #expect(abs(found[(channel * 4 + row) * 4 + column] - expected) < 1e-12)
        }
      }
    }
  }

  /// DEFENCE 5.10 b: tanh(g / T), T the lower median of |g| and without a gradient.
  @Test func softSigns() throws {
    let g = [0.1, -0.2, 0.4, 0.8]
    let found = try evaluate(
      """
      import "blocks/ball.graph"

      graph soft(g: f32[n, c, h, w]) -> (d: f32[n, c, h, w], slope: f32[n, c, h, w]) {
        d = steepest(g, soft: true)
        return d, gradient(sum(d), g)
      }
      """, ["g": tensor(g, [1, 4, 1, 1])])
    for (index, (d, slope)) in zip(found["d"]!, found["slope"]!).enumerated() {
      let expected = tanh(g[index] / 0.2)
      #expect(abs(d - expected) < 1e-12)
      #expect(abs(slope - (1 - expected * expected) / 0.2) < 1e-10)
    }
  }

  @Test func targetsByRank() throws {
    let found = try evaluate(
      """
      import "blocks/attacked.graph"

      graph ranks(logits: f32[n, k]) -> (second: i32[n], fourth: i32[n]) {
        return ranked_class(logits), ranked_class(logits, rank: 3)
      }
      """, ["logits": tensor([1, 3, 0.5, -1, 2.5, 2, -1, 0, 1, 4], [2, 5])])
    #expect(found["second"]! == [4, 0])
    #expect(found["fourth"]! == [2, 2])
  }
}
