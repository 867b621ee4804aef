import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let shaping: [OnnxOperator] = [
    .one("Reshape", reshape), .one("Flatten", flatten),
    .one("Squeeze", squeeze), .one("Unsqueeze", unsqueeze),
    .one("Transpose") { t in
      let x = try t.input(0)
      let order = try t.integers("perm") ?? Array((0..<t.rank(of: x)).reversed())
      guard order.count == t.rank(of: x) else {
        throw ImportFailure("it permutes \(t.type(of: x)) by \(order)")
      }
      return try t.transpose(x, order)
    },
    .one("Concat") { t in
      guard let axis = try t.integer("axis") else {
        throw ImportFailure("its attribute 'axis' is missing")
      }
      return try t.concatenate(try t.inputs(), axis: axis)
    },
    OnnxOperator("Split", split), .one("Slice", slice),
    .one("Expand") { t in
      let x = try t.input(0)
      let target = try required(t.integersInput(1, "shape"), "shape")
      try t.checkRank(target.count)
      guard let shape = Shape.broadcast(t.type(of: x).shape, Shape(target)) else {
        throw ImportFailure("it cannot broadcast \(t.type(of: x)) with \(Shape(target))")
      }
      return try t.broadcast(x, to: shape.extents)
    },
    .one("Tile", tile), .one("Pad", pad), .one("Trilu", since: 14, trilu),
    .one("DepthToSpace", depthToSpace), .one("SpaceToDepth", spaceToDepth),
    .one("CenterCropPad", since: 18, centerCropPad),
  ]

  static func required<T>(_ value: T?, _ role: String) throws -> T {
    guard let value else { throw ImportFailure("its \(role) is missing") }
    return value
  }

  /// 0 stands for the extent that was there (unless `allowzero`), −1 for what is left over.
  private static func reshape(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    var extents = try required(t.integersInput(1, "shape"), "shape")
    try t.checkRank(extents.count)
    let own = t.shape(of: x)
    if !(try t.flag("allowzero", default: false)) {
      for (axis, extent) in extents.enumerated() where extent == 0 {
        guard axis < own.count else {
          throw ImportFailure(
            "its shape \(Shape(extents)) keeps axis \(axis), which \(t.type(of: x)) does not have")
        }
        extents[axis] = own[axis]
      }
    }
    // Written out, so that a reshape to what is there already is seen as such.
    if let open = extents.firstIndex(of: -1),
      let shape = Shape.checked(
        extents.enumerated().map { $0.offset == open ? 1 : $0.element }), shape.elementCount > 0
    {
      extents[open] = t.type(of: x).elementCount / shape.elementCount
    }
    return try t.reshape(x, extents)
  }

  private static func flatten(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let extents = t.shape(of: x)
    let given = try t.integer("axis", default: 1)
    let axis = given < 0 ? given &+ extents.count : given
    guard (0...extents.count).contains(axis) else {
      throw ImportFailure("its axis \(given) is outside \(t.type(of: x))")
    }
    return try t.reshape(
      x, [extents[..<axis].reduce(1, *), extents[axis...].reduce(1, *)])
  }

  private static func squeeze(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let extents = t.shape(of: x)
    let axes =
      try t.integersInput(1, "axes").map { try t.axes($0, rank: extents.count) }
      ?? extents.indices.filter { extents[$0] == 1 }
    for axis in axes where extents[axis] != 1 {
      throw ImportFailure("it takes axis \(axis) out of \(t.type(of: x)), whose extent is not 1")
    }
    return try t.reshape(x, extents.indices.filter { !axes.contains($0) }.map { extents[$0] })
  }

  private static func unsqueeze(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let given = try required(t.integersInput(1, "axes"), "axes")
    try t.checkRank(t.rank(of: x) + given.count)
    let axes = try t.axes(given, rank: t.rank(of: x) + given.count)
    var extents = t.shape(of: x)
    for axis in axes.sorted() { extents.insert(1, at: axis) }
    return try t.reshape(x, extents)
  }

  private static func split(_ t: NodeImport) throws -> [Operand?] {
    let x = try t.input(0)
    let axis = try t.axis(try t.integer("axis", default: 0), rank: t.rank(of: x))
    let extent = t.shape(of: x)[axis]
    let count = try t.integer("num_outputs") ?? t.node.outputs.count
    var parts = try t.integersInput(1, "split") ?? []
    if parts.isEmpty {
      guard count > 0, count <= t.node.outputs.count else {
        throw ImportFailure("it splits into \(count) parts")
      }
      // The last part is the smaller one where the extent is not divided evenly.
      let part = (extent + count - 1) / count
      parts = (0..<count).map { Swift.min(part, Swift.max(0, extent - $0 * part)) }
    }
    guard parts.allSatisfy({ $0 >= 0 && $0 <= extent }), parts.reduce(0, +) == extent else {
      throw ImportFailure("it splits axis \(axis) of \(t.type(of: x)) into \(parts)")
    }
    var start = 0
    return try parts.map { part in
      defer { start += part }
      return try t.slice(x, axis: axis, start..<start + part)
    }
  }

  /// Bounds are cut to the axis; negative ones count from its end. A negative step goes backward.
  private static func slice(_ t: NodeImport) throws -> Operand {
    var x = try t.input(0)
    let starts = try required(t.integersInput(1, "starts"), "starts")
    let ends = try required(t.integersInput(2, "ends"), "ends")
    let given = try t.integersInput(3, "axes") ?? Array(starts.indices)
    let axes = try t.axes(given, rank: t.rank(of: x))
    let steps = try t.integersInput(4, "steps") ?? starts.map { _ in 1 }
    guard ends.count == starts.count, axes.count == starts.count, steps.count == starts.count else {
      throw ImportFailure(
        "it has \(starts.count) starts, \(ends.count) ends, \(axes.count) axes and"
          + " \(steps.count) steps")
    }
    for (index, axis) in axes.enumerated() {
      let extent = t.shape(of: x)[axis]
      let step = steps[index]
      guard step != 0, step != .min else { throw ImportFailure("it steps by \(step)") }
      func bound(_ given: Int, _ range: ClosedRange<Int>) -> Int {
        let counted = given < 0 ? given &+ extent : given
        return Swift.min(Swift.max(counted, range.lowerBound), range.upperBound)
      }
      if step > 0 {
        let start = bound(starts[index], 0...extent)
        let end = bound(ends[index], 0...extent)
        x = try t.slice(
          x, axis: axis, start..<Swift.max(start, end), step: Swift.min(step, Swift.max(extent, 1)))
      } else {
        guard extent > 0 else { continue }
        // Only the end may lie before the first element.
        let start = bound(starts[index], 0...(extent - 1))
        let end = bound(ends[index], -1...(extent - 1))
        // The same elements, counted from the other end.
        let range = (extent - 1 - start)..<Swift.max(extent - 1 - start, extent - 1 - end)
        x = try t.slice(
          try t.apply(Reverse([axis]), x), axis: axis, range, step: Swift.min(-step, extent))
      }
    }
    return x
  }

  /// Copies along an axis are a broadcast along a new one in front of it.
  private static func tile(_ t: NodeImport) throws -> Operand {
    var x = try t.input(0)
    let repeats = try required(t.integersInput(1, "repeats"), "repeats")
    let rank = t.rank(of: x)
    guard repeats.count == rank, repeats.allSatisfy({ $0 >= 0 }) else {
      throw ImportFailure("it repeats \(t.type(of: x)) \(repeats) times")
    }
    for axis in 0..<rank where repeats[axis] != 1 {
      let extents = t.shape(of: x)
      var apart = extents
      apart.insert(1, at: axis)
      var copied = apart
      copied[axis] = repeats[axis]
      guard Shape.checked(copied) != nil else {
        throw ImportFailure("it repeats \(t.type(of: x)) \(repeats) times, which no memory holds")
      }
      var joined = extents
      joined[axis] *= repeats[axis]
      x = try t.reshape(try t.broadcast(try t.reshape(x, apart), to: copied), joined)
    }
    return x
  }

  private static func pad(_ t: NodeImport) throws -> Operand {
    var x = try t.input(0)
    let rank = t.rank(of: x)
    let mode = try t.choice("mode", ["constant", "reflect", "edge", "wrap"])
    let pads = try required(t.integersInput(1, "pads"), "pads")
    let axes = try t.axes(
      try t.integersInput(3, "axes") ?? Array(0..<rank), rank: rank)
    let limit = Int(Int32.max)
    guard pads.count == 2 * axes.count, pads.allSatisfy({ abs($0.clampedMagnitude) <= limit })
    else {
      throw ImportFailure("it pads \(axes.count) axes by \(pads)")
    }
    let low = Array(pads[..<axes.count])
    let high = Array(pads[axes.count...])
    let value = try t.scalarInput(2, "value") ?? 0
    for (index, axis) in axes.enumerated() {
      // What is negative is cut off.
      let extent = t.shape(of: x)[axis]
      let start = Swift.max(0, -low[index])
      let end = extent - Swift.max(0, -high[index])
      guard start <= end else {
        throw ImportFailure("it cuts \(-low[index]) and \(-high[index]) off \(t.type(of: x))")
      }
      x = try t.slice(x, axis: axis, start..<end)
      let (before, after) = (Swift.max(0, low[index]), Swift.max(0, high[index]))
      if mode == "constant" {
        x = try t.pad(x, axes: [axis], low: [before], high: [after], value: value)
      } else {
        x = try t.gather(
          x, try sources(mode, extent: end - start, before: before, after: after), axis: axis)
      }
    }
    return x
  }

  /// What each position of a padded axis reads.
  private static func sources(
    _ mode: String, extent: Int, before: Int, after: Int
  ) throws -> [Int] {
    guard extent > 0 || before + after == 0, before + after + extent <= 1 << 20 else {
      throw ImportFailure("it pads an axis of extent \(extent) by \(before) and \(after)")
    }
    return (-before..<extent + after).map { place in
      switch mode {
      case "edge": return Swift.min(Swift.max(place, 0), extent - 1)
      case "wrap": return (place % extent + extent) % extent
      default:  // reflect: back and forth without repeating the ends
        let period = Swift.max(1, 2 * (extent - 1))
        let folded = (place % period + period) % period
        return folded < extent ? folded : period - folded
      }
    }
  }

  private static func trilu(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let rank = t.rank(of: x)
    guard rank >= 2 else { throw ImportFailure("it takes matrices, got \(t.type(of: x))") }
    let matrix = Array(t.shape(of: x).suffix(2))
    let shift = try t.scalarInput(1, "diagonal") ?? 0
    let diagonal = try t.add(try t.iota(matrix, axis: 0), shift.clamped(to: -0x1p40...0x1p40))
    let column = try t.iota(matrix, axis: 1)
    let isUpper = try t.flag("upper", default: true)
    let keeps = try t.elementwise(isUpper ? GreaterEqual() : LessEqual(), column, diagonal)
    return try t.select(keeps, x, t.number(0, like: x))
  }

  private static func block(_ t: NodeImport, _ x: Operand) throws -> Int {
    let size = try required(try t.integer("blocksize"), "attribute 'blocksize'")
    guard t.rank(of: x) == 4, (1...Int(Int16.max)).contains(size) else {
      throw ImportFailure("it moves blocks of \(size) in \(t.type(of: x))")
    }
    return size
  }

  private static func depthToSpace(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let size = try block(t, x)
    let (n, c, h, w) = (t.shape(of: x)[0], t.shape(of: x)[1], t.shape(of: x)[2], t.shape(of: x)[3])
    let depth = c / (size * size)
    let parts: Operand
    if try t.choice("mode", ["DCR", "CRD"]) == "DCR" {
      parts = try t.transpose(
        try t.reshape(x, [n, size, size, depth, h, w]), [0, 3, 4, 1, 5, 2])
    } else {
      parts = try t.transpose(
        try t.reshape(x, [n, depth, size, size, h, w]), [0, 1, 4, 2, 5, 3])
    }
    return try t.reshape(parts, [n, depth, h * size, w * size])
  }

  private static func spaceToDepth(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let size = try block(t, x)
    let (n, c, h, w) = (t.shape(of: x)[0], t.shape(of: x)[1], t.shape(of: x)[2], t.shape(of: x)[3])
    let parts = try t.reshape(x, [n, c, h / size, size, w / size, size])
    let order =
      try t.choice("mode", ["DCR", "CRD"]) == "DCR" ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4]
    return try t.reshape(
      try t.transpose(parts, order), [n, c * size * size, h / size, w / size])
  }

  private static func centerCropPad(_ t: NodeImport) throws -> Operand {
    var x = try t.input(0)
    let target = try required(t.integersInput(1, "shape"), "shape")
    let axes = try t.axes(
      try t.integers("axes") ?? Array(0..<t.rank(of: x)), rank: t.rank(of: x))
    guard target.count == axes.count, target.allSatisfy({ (0...Int(Int32.max)).contains($0) })
    else { throw ImportFailure("it crops \(axes.count) axes to \(target)") }
    for (axis, wanted) in zip(axes, target) {
      let extent = t.shape(of: x)[axis]
      let difference = extent - wanted
      if difference > 0 {
        x = try t.slice(x, axis: axis, difference / 2..<difference / 2 + wanted)
      } else {
        x = try t.pad(
          x, axes: [axis], low: [-difference / 2], high: [-difference - -difference / 2])
      }
    }
    return x
  }
}

extension Double {
  fileprivate func clamped(to range: ClosedRange<Double>) -> Double {
    Swift.min(Swift.max(self, range.lowerBound), range.upperBound)
  }
}

extension Int {
  /// The magnitude, the largest number for that of the least.
  fileprivate var clampedMagnitude: Int { self == .min ? .max : Swift.abs(self) }
}
