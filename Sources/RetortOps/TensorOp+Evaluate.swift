import RetortIR
import RetortTensor

/// Up to this many operands are lent to the reference; each takes a call.
private let lendingLimit = 64

extension TensorOp {
  /// What the reference gives on whole tensors.
  ///
  /// - Parameter types: of the results, as the operation infers them.
  package func evaluate(_ operands: [HostTensor], _ types: [TensorType]) -> [HostTensor] {
    // References make tables of an axis, which is long where another one is empty.
    if types.allSatisfy({ $0.elementCount == 0 }) { return types.map { HostTensor(zeros: $0) } }
    // Each call holds one tensor's view; the innermost one computes.
    func read(_ rest: ArraySlice<HostTensor>, _ views: [TensorView]) -> [HostTensor] {
      guard let first = rest.first else { return write(types[...], views, []) }
      return first.withView { read(rest.dropFirst(), views + [$0]) }
    }
    func write(
      _ rest: ArraySlice<TensorType>, _ views: [TensorView], _ own: [TensorView]
    ) -> [HostTensor] {
      guard let type = rest.first else {
        reference(views, own)
        return []
      }
      var result = HostTensor(zeros: type)
      let others = result.withMutableView { write(rest.dropFirst(), views, own + [$0]) }
      return [result] + others
    }
    if operands.count <= lendingLimit { return read(operands[...], []) }
    // So many calls would run out of stack: the operands are copied side by side instead.
    let byteCount = operands.reduce(0) { $0 + MemoryPlan.aligned($1.bytes.count) }
    let memory = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(byteCount, 1), alignment: MemoryPlan.alignment)
    defer { memory.deallocate() }
    var views: [TensorView] = []
    var start = 0
    for operand in operands {
      let end = start + operand.bytes.count
      UnsafeMutableRawBufferPointer(rebasing: memory[start..<end]).copyBytes(from: operand.bytes)
      views.append(TensorView(operand.type, memory.baseAddress! + start))
      start += MemoryPlan.aligned(operand.bytes.count)
    }
    return write(types[...], views, [])
  }
}
