import RetortIR
import RetortTensor
import RetortText

/// NaN and infinities, of which a checked run lets no node produce one.
enum NonFinite {
  /// - Throws: naming the value, its node, its place and the first element at fault.
  static func refuse(
    _ tensor: HostTensor, name: String, opName: String, origin: Origin, turns: [Int]
  ) throws(Diagnostics) {
    guard tensor.type.element.isReal else { return }
    let values = tensor.doubles
    guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
    var message =
      "'\(name)' (\(opName)) is \(AttributeValue.spelling(values[index])) "
      + "at \(position(index, in: tensor.shape))"
    if !turns.isEmpty {
      message += " in turn " + turns.map(String.init).joined(separator: ", ")
    }
    let place = origin.description
    throw Diagnostics(
      message, at: origin.range, code: "check-finite",
      notes: place.isEmpty ? [] : [.note("computed by \(opName) at \(place)")])
  }

  /// A flat index as the position on each axis, `[0, 2, 7]`.
  private static func position(_ index: Int, in shape: Shape) -> String {
    var rest = index
    let parts = shape.strides.map { stride -> Int in
      defer { rest %= stride }
      return rest / stride
    }
    return "[" + parts.map(String.init).joined(separator: ", ") + "]"
  }
}
