import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let samplings: [OnnxOperator] = [
    .one("GridSample", since: 16, limits: "2 and 3 spatial axes", gridSample),
    .one("AffineGrid", since: 20, affineGrid),
  ]

  /// Places on an image turned by a matrix: `theta · (x, y, 1)` for each place of the result.
  private static func affineGrid(_ t: NodeImport) throws -> Operand {
    let theta = try t.input(0)
    let size = try required(t.integersInput(1, "size"), "size")
    let rank = size.count - 2
    guard (2...3).contains(rank), t.shape(of: theta) == [size[0], rank, rank + 1],
      size.allSatisfy({ (1...WindowAxis.limit).contains($0) }), Shape.checked(size) != nil
    else { throw ImportFailure("it turns a grid of \(size) by \(t.type(of: theta))") }
    let isAligned = try t.flag("align_corners", default: false)
    let extents = Array(size[2...])
    let element = t.element(of: theta)
    let count = extents.reduce(1, *)
    // x counts along the last axis.
    var columns = try extents.indices.reversed().map { axis -> Operand in
      let extent = Double(extents[axis])
      let place = try t.convert(try t.iota(extents, axis: axis), element)
      let step = isAligned ? 2 / Swift.max(1, extent - 1) : 2 / extent
      let first = isAligned ? -1 : 1 / extent - 1
      return try t.reshape(try t.add(try t.mul(place, step), first), [count, 1])
    }
    columns.append(try t.apply(Fill(1, [count, 1], element)))
    let grid = try t.apply(
      MatMul(transposeA: false, transposeB: true), try t.concatenate(columns, axis: 1), theta)
    return try t.reshape(grid, [size[0]] + extents + [rank])
  }

  /// For each place of the grid the sum of weighted pixels around it.
  private static func gridSample(_ t: NodeImport) throws -> Operand {
    let (x, grid) = (try t.input(0), try t.input(1))
    try WindowAttributes.checkImage(t, x, rank: 2...3)
    let rank = t.rank(of: x) - 2
    let (image, places) = (t.shape(of: x), t.shape(of: grid))
    guard places.count == rank + 2, places.last == rank, places[0] == image[0],
      !image.contains(0)
    else { throw ImportFailure("it reads \(t.type(of: x)) at \(t.type(of: grid))") }
    let sampling = try GridSampling(t)
    let leading = Array(places.dropLast())
    let axes = try (0..<rank).map { axis -> [GridTap] in
      // The grid has the last axis first.
      let column = rank - 1 - axis
      let coordinate = try t.slice(grid, axis: rank + 1, column..<column + 1)
      return try sampling.taps(
        t, try t.reshape(coordinate, leading), extent: image[axis + 2])
    }
    let strides = Shape(Array(image[2...])).strides
    let pixels = try t.reshape(
      try t.move(x, axis: 1, to: rank + 1), [image[0] * image[2...].reduce(1, *), image[1]])
    let batch = try t.mul(
      try t.iota(leading, axis: 0), Double(image[2...].reduce(1, *)))
    var sum: Operand?
    func visit(_ axis: Int, _ place: Operand, _ weight: Operand?) throws {
      guard axis < rank else {
        var part = try t.apply(Gather(), pixels, place)
        if let weight { part = try t.mul(part, try t.reshape(weight, leading + [1])) }
        sum = try sum.map { try t.add($0, part) } ?? part
        return
      }
      for tap in axes[axis] {
        let next = try t.add(place, try t.mul(tap.index, Double(strides[axis])))
        let product = try weight.flatMap { weight in
          try tap.weight.map { try t.mul(weight, $0) }
        }
        try visit(axis + 1, next, product ?? weight ?? tap.weight)
      }
    }
    try visit(0, batch, nil)
    return try t.move(sum!, axis: rank + 1, to: 1)
  }
}

/// A pixel along one axis that places of a grid read: its index and its weight, nil for 1.
private struct GridTap {
  let index: Operand
  let weight: Operand?
}

/// How places between pixels and outside the image are read.
private struct GridSampling {
  private let mode: String
  private let padding: String
  private let isAligned: Bool

  init(_ t: NodeImport) throws {
    mode = try t.choice("mode", ["linear", "bilinear", "nearest", "cubic", "bicubic"])
    padding = try t.choice("padding_mode", ["zeros", "border", "reflection"])
    isAligned = try t.flag("align_corners", default: false)
  }

  private var isCubic: Bool { mode.hasSuffix("cubic") }

  /// The pixels along an axis that coordinates from −1 to 1 read.
  func taps(_ t: NodeImport, _ coordinate: Operand, extent: Int) throws -> [GridTap] {
    let length = Double(extent)
    let (low, high) = isAligned ? (0, length - 1) : (-0.5, length - 0.5)
    let scale = (isAligned ? length - 1 : length) / 2
    var place = try t.add(try t.mul(try t.add(coordinate, 1), scale), isAligned ? 0 : -0.5)
    if mode == "nearest" { place = try t.apply(Round(), place) }
    // Of a cubic each pixel is brought back, the place is not.
    if !isCubic { place = try padded(t, place, low: low, high: high, extent: extent) }
    let base = try t.apply(Floor(), place)
    let fraction = try t.sub(place, base)
    let offsets = mode == "nearest" ? 0...0 : isCubic ? -1...2 : 0...1
    return try offsets.map { offset in
      let index = try t.add(base, Double(offset))
      var weight = try weight(t, fraction, offset)
      let (first, last) = (t.number(0, like: index), t.number(length - 1, like: index))
      if padding == "zeros" {
        let inside = try t.convert(
          try t.elementwise(
            And(), try t.elementwise(GreaterEqual(), index, first),
            try t.elementwise(LessEqual(), index, last)), t.element(of: index))
        weight = try weight.map { try t.mul($0, inside) } ?? inside
      }
      let reflected =
        padding == "reflection" ? try reflect(t, index, low: low, high: high) : index
      let clamped = try t.elementwise(Clamp(), reflected, first, last)
      return GridTap(index: try t.convert(clamped, .i64), weight: weight)
    }
  }

  /// A place beyond the border of the image, brought back; zeros are read where they are.
  private func padded(
    _ t: NodeImport, _ place: Operand, low: Double, high: Double, extent: Int
  ) throws -> Operand {
    switch padding {
    case "reflection": return try reflect(t, place, low: low, high: high)
    case "border":
      let outside = try t.elementwise(
        Or(), try t.elementwise(Less(), place, t.number(low, like: place)),
        try t.elementwise(Greater(), place, t.number(high, like: place)))
      let clamped = try t.elementwise(
        Clamp(), place, t.number(0, like: place), t.number(Double(extent - 1), like: place))
      return try t.select(outside, clamped, place)
    default: return place
    }
  }

  /// Back and forth between two borders.
  private func reflect(
    _ t: NodeImport, _ place: Operand, low: Double, high: Double
  ) throws -> Operand {
    let width = high - low
    guard width > 0 else { return try t.add(try t.mul(place, 0), low) }
    let distance = try t.apply(Abs(), try t.add(place, -low))
    let turns = try t.apply(Floor(), try t.mul(distance, 1 / width))
    let rest = try t.sub(distance, try t.mul(turns, width))
    let even = try t.mul(try t.apply(Floor(), try t.mul(turns, 0.5)), 2)
    let isBackward = try t.elementwise(Greater(), turns, even)
    return try t.select(
      isBackward, try t.add(try t.apply(Neg(), rest), high), try t.add(rest, low))
  }

  /// The weight of the pixel at an offset from the one before the place.
  private func weight(_ t: NodeImport, _ fraction: Operand, _ offset: Int) throws -> Operand? {
    if mode == "nearest" { return nil }
    let distance = try t.apply(Abs(), try t.add(fraction, -Double(offset)))
    guard isCubic else {
      return try t.add(try t.apply(Neg(), distance), 1)
    }
    // Keys' cubic of 1981 with a = −0.75: one polynomial up to a distance of 1, another beyond.
    let coefficients =
      (0...1).contains(offset) ? [1.25, -2.25, 0, 1] : [-0.75, 3.75, -6, 3]
    var sum = t.number(coefficients[0], like: fraction)
    for coefficient in coefficients.dropFirst() {
      sum = try t.add(try t.mul(sum, distance), coefficient)
    }
    return sum
  }
}
