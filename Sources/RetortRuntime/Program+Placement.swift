import RetortIR
import RetortTensor

/// What of a program depends on where its values lie: steps on fixed addresses.
struct Linkage {
  let main: StepList
  /// Moves new weights to their places when a run is over.
  let updates: MoveList
  /// Inputs, parameters and buffers by name.
  let views: [String: TensorView]
  let outputs: [(name: String, view: TensorView)]

  init(_ graph: Graph, _ builder: ProgramBuilder) {
    let steps = StepList()
    builder.add(graph.body.nodes, prepared: false, to: steps)
    main = steps
    var views: [String: TensorView] = [:]
    for input in graph.inputs { views[input.name] = builder.view(input.value) }
    self.views = views
    updates = MoveList(
      graph.outputs.filter { $0.role == .update }.map { output in
        let source = builder.view(output.value)
        guard let weight = views[output.name] else {
          preconditionFailure("'\(output.name)' is updated but not declared")
        }
        return MoveList.Move(
          source: source.base, destination: weight.base, byteCount: source.type.byteCount)
      })
    outputs = graph.outputs.filter { $0.role == .result }
      .map { (name: $0.name, view: builder.view($0.value)) }
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
  /// loop carries is copied to its place when the loop ends.
  ///
  /// Does nothing where all lie as they did. Else every step is laid out anew, which allocates.
  package func place(
    inputs: [String: UnsafeMutableRawPointer], results: [String: UnsafeMutableRawPointer]
  ) {
    var wanted: [Int: UnsafeMutableRawPointer] = [:]
    for input in graph.inputs where input.role == .input {
      wanted[input.value.id] = inputs[input.name]
    }
    for output in graph.outputs where output.role == .result {
      guard let address = results[output.name], placeable.contains(output.value),
        wanted[output.value.id] == nil
      else { continue }
      wanted[output.value.id] = address
    }
    if wanted != placed { relink(wanted) }
  }

  /// Inputs and results in the program's own memory.
  package func placeAtHome() { place(inputs: [:], results: [:]) }

  /// What a run computes and leaves behind.
  private var placeable: Set<Value> {
    var values = Set<Value>()
    for node in graph.body.nodes where !(node.op is Prepare) { values.formUnion(node.results) }
    return values
  }
}
