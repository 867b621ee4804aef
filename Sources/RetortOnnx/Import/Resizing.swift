import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let resizings: [OnnxOperator] = [
    .one(
      "Resize",
      limits: "an axis to at most \(ResizeSampling.outputLimit) positions of at most "
        + "\(ResizeSampling.tapLimit) elements each, \(ResizeSampling.readLimit) in all",
      resize)
  ]

  private static func resize(_ t: NodeImport) throws -> Operand {
    var x = try t.input(0)
    let rank = t.rank(of: x)
    let axes = try t.axes(try t.integers("axes") ?? Array(0..<rank), rank: rank)
    let sampling = try ResizeSampling(t)
    let plan = try extents(t, x, axes)
    let region = try region(t, axes, sampling)
    for (scale, output) in plan where !scale.isFinite || scale <= 0 || output < 1 {
      throw ImportFailure("it resizes \(t.type(of: x)) by \(scale) to \(output)")
    }
    if let y = try croppedResize(t, x, axes, plan, sampling) { return y }
    for (index, axis) in axes.enumerated() {
      let line = ResizeAxis(
        extent: t.shape(of: x)[axis], scale: plan[index].scale, output: plan[index].output,
        region: region.map { ($0[index], $0[axes.count + index]) })
      if line.isIdentity { continue }
      guard line.extent > 0 else {
        throw ImportFailure("it resizes \(t.type(of: x)), which has no elements")
      }
      x = try sampled(t, x, axis: axis, try sampling.taps(line), sampling.extrapolation)
    }
    return x
  }

  /// The scale and the extent of each axis, from scales or from extents.
  private static func extents(
    _ t: NodeImport, _ x: Operand, _ axes: [Int]
  ) throws -> [(scale: Double, output: Int)] {
    let own = axes.map { Double(t.shape(of: x)[$0]) }
    let policy = try t.choice(
      "keep_aspect_ratio_policy", ["stretch", "not_larger", "not_smaller"])
    let scales = try t.knownInput(2, "scales")?.doubles ?? []
    let sizes = try t.integersInput(3, "sizes") ?? []
    guard own.allSatisfy({ $0 > 0 }), scales.isEmpty || scales.count == axes.count,
      sizes.isEmpty || sizes.count == axes.count, scales.isEmpty != sizes.isEmpty
    else {
      throw ImportFailure(
        "it resizes \(axes.count) axes of \(t.type(of: x)) with \(scales.count) scales and"
          + " \(sizes.count) sizes; one of the two is needed, with an entry an axis")
    }
    let limit = Double(WindowAxis.limit)
    func bounded(_ extent: Double) throws -> Int {
      guard extent >= 1, extent <= limit else {
        throw ImportFailure("it resizes \(t.type(of: x)) to an extent of \(extent)")
      }
      return Int(extent)
    }
    if !scales.isEmpty {
      // Scales are floats, and so is the product: 10 by 0.7 is 7.
      return try zip(scales, own).map { scale, extent in
        (scale, try bounded(Double((Float(scale) * Float(extent)).rounded(.down))))
      }
    }
    let ratios = zip(sizes, own).map { Double($0) / $1 }
    if policy == "stretch" { return try zip(ratios, sizes).map { ($0, try bounded(Double($1))) } }
    let scale = policy == "not_larger" ? ratios.min()! : ratios.max()!
    return try own.map { (scale, try bounded((scale * $0 + 0.5).rounded(.down))) }
  }

  private static func region(
    _ t: NodeImport, _ axes: [Int], _ sampling: ResizeSampling
  ) throws -> [Double]? {
    guard sampling.usesRegion else {
      t.ignore(inputs: [1])
      return nil
    }
    let region = try required(t.knownInput(1, "region"), "region").doubles
    guard region.count == 2 * axes.count, region.allSatisfy(\.isFinite) else {
      throw ImportFailure("its region has \(region.count) numbers for \(axes.count) axes")
    }
    return region
  }

  /// By the operation for images, where the sampling is its own.
  private static func croppedResize(
    _ t: NodeImport, _ x: Operand, _ axes: [Int], _ plan: [(scale: Double, output: Int)],
    _ sampling: ResizeSampling
  ) throws -> Operand? {
    let extents = t.shape(of: x)
    guard extents.count == 4, t.element(of: x).isReal, sampling.isPlainLinear else { return nil }
    var outputs = extents
    for (axis, entry) in zip(axes, plan) {
      guard entry.scale == Double(entry.output) / Double(extents[axis]) else { return nil }
      outputs[axis] = entry.output
    }
    guard outputs[..<2] == extents[..<2], outputs[2...].allSatisfy({ $0 > 1 }) else { return nil }
    let box = HostTensor([4], [0, 0, Double(extents[2]), Double(extents[3])])
    let boxes = try t.broadcast(
      .known(box.converted(to: t.element(of: x))), to: [extents[0], 4])
    return try t.apply(CropResize(height: outputs[2], width: outputs[3]), x, boxes)
  }

  /// A sum of picked and weighted elements along an axis.
  private static func sampled(
    _ t: NodeImport, _ x: Operand, axis: Int, _ taps: ResizeTaps, _ extrapolation: Double
  ) throws -> Operand {
    let column = [taps.count] + [Int](repeating: 1, count: t.rank(of: x) - axis - 1)
    let element = t.element(of: x)
    // Weights are reals; so are the sums of integers until they are rounded back.
    let source = taps.isPick || element.isReal ? x : try t.convert(x, .f32)
    func part(_ tap: (sources: [Int], weights: [Double])) throws -> Operand {
      let picked = try t.gather(source, tap.sources, axis: axis)
      guard tap.weights.contains(where: { $0 != 1 }) else { return picked }
      let factors = Operand.known(
        HostTensor(Shape(column), tap.weights).converted(to: t.element(of: source)))
      return try t.mul(picked, factors)
    }
    var sum = try part(taps.taps[0])
    for tap in taps.taps.dropFirst() { sum = try t.add(sum, part(tap)) }
    var y = try t.convert(sum, element)
    if taps.isOutside.contains(true) {
      let mask = Operand.known(HostTensor(Shape(column), taps.isOutside))
      y = try t.select(mask, t.number(extrapolation, like: y), y)
    }
    return y
  }
}

/// One axis of a resize.
struct ResizeAxis {
  let extent: Int
  let scale: Double
  let output: Int
  /// Start and end of the region that is resized, in units of the axis.
  let region: (start: Double, end: Double)?

  var isIdentity: Bool { scale == 1 && output == extent && (region ?? (0, 1)) == (0, 1) }
}

/// What each position of the result reads: one tap or more, each with a source and a weight a
/// position.
struct ResizeTaps {
  var taps: [(sources: [Int], weights: [Double])]
  var isOutside: [Bool]

  var count: Int { isOutside.count }
  /// Whether every position reads one element as it is.
  var isPick: Bool { taps.count == 1 && taps[0].weights.allSatisfy { $0 == 1 } }
}

/// Where and how a resize reads, as its attributes say.
struct ResizeSampling {
  private let mode: String
  private let coordinates: String
  private let rounding: String
  private let antialias: Bool
  private let cubicCoefficient: Double
  private let excludesOutside: Bool
  let extrapolation: Double

  init(_ t: NodeImport) throws {
    mode = try t.choice("mode", ["nearest", "linear", "cubic"])
    coordinates = try t.choice(
      "coordinate_transformation_mode",
      [
        "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
        "tf_crop_and_resize",
      ])
    rounding = try t.choice(
      "nearest_mode", ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    antialias = try t.flag("antialias", default: false)
    cubicCoefficient = try t.float("cubic_coeff_a", default: -0.75)
    excludesOutside = try t.flag("exclude_outside", default: false)
    extrapolation = try t.float("extrapolation_value", default: 0)
  }

  var usesRegion: Bool { coordinates == "tf_crop_and_resize" }

  /// Whether this is what `crop_resize` does.
  var isPlainLinear: Bool {
    mode == "linear" && !antialias && !excludesOutside
      && (coordinates == "half_pixel" || coordinates == "pytorch_half_pixel")
  }

  /// The place on the axis that a position of the result comes from.
  private func place(_ position: Int, _ axis: ResizeAxis) -> Double {
    let (o, extent, width) = (Double(position), Double(axis.extent), Double(axis.output))
    switch coordinates {
    case "align_corners": return width == 1 ? 0 : o * (extent - 1) / (width - 1)
    case "asymmetric": return o / axis.scale
    case "tf_crop_and_resize":
      let (start, end) = axis.region!
      let inside =
        width == 1
        ? (end - start) * (extent - 1) / 2 : o * (end - start) * (extent - 1) / (width - 1)
      return start * (extent - 1) + inside
    case "pytorch_half_pixel": return width == 1 ? 0 : (o + 0.5) / axis.scale - 0.5
    case "half_pixel_symmetric":
      // Of the extent before it was rounded.
      let offset = extent / 2 * (1 - width / (axis.scale * extent))
      return offset + (o + 0.5) / axis.scale - 0.5
    default: return (o + 0.5) / axis.scale - 0.5
    }
  }

  static let tapLimit = 512
  /// Positions of one axis: what each reads is written down.
  static let outputLimit = 1 << 16
  /// Elements that all positions of one axis read.
  static let readLimit = 1 << 21

  func taps(_ axis: ResizeAxis) throws -> ResizeTaps {
    guard axis.output <= Self.outputLimit else {
      throw ImportFailure("it resizes an axis to \(axis.output), more than \(Self.outputLimit)")
    }
    let places = (0..<axis.output).map { place($0, axis) }
    guard places.allSatisfy({ abs($0) <= 0x1p40 }) else {
      throw ImportFailure("it resizes an axis by \(axis.scale), which reads far outside of it")
    }
    let isOutside = places.map { usesRegion && ($0 < 0 || $0 > Double(axis.extent - 1)) }
    func inside(_ index: Int) -> Int { min(max(index, 0), axis.extent - 1) }
    if mode == "nearest" {
      let sources = places.map { inside(nearest($0)) }
      return ResizeTaps(
        taps: [(sources, sources.map { _ in 1 })], isOutside: isOutside)
    }
    // With antialiasing the kernel is stretched over what a position of a smaller image covers.
    let stretch = antialias ? min(axis.scale, 1) : 1
    let radius = (mode == "linear" ? 1 : 2) / stretch
    guard radius <= Double(Self.tapLimit / 2) else {
      throw ImportFailure("it shrinks an axis of extent \(axis.extent) to \(axis.output)")
    }
    let offsets = (1 - Int(radius.rounded(.up)))...Int(radius.rounded(.up))
    guard axis.output * offsets.count <= Self.readLimit else {
      throw ImportFailure(
        "it makes \(axis.output) positions of \(offsets.count) elements each on an axis, more"
          + " than \(Self.readLimit) in all")
    }
    var taps = offsets.map { _ in (sources: [Int](), weights: [Double]()) }
    for place in places {
      let base = Int(place.rounded(.down))
      var weights = offsets.map { kernel((Double(base + $0) - place) * stretch) }
      if excludesOutside {
        for (index, offset) in offsets.enumerated() where inside(base + offset) != base + offset {
          weights[index] = 0
        }
      }
      let sum = weights.reduce(0, +)
      if (excludesOutside || antialias) && sum != 0 { weights = weights.map { $0 / sum } }
      for (index, offset) in offsets.enumerated() {
        taps[index].sources.append(inside(base + offset))
        taps[index].weights.append(weights[index])
      }
    }
    // One stays, however far outside all positions lie.
    let last = taps.removeLast()
    taps.removeAll { tap in tap.weights.allSatisfy { $0 == 0 } }
    if taps.isEmpty || !last.weights.allSatisfy({ $0 == 0 }) { taps.append(last) }
    return ResizeTaps(taps: taps, isOutside: isOutside)
  }

  private func nearest(_ place: Double) -> Int {
    switch rounding {
    case "round_prefer_ceil": Int((place + 0.5).rounded(.down))
    case "floor": Int(place.rounded(.down))
    case "ceil": Int(place.rounded(.up))
    default: Int((place - 0.5).rounded(.up))
    }
  }

  /// The weight at a distance: a triangle, or Keys' cubic of 1981.
  private func kernel(_ distance: Double) -> Double {
    let x = abs(distance)
    if mode == "linear" { return max(0, 1 - x) }
    let a = cubicCoefficient
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
    return 0
  }
}
