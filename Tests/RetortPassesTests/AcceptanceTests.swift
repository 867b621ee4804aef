import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

/// Rows of DEFENCE 8 that are about gradients of gradients.
@Suite struct AcceptanceTests {
  /// `((1103515245 k + 12345) mod 2³¹) / 2³¹`
  private static func u(_ count: Int, from offset: Int = 0) -> [Double] {
    let modulus = 1 << 31
    return (offset..<offset + count).map { (index: Int) -> Double in
      let state = (1_103_515_245 * index + 12345) % modulus
      return Double(state) / Double(modulus)
    }
  }

  /// Swish at −2, −0.5, 0, 1, 3 with its first two derivatives.
  @Test func derivativesOfSwish() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType(.f64, [5]))
      let y = b.swish(x)
      let first = b.gradient(b.sum(y), x)[0]
      return [y, first] + b.gradient(b.sum(first), x)
    }
    let results = try Pipeline.run(graph, through: .planned).graph.run(vector(-2, -0.5, 0, 1, 3))
    let expected = [
      [-0.238405844, -0.1887703344, 0, 0.7310585786, 2.8577223805],
      [-0.0907842488, 0.2600388127, 0.5, 0.9276705119, 1.088104106],
      [0.0500621687, 0.441229027, 0.5, 0.3023661188, -0.0323214045],
    ]
    for (result, numbers) in zip(results, expected) {
      for (x, y) in zip(result.doubles, numbers) { #expect(abs(x - y) < 1e-10, "\(x), not \(y)") }
    }
  }

  /// One step of `a g / ‖g‖₂` down from `z`, `g` the gradient of `‖A z − b‖² / 2`, and the Jacobian
  /// of the step, row by row.
  @Test func jacobianOfAStepOfUnitLength() throws {
    let a = Self.u(9).map { 2 * $0 - 1 }
    let offset = Self.u(3, from: 50)
    let graph = GraphBuilder.graph { b in
      let z = b.input("z", TensorType(.f64, [3]))
      let product = b.matmul(b.constant(a, [3, 3], .f64), b.reshape(z, [3, 1]))
      let rest = b.sub(b.reshape(product, [3]), b.constant(offset, .f64))
      let loss = b.mul(b.sum(b.square(rest)), 0.5)
      let g = b.gradient(loss, z)[0]
      let norm = b.sqrt(b.sum(b.square(g)))
      let next = b.sub(z, b.mul(b.div(g, norm), 0.1))
      let rows = (0..<3).map { row in
        b.gradient(b.sum(b.slice(next, [0], start: [row], stop: [row + 1])), z)[0]
      }
      return [next] + rows
    }
    let results = try Pipeline.run(graph, through: .planned).graph.run(vector(0.3, 0.6, 0.2))
    let next = [0.22711345453, 0.585682557533, 0.13304805955]
    for (x, y) in zip(results[0].doubles, next) { #expect(abs(x - y) < 1e-10, "\(x), not \(y)") }
    let row = [0.998425302, 0.002368354, -0.001620517]
    for (x, y) in zip(results[1].doubles, row) { #expect(abs(x - y) < 1e-9, "\(x), not \(y)") }
    #expect(abs(results[2].doubles[1] - 0.967554011) < 1e-9)
  }
}
