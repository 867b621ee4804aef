import RetortIR
import RetortTensor

extension TensorOp {
  /// What the reference gives on whole tensors.
  ///
  /// - Parameter types: of the results, as the operation infers them.
  package func evaluate(_ operands: [HostTensor], _ types: [TensorType]) -> [HostTensor] {
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
    return read(operands[...], [])
  }
}
