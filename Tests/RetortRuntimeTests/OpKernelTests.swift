import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

/// The fast kernels may differ from the reference by what single precision loses: normalised squared
/// error.
private let bound = 1e-11

@Test(arguments: OpCatalog.standard.names)
func everyBackendComputesWhatTheReferenceMeans(_ name: String) throws {
  for (number, sample) in OpCatalog.standard[name]!.samples.enumerated() {
    let graph = try sample.graph()
    let inputs = sample.inputs(seed: 7)
    let expected = try Interpreter().run(graph, inputs: inputs).outputs
    for backend in Backend.allCases {
      let program = try Program(planned: HandPlan().plan(graph), backend, isChecked: true)
      let found = try program.run(all: inputs)
      try program.runChecked()
      for (output, tensor) in expected {
        let error = Fixture.error(found[output]!, tensor)
        #expect(
          error <= (backend == .reference ? 0 : bound),
          "\(name), sample \(number), \(backend), \(output): \(error)")
        #expect(program.results[output] == found[output], "a checked run differs")
      }
    }
  }
}

/// A table of the rows would take gigabytes.
@Test(arguments: Backend.allCases) func resultsWithoutElementsTakeNoWork(_ backend: Backend) throws
{
  var b = GraphBuilder(name: "empty")
  let (x, boxes) = (b.input("x", TensorType([1, 0, 1, 1])), b.input("b", TensorType([1, 4])))
  let y = b.add(CropResize(height: 1_048_576_000, width: 1), [x, boxes])
  let graph = b.finish(outputs: [GraphOutput(value: y, name: "y")])
  let program = try Program(planned: HandPlan().plan(graph), backend)
  #expect(try program.run(all: Fixture.inputs(graph))["y"]?.elementCount == 0)
}

/// Larger than a tile, with odd extents: kernels cut it, the reference does not.
@Test(arguments: LargeSamples.all.indices)
func tilesJoinWithoutASeam(_ index: Int) throws {
  let sample = LargeSamples.all[index]
  let graph = try sample.graph()
  let inputs = sample.inputs(seed: 3)
  let expected = try Interpreter().run(graph, inputs: inputs).outputs
  for backend in [Backend.simd, .blas] {
    var first: [String: HostTensor]?
    for threads in [1, 2, 3, 7] {
      let program = try Program(planned: HandPlan().plan(graph), backend, threads: threads)
      let found = try program.run(all: inputs)
      #expect(found == first ?? found, "\(sample.op.signature) depends on \(threads) threads")
      first = found
    }
    for (output, tensor) in expected {
      let error = Fixture.error(first![output]!, tensor)
      #expect(error <= bound, "\(sample.op.signature), \(backend): \(error)")
    }
  }
}

@Test(arguments: OpCatalog.standard.names)
func everyOperationRunsInDouble(_ name: String) throws {
  for sample in OpCatalog.standard[name]!.samples {
    let graph = try Fixture.widened(sample.graph())
    let inputs = sample.wideInputs(seed: 5)
    let expected = try Interpreter().run(graph, inputs: inputs).outputs
    for backend in Backend.allCases {
      let found = try Program(planned: HandPlan().plan(graph), backend).run(all: inputs)
      for (output, tensor) in expected {
        #expect(Fixture.error(found[output]!, tensor) <= 1e-26, "\(name), \(backend)")
      }
    }
  }
}

enum LargeSamples {
  static let all: [Sample] = [
    Sample(Add(), [TensorType([3, 33, 401]), TensorType([3, 33, 401])]),
    Sample(Tanh(), [TensorType([40_001])]),
    Sample(Select(), [TensorType(.bool, [33_333]), TensorType([33_333]), TensorType([33_333])]),
    Sample(Add(), [TensorType(.i32, [40_001]), TensorType(.i32, [40_001])]),
    Sample(Less(), [TensorType([40_001]), TensorType([40_001])]),
    Sample(MatMul(), [TensorType([301, 77]), TensorType([77, 530])]),
    Sample(
      MatMul(transposeA: true, transposeB: true),
      [TensorType([2, 77, 300]), TensorType([515, 77])]),
    Sample(
      Conv2d(Sliding(padding: [1])), [TensorType([3, 5, 33, 31]), TensorType([7, 5, 3, 3])]),
    Sample(
      Conv2d(Sliding(stride: [2], padding: [1])),
      [TensorType([3, 5, 33, 31]), TensorType([7, 5, 3, 3])]),
    Sample(
      Conv2dTranspose(Sliding(padding: [1])),
      [TensorType([3, 7, 33, 31]), TensorType([7, 5, 3, 3])]),
    Sample(
      Conv2dKernel(kernel: [3], Sliding(padding: [1])),
      [TensorType([3, 5, 33, 31]), TensorType([3, 7, 33, 31])]),
    Sample(Sum(axes: []), [TensorType([3, 70_001])]),
    Sample(Mean(axes: [0, 2]), [TensorType([5, 33, 401])]),
    Sample(Softmax(axis: 1), [TensorType([70, 19, 33])]),
    Sample(Transpose([2, 0, 1]), [TensorType([41, 53, 37])]),
    Sample(Broadcast([5, 33, 401]), [TensorType([33, 1])]),
    Sample(
      Slice([0, 2], start: [1, 3], stop: [5, 400], step: [1, 2]), [TensorType([5, 33, 401])]),
    Sample(Concatenate(axis: 1), [TensorType([3, 7001]), TensorType([3, 9001])]),
    Sample(Pad([1], low: [3], high: [5]), [TensorType([3, 9001])]),
    Sample(Gather(axis: 0), [TensorType([6, 9001]), TensorType(.i32, [11])]),
    Sample(MaxPool2d(PoolWindow([3], stride: [2], padding: [1])), [TensorType([7, 9, 33, 31])]),
  ]
}
