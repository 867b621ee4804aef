import RetortIR
import RetortOps
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortText
import Testing

/// Programs that compute on weights where they lie.
@Suite struct StoredValuesTests {
  /// One weight that a run reads and one that only `prepare` reads.
  private static let graph: Graph = {
    var b = GraphBuilder(name: "g")
    let x = b.input("x", TensorType([16]))
    let read = b.input("read", TensorType([16]), role: .parameter(nil))
    let hidden = b.input("hidden", TensorType([16]), role: .parameter(nil))
    _ = b.openBlock()
    let inside = b.add(Exp(), [hidden], name: "inside")
    let region = b.closeBlock(results: [inside])
    let prepared = b.addAll(Prepare(), [], regions: [region], names: ["prepared"])[0]
    let y = b.add(b.mul(x, read), prepared)
    return HandPlan().plan(b.finish(outputs: [GraphOutput(value: y, name: "y")]))
  }()

  private static func tensors() -> [String: HostTensor] { Fixture.inputs(graph) }

  /// Memory with two tensors, which is given back when the test ends.
  private final class Memory {
    let base = UnsafeMutableRawPointer.allocate(byteCount: 128, alignment: 64)
    var wasMadeWritable = false

    func view(_ index: Int, _ tensor: HostTensor) -> TensorView {
      let view = TensorView(tensor.type, base + 64 * index)
      tensor.bytes.withUnsafeBytes {
        view.base.copyMemory(from: $0.baseAddress!, byteCount: $0.count)
      }
      return view
    }

    deinit { base.deallocate() }
  }

  private static func stored(_ memory: Memory) throws -> StoredValues {
    let tensors = tensors()
    let direct = try Program(planned: graph)
    try direct.bind(weights: tensors)
    return StoredValues(
      weights: ["read": memory.view(0, tensors["read"]!)],
      prepared: ["prepared": memory.view(1, direct.preparedTensors()[0].tensor)]
    ) { () throws(Diagnostics) in memory.wasMadeWritable = true }
  }

  private static func program(_ stored: StoredValues) throws -> Program {
    try Program(
      graph, options: ProgramOptions(backend: .simd, pool: ThreadPool(threadCount: 1)),
      stored: stored)
  }

  @Test func nothingIsCopied() throws {
    let memory = Memory()
    let program = try Self.program(Self.stored(memory))
    #expect(program.view(ofInput: "read")?.base == memory.base)
    let inputs = Self.tensors()
    let direct = try Program(planned: Self.graph)
    #expect(try program.run(inputs: inputs) == direct.run(all: inputs))
    #expect(!memory.wasMadeWritable)
  }

  @Test func bindingOtherWeightsMakesTheMemoryWritableFirst() throws {
    let memory = Memory()
    let program = try Self.program(Self.stored(memory))
    let inputs = Fixture.inputs(Self.graph, seed: 9)
    try program.bind(weights: inputs)
    #expect(memory.wasMadeWritable)
    let direct = try Program(planned: Self.graph)
    #expect(try program.run(inputs: inputs) == direct.run(all: inputs))
  }

  @Test func whatDoesNotFitIsRefused() throws {
    let memory = Memory()
    var missing = try Self.stored(memory)
    missing.prepared = [:]
    let first = #expect(throws: Diagnostics.self) { try Self.program(missing) }
    #expect(first?.description.contains("lacks the prepared value 'prepared'") == true)
    var other = try Self.stored(memory)
    other.weights["read"] = TensorView(TensorType([8]), memory.base)
    let second = #expect(throws: Diagnostics.self) { try Self.program(other) }
    #expect(second?.description.contains("'read' as f32[8], not as f32[16]") == true)
  }
}
