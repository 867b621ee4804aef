import RetortIR
import RetortOps
import RetortTensor

extension OnnxOperator {
  static let indexing: [OnnxOperator] = [
    .one("Gather", gather), .one("GatherElements", gatherElements), .one("GatherND", gatherND),
    .one("ScatterElements", limits: "known indices, unless it adds", scatterElements),
    .one("ScatterND", limits: "known indices, unless it adds", scatterND),
    .one("OneHot", oneHot),
    .one("Compress", limits: "known condition") { t in
      let x = try t.input(0)
      let axis = try t.integer("axis").map { try t.axis($0, rank: t.rank(of: x)) }
      let condition = try required(t.integersInput(1, "condition"), "condition")
      let source = axis == nil ? try t.reshape(x, [t.type(of: x).elementCount]) : x
      let extent = t.shape(of: source)[axis ?? 0]
      let chosen = condition.indices.filter { condition[$0] != 0 && $0 < extent }
      return try t.gather(source, chosen, axis: axis ?? 0)
    },
    .one("NonZero", limits: "known input") { t in
      let tensor = try required(t.knownInput(0, "input"), "input")
      // What it finds is as large as what is looked at, an axis, and that each time it is looked at.
      try t.importer.writeDown(tensor.elementCount)
      let numbers = tensor.doubles
      let places = numbers.indices.filter { numbers[$0] != 0 }
      let (extents, strides) = (tensor.shape.extents, tensor.shape.strides)
      try t.importer.writeDown(places.count * extents.count)
      let rows = extents.indices.flatMap { axis in
        places.map { Int64($0 / strides[axis] % extents[axis]) }
      }
      return .known(HostTensor([extents.count, places.count], rows))
    },
  ]

  /// A single known index is a slice, which other operations see through.
  private static func gather(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let axis = try t.axis(try t.integer("axis", default: 0), rank: t.rank(of: x))
    let extents = t.shape(of: x)
    let indices = try counted(t, t.input(1), extent: extents[axis])
    if case .known(let known) = indices, known.tensor.elementCount == 1 {
      let index = try NodeImport.integers(known.tensor, "indices")[0]
      let place = index < 0 ? index + extents[axis] : index
      return try t.reshape(
        try t.slice(x, axis: axis, place..<place + 1),
        extents[..<axis] + known.tensor.shape.extents + extents[(axis + 1)...])
    }
    return try t.apply(Gather(axis: axis), x, indices)
  }

  /// Indices that may count from the end, as indices from the start.
  private static func counted(
    _ t: NodeImport, _ indices: Operand, extent: Int
  ) throws -> Operand {
    let element = t.element(of: indices)
    guard element == .i32 || element == .i64 else {
      throw ImportFailure("its indices are \(t.type(of: indices)), where integers are expected")
    }
    if let known = t.importer.tensor(of: indices) {
      let numbers = try NodeImport.integers(known, "indices")
      if let odd = numbers.first(where: { $0 >= extent || $0 < -extent }) {
        throw ImportFailure("its index \(odd) is outside an axis of extent \(extent)")
      }
      if numbers.allSatisfy({ $0 >= 0 }) { return indices }
    }
    let isNegative = try t.elementwise(Less(), indices, t.number(0, like: indices))
    return try t.select(isNegative, try t.add(indices, Double(extent)), indices)
  }

  /// For each element of `indices` the place in a flattened tensor whose axis is counted by it.
  private static func flatPlaces(
    _ t: NodeImport, _ indices: Operand, in shape: Shape, axis: Int
  ) throws -> Operand {
    let extents = t.shape(of: indices)
    guard extents.count == shape.rank,
      extents.indices.allSatisfy({ $0 == axis || extents[$0] <= shape[$0] })
    else {
      throw ImportFailure("its indices are \(t.type(of: indices)) for a tensor of \(shape)")
    }
    let strides = shape.strides
    let own = try t.convert(try counted(t, indices, extent: shape[axis]), .i64)
    var places = try t.mul(own, Double(strides[axis]))
    for other in extents.indices where other != axis && extents[other] > 1 {
      places = try t.add(
        places, try t.mul(try t.iota(extents, axis: other), Double(strides[other])))
    }
    return places
  }

  private static func gatherElements(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let axis = try t.axis(try t.integer("axis", default: 0), rank: t.rank(of: x))
    let places = try flatPlaces(t, t.input(1), in: t.type(of: x).shape, axis: axis)
    return try t.apply(Gather(), try t.reshape(x, [t.type(of: x).elementCount]), places)
  }

  /// For each row of `indices` the number of the slice that it names, of those along the first axes.
  private static func sliceNumbers(
    _ t: NodeImport, _ indices: Operand, in extents: [Int]
  ) throws -> Operand {
    let strides = Shape(extents).strides
    let last = t.rank(of: indices) - 1
    let leading = Array(t.shape(of: indices).dropLast())
    var sum = try t.apply(Fill(0, Shape(leading), .i64))
    for (column, extent) in extents.enumerated() {
      let part = try t.reshape(try t.slice(indices, axis: last, column..<column + 1), leading)
      let own = try t.convert(try counted(t, part, extent: extent), .i64)
      sum = try t.add(sum, try t.mul(own, Double(strides[column])))
    }
    return sum
  }

  private static func gatherND(_ t: NodeImport) throws -> Operand {
    let (x, indices) = (try t.input(0), try t.input(1))
    let batch = try t.integer("batch_dims", default: 0)
    let (own, rows) = (t.shape(of: x), t.shape(of: indices))
    guard let depth = rows.last, batch >= 0, batch < rows.count, batch < own.count,
      depth >= 1, depth <= own.count - batch,
      own[..<batch].elementsEqual(rows[..<batch])
    else {
      throw ImportFailure("its indices are \(t.type(of: indices)) for \(t.type(of: x))")
    }
    let indexed = Array(own[batch..<batch + depth])
    let rest = Array(own[(batch + depth)...])
    var numbers = try sliceNumbers(t, indices, in: indexed)
    let count = indexed.reduce(1, *)
    // Slices of a batch's images lie one behind the other.
    var stride = count
    for axis in (0..<batch).reversed() {
      numbers = try t.add(
        numbers, try t.mul(try t.iota(t.shape(of: numbers), axis: axis), Double(stride)))
      stride *= own[axis]
    }
    let slices = try t.reshape(x, [stride] + rest)
    return try t.apply(Gather(), slices, numbers)
  }

  private static func scatterElements(_ t: NodeImport) throws -> Operand {
    let x = try t.input(0)
    let axis = try t.axis(try t.integer("axis", default: 0), rank: t.rank(of: x))
    let places = try flatPlaces(t, t.input(1), in: t.type(of: x).shape, axis: axis)
    let count = t.type(of: x).elementCount
    let updates = try t.reshape(t.input(2), [t.type(of: places).elementCount])
    let flat = try t.reshape(x, [count])
    return try t.reshape(try scatter(t, updates, places, into: flat), t.shape(of: x))
  }

  private static func scatterND(_ t: NodeImport) throws -> Operand {
    let (x, indices) = (try t.input(0), try t.input(1))
    let own = t.shape(of: x)
    guard let depth = t.shape(of: indices).last, depth >= 1, depth <= own.count else {
      throw ImportFailure("its indices are \(t.type(of: indices)) for \(t.type(of: x))")
    }
    let rest = Array(own[depth...])
    let numbers = try sliceNumbers(t, indices, in: Array(own[..<depth]))
    let updates = try t.reshape(t.input(2), [t.type(of: numbers).elementCount] + rest)
    let slices = try t.reshape(x, [own[..<depth].reduce(1, *)] + rest)
    return try t.reshape(try scatter(t, updates, numbers, into: slices), own)
  }

  /// Slices of which it is written down whether they are replaced.
  private static let maskLimit = 1 << 24

  /// `x` with slices of the first axis replaced, or combined with what was there. Of slices that
  /// replace one place the last counts, as where they are written in order.
  private static func scatter(
    _ t: NodeImport, _ updates: Operand, _ places: Operand, into x: Operand
  ) throws -> Operand {
    let extent = t.shape(of: x)[0]
    let reduction = try t.choice("reduction", ["none", "add", "mul", "max", "min"])
    let flat = try t.reshape(places, [t.type(of: places).elementCount])
    if reduction == "add" {
      return try t.add(x, try t.apply(ScatterAdd(axis: 0, extent: extent), updates, flat))
    }
    let numbers = try NodeImport.integers(try t.known(flat, "indices"), "indices")
    guard extent <= maskLimit else {
      throw ImportFailure("it replaces some of \(extent) slices, more than \(maskLimit)")
    }
    if let odd = numbers.first(where: { !(0..<extent).contains($0) }) {
      throw ImportFailure("it replaces slice \(odd) of \(extent)")
    }
    let ops: [String: any TensorOp] = ["mul": Mul(), "max": Maximum(), "min": Minimum()]
    var y = x
    for turn in try turns(numbers, keepsLast: reduction == "none") {
      let targets = Operand.integers(turn.map { numbers[$0] })
      let spread = try t.apply(
        ScatterAdd(axis: 0, extent: extent), try t.gather(updates, turn, axis: 0), targets)
      var mask = [Bool](repeating: false, count: extent)
      for index in turn { mask[numbers[index]] = true }
      let isNew = Operand.known(
        HostTensor(Shape([extent] + t.shape(of: x).dropFirst().map { _ in 1 }), mask))
      let combined = try ops[reduction].map { try t.elementwise($0, y, spread) } ?? spread
      y = try t.select(isNew, combined, y)
    }
    return y
  }

  /// The updates in turns, none of which names a place twice.
  private static func turns(_ places: [Int], keepsLast: Bool) throws -> [[Int]] {
    if keepsLast {
      var writer: [Int: Int] = [:]
      for (index, place) in places.enumerated() { writer[place] = index }
      return writer.isEmpty ? [] : [writer.values.sorted()]
    }
    var counts: [Int: Int] = [:]
    var turns: [[Int]] = []
    for (index, place) in places.enumerated() {
      let turn = counts[place, default: 0]
      counts[place] = turn + 1
      if turn == turns.count { turns.append([]) }
      turns[turn].append(index)
    }
    guard turns.count <= 64 else {
      throw ImportFailure("it combines \(turns.count) updates in one place, more than 64")
    }
    return turns
  }

  private static func oneHot(_ t: NodeImport) throws -> Operand {
    let depth = Int(
      Int64(saturating: try required(t.scalarInput(1, "depth"), "depth")))
    let values = try t.input(2)
    let indices = try t.convert(t.input(0), .i64)
    let rank = t.rank(of: indices) + 1
    let axis = try t.axis(try t.integer("axis", default: -1), rank: rank)
    let isNegative = try t.elementwise(Less(), indices, t.number(0, like: indices))
    let places = try t.select(isNegative, try t.add(indices, Double(depth)), indices)
    let hot = try t.move(
      try t.apply(OneHot(classes: depth, type: .bool), places), axis: rank - 1, to: axis)
    guard t.shape(of: values) == [2] else {
      throw ImportFailure("its values are \(t.type(of: values)), where two are expected")
    }
    func value(_ index: Int) throws -> Operand {
      try t.reshape(try t.slice(values, axis: 0, index..<index + 1), [])
    }
    return try t.select(hot, try value(1), try value(0))
  }
}
