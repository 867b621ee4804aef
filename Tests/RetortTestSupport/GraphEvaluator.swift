import RetortIR
import RetortTensor

/// Runs a graph node by node with the operations' references: the plainest meaning a graph has.
///
/// Regions are run like any nodes; a graph that still holds `gradient` cannot be run.
package struct GraphEvaluator {
  private let graph: Graph

  package init(_ graph: Graph) { self.graph = graph }

  /// The outputs' tensors, in order, given the inputs' in order.
  package func run(_ inputs: [HostTensor]) -> [HostTensor] {
    precondition(inputs.count == graph.inputs.count, "\(graph.name) takes \(graph.inputs.count)")
    var values: [Value: HostTensor] = [:]
    for (input, tensor) in zip(graph.inputs, inputs) {
      precondition(tensor.type == graph.type(of: input.value), "\(input.name) is \(tensor.type)")
      values[input.value] = tensor
    }
    run(graph.body, &values)
    return graph.outputs.map { values[$0.value]! }
  }

  private func run(_ block: Block, _ values: inout [Value: HostTensor]) {
    for node in block.nodes {
      let operands = node.operands.map { values[$0]! }
      let results: [HostTensor]
      switch node.op {
      case let op as any TensorOp:
        results = op.applyReference(operands, node.results.map(graph.type))
      case let loop as Repeat:
        results = turns(of: loop, node, operands, &values)
      case is Prepare, is Fused:
        run(node.regions[0], &values)
        results = node.regions[0].results.map { values[$0]! }
      default:
        preconditionFailure("\(node.opName) cannot be run")
      }
      for (value, tensor) in zip(node.results, results) { values[value] = tensor }
    }
  }

  private func turns(
    of loop: Repeat, _ node: Node, _ starts: [HostTensor], _ values: inout [Value: HostTensor]
  ) -> [HostTensor] {
    let body = node.regions[0]
    var carried = starts
    var collected = node.results.dropFirst(starts.count).map { _ in [UInt8]() }
    for turn in 0..<loop.count {
      values[body.arguments[0]] = HostTensor(Int32(loop.first + turn))
      for (argument, tensor) in zip(body.arguments.dropFirst(), carried) {
        values[argument] = tensor
      }
      run(body, &values)
      let results = body.results.map { values[$0]! }
      carried = Array(results.prefix(starts.count))
      for (i, tensor) in results.dropFirst(starts.count).enumerated() {
        collected[i] += tensor.bytes
      }
    }
    return carried
      + zip(node.results.dropFirst(starts.count), collected).map {
        HostTensor(graph.type(of: $0), bytes: $1)
      }
  }
}

extension TensorOp {
  /// The results on some operands, by `reference`.
  package func evaluate(_ operands: HostTensor...) throws(Violation) -> [HostTensor] {
    try evaluate(operands)
  }

  package func evaluate(_ operands: [HostTensor]) throws(Violation) -> [HostTensor] {
    let types = try resultTypes(operands.map(\.type), regions: []) { _ in fatalError() }
    return applyReference(operands, types)
  }

  /// Results' memory is filled with ones beforehand, so that an element left unwritten shows.
  fileprivate func applyReference(
    _ operands: [HostTensor], _ types: [TensorType]
  ) -> [HostTensor] {
    let operandBuffers = operands.map { operand in
      let buffer = AlignedBytes(count: operand.bytes.count)
      buffer.pointer.copyBytes(from: operand.bytes)
      return buffer
    }
    let resultBuffers = types.map { AlignedBytes(count: $0.byteCount) }
    for buffer in resultBuffers { buffer.pointer.initializeMemory(as: UInt8.self, repeating: 0xFF) }
    // Views keep no memory alive.
    withExtendedLifetime((operandBuffers, resultBuffers)) {
      reference(
        zip(operands, operandBuffers).map { TensorView($0.type, $1.pointer.baseAddress!) },
        zip(types, resultBuffers).map { TensorView($0, $1.pointer.baseAddress!) })
    }
    return zip(types, resultBuffers).map {
      HostTensor($0, bytes: Array($1.pointer.prefix($0.byteCount)))
    }
  }
}

/// Memory that is aligned for every element type; at least one byte.
private final class AlignedBytes {
  let pointer: UnsafeMutableRawBufferPointer

  init(count: Int) {
    pointer = .allocate(byteCount: max(count, 1), alignment: 64)
  }

  deinit { pointer.deallocate() }
}
