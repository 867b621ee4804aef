import RetortFormats
import RetortIR
import RetortOps
import RetortPasses
import RetortTensor

/// Tensors of the model, and what the graph declares of them.
extension GraphImporter {
  /// A tensor of the file; half precision is widened.
  func tensor(_ stored: OnnxTensor) throws -> HostTensor {
    if stored.isExternal { return try externalData.tensor(stored, Self.widened) }
    return Self.widened(try stored.hostTensor())
  }

  private static func widened(_ tensor: HostTensor) -> HostTensor {
    let element = tensor.type.element
    return element == .f16 || element == .bf16 ? tensor.converted(to: .f32) : tensor
  }

  /// What an operand is, where that is known.
  func tensor(of operand: Operand) -> HostTensor? {
    switch operand {
    case .value(let value): state.remembered[value]
    case .known(let known): known.tensor
    }
  }

  func remember(_ tensor: HostTensor, as value: Value) { state.remembered[value] = tensor }

  /// What an import may write down beside the model's own tensors, in all.
  private static let tableElementLimit = 1 << 22

  /// Counts elements that are written down.
  func writeDown(_ elementCount: Int) throws {
    state.tableElements += elementCount
    guard state.tableElements <= Self.tableElementLimit else {
      throw ImportFailure(
        "the tables of places and shares that the model's nodes read by have more than"
          + " \(Self.tableElementLimit) elements")
    }
  }

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
    guard type.rank <= Shape.rankLimit else {
      throw ImportFailure(
        "the tensor '\(known.name ?? "")' has \(type.rank) axes, more than \(Shape.rankLimit)")
    }
    // Before anything looks at its elements: a weight may be read many times.
    if known.isWeight || type.elementCount > FoldConstants.elementLimit,
      let place = state.weightPlaces[path(known)]
    {
      return state.weightValues[place]
    }
    if !known.isWeight || !Self.isFinite(tensor), let op = Self.spelled(tensor) {
      do throws(Violation) {
        let names = known.name.map { [OnnxNames.value($0)] } ?? []
        return try state.builder.append(op, [], names: names)[0]
      } catch {
        throw ImportFailure(error, of: op)
      }
    }
    guard Self.isFinite(tensor) else {
      throw ImportFailure(
        "the tensor '\(known.name ?? "")' holds NaN or infinity and is too large to write out")
    }
    let path = self.path(known)
    if let place = state.weightPlaces[path] { return state.weightValues[place] }
    if !known.isWeight, known.name == nil { try writeDown(type.elementCount) }
    let isBuffer = asBuffer || !known.isWeight || !type.element.isReal
    let value = state.builder.input(path, type, role: isBuffer ? .buffer(nil) : .parameter(nil))
    state.weightPlaces[path] = state.weightValues.count
    state.weightValues.append(value)
    state.declaredValues.insert(value)
    state.declaredWeights.append((path, tensor))
    return value
  }

  /// The name that a weight is declared under. Calls of one function have tensors of one name, which
  /// need not be the same.
  private func path(_ known: KnownTensor) -> String {
    let name = known.name ?? "constant"
    var (path, number) = (name, 0)
    func isTaken(_ path: String) -> Bool {
      if state.inputNames.contains(path) { return true }
      return state.weightPlaces[path].map {
        state.declaredWeights[$0].tensor != known.tensor
      } ?? false
    }
    while isTaken(path) {
      number += 1
      path = "\(name).\(number)"
    }
    return path
  }

  private static func isFinite(_ tensor: HostTensor) -> Bool {
    switch tensor.type.element {
    case .f32: tensor.withElements(of: Float.self) { $0.allSatisfy(\.isFinite) }
    case .f64: tensor.withElements(of: Double.self) { $0.allSatisfy(\.isFinite) }
    default: true
    }
  }

  /// What of tensors with infinities is written out at most; weights must be finite.
  private static let spelledElementLimit = 1 << 16

  /// The tensor as text could have it; nil where it is too large, or a number has no spelling.
  private static func spelled(_ tensor: HostTensor) -> (any TensorOp)? {
    let limit = isFinite(tensor) ? FoldConstants.elementLimit : spelledElementLimit
    let (shape, element) = (tensor.shape, tensor.type.element)
    if isUniform(tensor) {
      let first = HostTensor(
        TensorType(element, [1]), bytes: Array(tensor.bytes.prefix(element.byteCount)))
      return numbers(first).map { Fill($0[0], shape, element) }
    }
    guard tensor.elementCount <= limit else { return nil }
    return numbers(tensor).map { Constant($0, shape, element) }
  }

  /// Whether there are elements, and all have the same bits.
  private static func isUniform(_ tensor: HostTensor) -> Bool {
    let width = tensor.type.element.byteCount
    guard tensor.elementCount > 0 else { return false }
    return tensor.bytes.withUnsafeBytes { bytes in
      bytes.indices.allSatisfy { bytes[$0] == bytes[$0 % width] }
    }
  }

  /// The elements as a person would write them; nil where a Double does not hold one.
  private static func numbers(_ tensor: HostTensor) -> [Double]? {
    switch tensor.type.element {
    case .f32: return tensor.elements(as: Float.self).map(NodeImport.double)
    case .i64:
      let integers = tensor.elements(as: Int64.self)
      let numbers = integers.map(Double.init)
      return zip(numbers, integers).allSatisfy { Int64(exactly: $0) == $1 } ? numbers : nil
    default: return tensor.doubles
    }
  }
}
