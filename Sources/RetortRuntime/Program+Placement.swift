import RetortIR
import RetortTensor

/// What of a program depends on where its inputs and results lie.
struct Linkage {
  /// The steps of a run, on fixed addresses.
  let main = StepList()
  /// Moves new weights to their places when a run is over.
  private(set) var updates = MoveList([])
  /// Keeps the old values of weights that are results before `updates` overwrites them.
  private(set) var saves = MoveList([])
  /// Where these are kept.
  private let saved: [Value: ScratchBuffer]
  /// Inputs, parameters and buffers by name.
  private(set) var views: [String: TensorView] = [:]
  private(set) var outputs: [(name: String, view: TensorView)] = []
  /// The inputs, and the results that a run computes.
  let movable: Set<Value>

  init(_ graph: Graph, _ builder: ProgramBuilder) {
    movable = graph.movableValues
    saved = graph.savedWeights
    var builder = builder
    builder.movable = movable
    builder.add(graph.body.nodes, prepared: false, to: main)
    for input in graph.inputs { views[input.name] = builder.view(input.value) }
    connect(graph, builder)
  }

  /// Follows values, by their numbers, to where the builder says that they lie now. Only the nodes that
  /// work on them are looked at.
  mutating func move(_ moved: Set<Int>, _ builder: ProgramBuilder) {
    for site in main.sites where site.values.contains(where: { moved.contains($0.id) }) {
      builder.renew(site, in: main)
    }
    for input in builder.graph.inputs where moved.contains(input.value.id) {
      views[input.name] = builder.view(input.value)
    }
    connect(builder.graph, builder)
  }

  private mutating func connect(_ graph: Graph, _ builder: ProgramBuilder) {
    updates = MoveList(
      graph.outputs.filter { $0.role == .update }.map { output in
        let source = builder.view(output.value)
        guard let weight = views[output.name] else {
          preconditionFailure("'\(output.name)' is updated but not declared")
        }
        return MoveList.Move(
          source: source.base, destination: weight.base, byteCount: source.type.byteCount)
      })
    saves = MoveList(
      saved.map { weight, buffer in
        let view = builder.view(weight)
        return MoveList.Move(
          source: view.base, destination: buffer.base, byteCount: view.type.byteCount)
      })
    outputs = graph.outputs.filter { $0.role == .result }.map { output in
      let view = builder.view(output.value)
      let kept = saved[output.value].map { TensorView(view.type, $0.base) }
      return (name: output.name, view: kept ?? view)
    }
  }
}

/// Inputs and results in memory of the caller's.
extension Program {
  /// From the next run on reads inputs and writes results at these addresses, each aligned to its
  /// elements; all others lie in the program's own memory again. Results must overlap neither each
  /// other nor an input. The program never writes to an input.
  ///
  /// Results that are inputs or weights themselves, or prepared from weights alone, stay where they
  /// are, as does a value's second name; `outputs` tells where each result lies. A result that a
  /// loop carries is copied to its place when the loop ends, and one that is a weight which the
  /// graph updates is copied to memory of its own before the update.
  ///
  /// Does nothing where all lie as they did. Else the steps that work on what has moved are laid out
  /// anew, which allocates.
  package func place(
    inputs: [String: UnsafeMutableRawPointer], results: [String: UnsafeMutableRawPointer]
  ) {
    var wanted: [Int: UnsafeMutableRawPointer] = [:]
    for input in graph.inputs where input.role == .input {
      wanted[input.value.id] = inputs[input.name]
    }
    for output in graph.outputs where output.role == .result {
      guard let address = results[output.name], wanted[output.value.id] == nil,
        movable.contains(output.value)
      else { continue }
      wanted[output.value.id] = address
    }
    if wanted != placed { relink(wanted) }
  }

  /// Inputs and results in the program's own memory.
  package func placeAtHome() { place(inputs: [:], results: [:]) }
}

extension Graph {
  /// Results that are inputs or weights, or prepared from weights alone, are not among them.
  fileprivate var movableValues: Set<Value> {
    var values = Set(outputs.filter { $0.role == .result }.map(\.value))
    values.formIntersection(body.nodes.filter { !($0.op is Prepare) }.flatMap(\.results))
    return values.union(inputs.filter { $0.role == .input }.map(\.value))
  }

  /// Memory for each weight that is a result as it was before the run and is also updated: whoever
  /// reads results does so when the weight's own memory holds the new value.
  fileprivate var savedWeights: [Value: ScratchBuffer] {
    let results = Set(outputs.filter { $0.role == .result }.map(\.value))
    let updated = updatedWeights
    var buffers: [Value: ScratchBuffer] = [:]
    for input in inputs where input.role.isWeight && updated.contains(input.name) {
      guard results.contains(input.value) else { continue }
      buffers[input.value] = ScratchBuffer(byteCount: type(of: input.value).byteCount)
    }
    return buffers
  }
}
