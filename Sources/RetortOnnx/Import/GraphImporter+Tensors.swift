import RetortFormats
import RetortIR
import RetortOps
import RetortPasses
import RetortTensor

/// Tensors of the model, and what the graph declares of them.
extension GraphImporter {
  /// A tensor of the file; half precision is widened.
  func tensor(_ stored: OnnxTensor) throws -> HostTensor {
    let tensor = try stored.hostTensor { tensor throws(FormatError) in
      try externalData.bytes(of: tensor)
    }
    let element = tensor.type.element
    return element == .f16 || element == .bf16 ? tensor.converted(to: .f32) : tensor
  }

  /// What an operand is, where that is known.
  func tensor(of operand: Operand) -> HostTensor? {
    switch operand {
    case .value(let value): remembered[value]
    case .known(let known): known.tensor
    }
  }

  func remember(_ tensor: HostTensor, as value: Value) { remembered[value] = tensor }

  func declare(_ operand: Operand) throws -> Value {
    switch operand {
    case .value(let value): value
    case .known(let known): try declare(known, asBuffer: false)
    }
  }

  /// A known tensor as a value: a weight under its name, what is small written out, what is large
  /// kept with the weights.
  func declare(_ known: KnownTensor, asBuffer: Bool) throws -> Value {
    let tensor = known.tensor
    let type = tensor.type
    if !known.isWeight || !Self.isFinite(tensor), let op = Self.spelled(tensor) {
      do throws(Violation) {
        let names = known.name.map { [OnnxNames.value($0)] } ?? []
        return try builder.append(op, [], names: names)[0]
      } catch {
        throw ImportFailure(error, of: op)
      }
    }
    let path = known.name ?? "constant.\(declaredWeights.count)"
    if let value = weightValues[path] { return value }
    guard Self.isFinite(tensor) else {
      throw ImportFailure(
        "the tensor '\(path)' holds NaN or infinity and is too large to write out")
    }
    let isBuffer = asBuffer || !known.isWeight || !type.element.isReal
    let value = builder.input(path, type, role: isBuffer ? .buffer(nil) : .parameter(nil))
    weightValues[path] = value
    declaredWeights.append((path, tensor))
    return value
  }

  private static func isFinite(_ tensor: HostTensor) -> Bool {
    !tensor.type.element.isReal || tensor.doubles.allSatisfy(\.isFinite)
  }

  /// What of tensors with infinities is written out at most; weights must be finite.
  private static let spelledElementLimit = 1 << 16

  /// The tensor as text could have it; nil where it is too large, or a number has no spelling.
  private static func spelled(_ tensor: HostTensor) -> (any TensorOp)? {
    let limit = isFinite(tensor) ? FoldConstants.elementLimit : spelledElementLimit
    let numbers =
      tensor.type.element == .f32
      ? tensor.elements(as: Float.self).map(NodeImport.double) : tensor.doubles
    if tensor.type.element == .i64 {
      let integers = tensor.elements(as: Int64.self)
      for (number, integer) in zip(numbers, integers) where Int64(exactly: number) != integer {
        return nil
      }
    }
    if let first = numbers.first, numbers.allSatisfy({ $0.bitPattern == first.bitPattern }) {
      return Fill(first, tensor.shape, tensor.type.element)
    }
    return numbers.count <= limit ? Constant(numbers, tensor.shape, tensor.type.element) : nil
  }
}
