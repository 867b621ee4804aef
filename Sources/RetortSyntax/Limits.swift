import RetortTensor

/// How much work a definition may cause, so that a hostile one ends with a sentence, within about a
/// second unless its text is long.
package struct Limits: Sendable {
  /// Values of the graph.
  package var values = 50_000
  /// Expressions evaluated, turns of `for`, pieces of text and lists.
  package var steps = 500_000
  /// Calls, expressions and blocks within each other.
  package var depth = 320
  /// Calls within each other.
  package var calls = 64
  /// Bytes of one string.
  package var textLength = 1 << 16
  /// Elements of one compile-time list.
  package var listLength = 1 << 16
  /// Elements of one tensor.
  package var elements = 1 << 40
  /// The largest extent, stride or other number that an operation takes.
  package var integer = 1 << 31
  package var rank = Shape.rankLimit
  /// Errors after which elaboration stops.
  package var errors = Limits.errorsOfText

  /// Errors of one text after which no more are looked for.
  package static let errorsOfText = 100

  package init() {}

  /// Whether a tensor has no more elements, and no more bytes, than a definition may ask for. Asked
  /// before anything multiplies its extents.
  func allowElements(of type: TensorType) -> Bool {
    guard
      let shape = Shape.checked(type.shape.extents, bytesPerElement: type.element.byteCount)
    else { return false }
    return shape.extents.allSatisfy { $0 <= integer } && shape.elementCount <= elements
  }

  /// For a definition of so many bytes in all. A long text, such as a dump, may make what it spells
  /// out: a value takes sixteen bytes of it or more.
  init(byteCount: Int) {
    values = min(values + byteCount / 16, 2_000_000)
    steps = min(steps + byteCount, 20_000_000)
  }
}
