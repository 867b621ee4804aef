/// The extents of a tensor's axes, outermost first; elements lie in row-major order.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral, CustomStringConvertible {
  public var extents: [Int]

  public init(_ extents: [Int]) { self.extents = extents }
  public init(arrayLiteral extents: Int...) { self.extents = extents }

  public var rank: Int { extents.count }
  /// The product of the extents; 1 for a scalar. Shapes are checked for overflow by `checked`.
  public var elementCount: Int { extents.reduce(1, *) }

  public subscript(axis: Int) -> Int {
    get { extents[axis] }
    set { extents[axis] = newValue }
  }

  /// Row-major strides in elements.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for axis in stride(from: rank - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * extents[axis + 1]
    }
    return strides
  }

  /// Strides for reading a tensor of this shape as if it had the broader shape `target`:
  /// axes are aligned from the last, and axes of extent 1 or missing get stride 0.
  public func broadcastStrides(to target: Shape) -> [Int] {
    let own = strides
    let missing = target.rank - rank
    return (0..<target.rank).map { axis in
      axis < missing || extents[axis - missing] == 1 && target[axis] != 1 ? 0 : own[axis - missing]
    }
  }

  /// Whether this shape can be read as `target` by repeating axes of extent 1 and adding leading ones.
  public func broadcasts(to target: Shape) -> Bool {
    guard rank <= target.rank else { return false }
    let missing = target.rank - rank
    return extents.indices.allSatisfy { extents[$0] == 1 || extents[$0] == target[$0 + missing] }
  }

  /// The shape that both can be broadcast to, or nil where two extents differ and neither is 1.
  public static func broadcast(_ a: Shape, _ b: Shape) -> Shape? {
    let rank = max(a.rank, b.rank)
    var result = [Int](repeating: 1, count: rank)
    for axis in 0..<rank {
      let left = axis < rank - a.rank ? 1 : a[axis - (rank - a.rank)]
      let right = axis < rank - b.rank ? 1 : b[axis - (rank - b.rank)]
      guard left == right || left == 1 || right == 1 else { return nil }
      result[axis] = left == 1 ? right : left
    }
    return Shape(result)
  }

  /// The most bytes that a tensor has, 4 TiB: more than this runs on, and few enough that two million
  /// of them, the most values that a definition makes, still fit an Int together.
  public static let byteLimit = 1 << 42

  /// The most axes that a tensor of a graph has: dumps and plans are read back with the same limit as
  /// definitions.
  public static let rankLimit = 32

  /// Extents that a file or a user claims: nil if one is negative or there are more bytes than
  /// `byteLimit`. Extents of 0 count as 1 here, so that strides fit as well.
  public static func checked(_ extents: [Int], bytesPerElement: Int = 8) -> Shape? {
    var product = bytesPerElement
    for extent in extents where extent < 0 { return nil }
    for extent in extents {
      let (next, overflow) = product.multipliedReportingOverflow(by: max(1, extent))
      if overflow || next > byteLimit { return nil }
      product = next
    }
    return Shape(extents)
  }

  /// The most extents that a description spells out: more than the tensors of a graph have, whose
  /// types are read back. What a file or a user claims may have any number.
  private static let describedRank = 80

  /// `[8, 3, 32, 32]`; of very many extents the first ones and how many follow.
  public var description: String {
    let isLong = rank > Self.describedRank
    var parts = extents.prefix(isLong ? 8 : rank).map { String($0) }
    if isLong { parts.append("… \(rank - parts.count) more") }
    return "[" + parts.joined(separator: ", ") + "]"
  }
}
