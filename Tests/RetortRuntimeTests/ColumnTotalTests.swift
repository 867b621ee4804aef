import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
import Testing

/// Fused regions that end in sums over everything but channels.
@Suite struct ColumnTotalTests {
  /// A convolution, batch norm in training mode and a rectifier, with the kernel's gradient.
  private static func normalised(_ shape: Shape, filters: Int, window: Int) -> Graph {
    var b = GraphBuilder(name: "normalised")
    let x = b.input("x", TensorType(shape))
    let kernel = b.input("kernel", TensorType([filters, shape[1], window, window]))
    let scale = b.input("scale", TensorType([filters]))
    let h = b.conv2d(x, kernel, padding: [window / 2])
    func spread(_ value: Value) -> Value {
      b.broadcast(b.reshape(value, [1, filters, 1, 1]), to: b.shape(of: h))
    }
    let mean = b.mean(h, axes: [0, 2, 3])
    let centred = b.sub(h, spread(mean))
    let variance = b.mean(b.mul(centred, centred), axes: [0, 2, 3])
    let factor = b.mul(scale, b.rsqrt(b.add(variance, 0.01)))
    let y = b.relu(b.add(b.mul(centred, spread(factor)), 0.1))
    let loss = b.mean(b.mul(y, b.exp(y)))
    let slopes = b.addAll(Gradient(), [loss, kernel, scale], names: ["dk", "ds"])
    return b.finish(
      outputs: [
        GraphOutput(value: mean, name: "mean"), GraphOutput(value: variance, name: "variance"),
        GraphOutput(value: slopes[0], name: "dk"), GraphOutput(value: slopes[1], name: "ds"),
      ])
  }

  @Test(arguments: [
    (Shape([3, 3, 9, 7]), 16, 3), (Shape([5, 16, 11, 13]), 16, 3), (Shape([2, 32, 5, 6]), 64, 1),
    (Shape([40, 3, 16, 16]), 48, 1), (Shape([1, 16, 2, 2]), 128, 3), (Shape([2, 3, 5, 5]), 10, 3),
  ])
  func statisticsAreTheReferences(shape: Shape, filters: Int, window: Int) throws {
    let graph = Self.normalised(shape, filters: filters, window: window)
    let differentiated = try Pipeline.run(graph, through: .differentiated).graph
    let planned = try Pipeline.run(graph, through: .planned).graph
    let inputs = Fixture.inputs(graph)
    let expected = try Interpreter().run(differentiated, inputs: inputs).outputs
    var first: [String: HostTensor]?
    for threads in [1, 2, 3] {
      let program = try Program(planned: planned, .auto, threads: threads, isChecked: true)
      let found = try program.run(all: inputs)
      for (name, tensor) in expected {
        #expect(Fixture.error(found[name]!, tensor) < 1e-8, "\(name) of \(shape)")
      }
      #expect(found == first ?? found, "\(shape) depends on \(threads) threads")
      first = found
    }
  }
}
