import RetortIR
import RetortTensor

/// What a name of an ONNX graph stands for while it is imported.
enum Operand {
  /// Something that the graph computes.
  case value(Value)
  /// Something that is known already: shapes, bounds and axes must be, weights are.
  case known(KnownTensor)

  static func known(_ tensor: HostTensor) -> Operand { .known(KnownTensor(tensor)) }

  /// A scalar that is known.
  static func number(_ value: Double, _ element: ElementType) -> Operand {
    .known(HostTensor([], [value]).converted(to: element))
  }

  /// A vector of extents, axes or indices that is known.
  static func integers(_ values: [Int]) -> Operand {
    .known(HostTensor([values.count], values.map(Int64.init)))
  }
}

/// A tensor that is known while importing.
struct KnownTensor {
  /// Never f16 or bf16: those are widened when they are read.
  let tensor: HostTensor
  /// What the model calls it; nil for what was computed on the way.
  var name: String?
  /// Whether it belongs to the weights: it is then not computed with while importing, and the graph
  /// declares it under its name.
  var isWeight = false

  init(_ tensor: HostTensor, name: String? = nil, isWeight: Bool = false) {
    self.tensor = tensor
    self.name = name
    self.isWeight = isWeight
  }
}
