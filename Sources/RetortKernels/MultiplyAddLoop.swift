import RetortTensor

/// A loop of nothing but fused multiply-adds in registers: what a core can do at most.
package enum MultiplyAddLoop {
  /// How many sums that do not wait for one another are under way. A unit takes 4 cycles and a core
  /// has two of them, so 8 registers must be busy: 6 blocks of two registers each where there are
  /// 16, or 12 blocks of one register each where there are 32.
  package enum Width: Int, CaseIterable, Sendable {
    case narrow = 6
    case wide = 12
  }

  /// Floating-point operations of one turn.
  package static func flopsPerTurn(_ width: Width) -> Int { width.rawValue * 16 * 2 }

  /// Runs the loop. The result only keeps it from being left out.
  package static func run(_ width: Width, turns: Int, start: Float) -> Float {
    width == .wide ? wide(turns, start) : narrow(turns, start)
  }

  /// `x ← x/2 + 1` from different starts, so that no two chains are the same.
  private static func narrow(_ turns: Int, _ start: Float) -> Float {
    let half = LaneBlock(repeating: 0.5), one = LaneBlock(repeating: 1)
    var a = half + start, b = a + one, c = b + one, d = c + one, e = d + one, f = e + one
    for _ in 0..<turns {
      a = one.addingProduct(a, half)
      b = one.addingProduct(b, half)
      c = one.addingProduct(c, half)
      d = one.addingProduct(d, half)
      e = one.addingProduct(e, half)
      f = one.addingProduct(f, half)
    }
    return (a + b + c + d + e + f).sum()
  }

  private static func wide(_ turns: Int, _ start: Float) -> Float {
    let half = LaneBlock(repeating: 0.5), one = LaneBlock(repeating: 1)
    var a = half + start, b = a + one, c = b + one, d = c + one, e = d + one, f = e + one
    var g = f + one, h = g + one, i = h + one, j = i + one, k = j + one, l = k + one
    for _ in 0..<turns {
      a = one.addingProduct(a, half)
      b = one.addingProduct(b, half)
      c = one.addingProduct(c, half)
      d = one.addingProduct(d, half)
      e = one.addingProduct(e, half)
      f = one.addingProduct(f, half)
      g = one.addingProduct(g, half)
      h = one.addingProduct(h, half)
      i = one.addingProduct(i, half)
      j = one.addingProduct(j, half)
      k = one.addingProduct(k, half)
      l = one.addingProduct(l, half)
    }
    return (a + b + c + d + e + f + g + h + i + j + k + l).sum()
  }
}
