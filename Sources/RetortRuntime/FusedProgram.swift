import RetortTensor

/// The instructions of a fused plan with places: runs any stretch of the domain, a chunk at a time.
struct FusedProgram {
  /// Elements that a register holds, and so the most that instructions work on at a time: four
  /// registers and what they are made from fit the 32 KiB of a first-level cache.
  static let registerElementCount = 1024
  static let registerByteCount = 4 * registerElementCount

  /// A resolved place; `stride` bytes an element of the domain.
  struct Place {
    enum Space { case memory, scratch, head, sums }

    var space = Space.scratch
    /// Of places in memory.
    var base: UnsafeMutableRawPointer?
    var offset = 0
    var stride = 0
    var isScalar = false
  }

  struct Operation {
    var work: FusedPlan.Work
    var a = Place()
    var b = Place()
    var c = Place()
    var target = Place()
    /// Of one element of the target.
    var byteCount = 4
  }

  /// Where a stretch is run.
  struct Site {
    /// At least `scratchByteCount` bytes.
    let scratch: UnsafeMutableRawPointer
    /// Where element 0 of the domain would lie if the head's block reached that far.
    var head: UnsafeMutableRawPointer?
    /// Of the running tile, where the plan sums something.
    var sums: UnsafeMutableRawPointer?
  }

  private let operations: Operations
  private let registerCount: Int
  /// Elements after which what `invariants` compute repeats; nil where there are none.
  private let period: Int?
  let elementCount: Int
  /// Elements of a chunk: whole periods, where there is one.
  let chunk: Int

  init(_ plan: FusedPlan, operands: [TensorView], results: [TensorView]) {
    elementCount = plan.elementCount
    var assembler = FusedAssembler(plan: plan, operands: operands, results: results)
    assembler.assemble()
    registerCount = assembler.slotCount
    period = assembler.period
    // Rows that are summed are whole in a chunk; every period is whole rows.
    let unit = period ?? plan.totals.first?.columns
    chunk = unit.map { Self.registerElementCount / $0 * $0 } ?? Self.registerElementCount
    operations = Operations(
      assembler.invariants, assembler.operations, constants: assembler.constants)
  }

  var scratchByteCount: Int { registerCount * Self.registerByteCount }

  /// Elements `range`, in chunks.
  func run(_ range: Range<Int>, _ site: Site) {
    guard !range.isEmpty else { return }
    let fits = period.map { range.lowerBound % $0 == 0 } ?? true
    if fits { prepare(range.lowerBound, min(chunk, range.count), site) }
    var start = range.lowerBound
    while start < range.upperBound {
      let count = min(chunk, range.upperBound - start)
      if !fits { prepare(start, count, site) }
      perform(start, count, site)
      start += count
    }
  }

  /// Rows of `length` elements, `stride` apart in the domain and `headStride` in the head's block.
  func run(
    rows: Int, first: Int, length: Int, stride: Int, headStride: Int, _ site: Site
  ) {
    var site = site
    let repeats = length <= Self.registerElementCount && period.map { stride % $0 == 0 } ?? true
    if repeats { prepare(first, min(length, Self.registerElementCount), site) }
    for row in 0..<rows {
      let start = first + row * stride
      if repeats {
        perform(start, length, site)
      } else {
        var done = 0
        while done < length {
          let count = min(Self.registerElementCount, length - done)
          prepare(start + done, count, site)
          perform(start + done, count, site)
          done += count
        }
      }
      if let head = site.head { site.head = head + 4 * (headStride - stride) }
    }
  }

  /// What repeats from chunk to chunk.
  private func prepare(_ start: Int, _ count: Int, _ site: Site) {
    for index in 0..<operations.invariantCount {
      Self.run(operations.base + index, site, start, count)
    }
  }

  private func perform(_ start: Int, _ count: Int, _ site: Site) {
    for index in operations.invariantCount..<operations.count {
      Self.run(operations.base + index, site, start, count)
    }
  }

  // MARK: one operation

  @inline(__always)
  private static func address(
    _ place: Place, _ site: Site, _ start: Int
  ) -> UnsafeMutableRawPointer {
    switch place.space {
    case .memory: place.base! + (place.offset &+ place.stride &* start)
    case .scratch: site.scratch + place.offset
    case .head: site.head! + place.stride &* start
    case .sums: site.sums!
    }
  }

  @inline(__always)
  private static func run(
    _ operation: UnsafePointer<Operation>, _ site: Site, _ start: Int, _ count: Int
  ) {
    let a = address(operation.pointee.a, site, start)
    let target = address(operation.pointee.target, site, start)
    switch operation.pointee.work {
    case .unary(let loop):
      loop(
        a.assumingMemoryBound(to: Float.self), target.assumingMemoryBound(to: Float.self), count)
    case .binary(let loop):
      let b = address(operation.pointee.b, site, start)
      loop(
        a.assumingMemoryBound(to: Float.self), operation.pointee.a.isScalar,
        b.assumingMemoryBound(to: Float.self), operation.pointee.b.isScalar,
        target.assumingMemoryBound(to: Float.self), count)
    case .predicate(let loop):
      let b = address(operation.pointee.b, site, start)
      loop(
        a.assumingMemoryBound(to: Float.self), operation.pointee.a.isScalar,
        b.assumingMemoryBound(to: Float.self), operation.pointee.b.isScalar,
        target.assumingMemoryBound(to: UInt8.self), count)
    case .select:
      let b = address(operation.pointee.b, site, start)
      let c = address(operation.pointee.c, site, start)
      FusedLoops.select(
        a, operation.pointee.a.isScalar, b, operation.pointee.b.isScalar, c,
        operation.pointee.c.isScalar, target, count,
        byteCount: operation.pointee.byteCount)
    case .logic(let logic):
      let b = logic == .not ? a : address(operation.pointee.b, site, start)
      FusedLoops.logic(
        logic, a, operation.pointee.a.isScalar, b, operation.pointee.b.isScalar, target, count)
    case .convert(let from, let to):
      FusedLoops.convert(from, to, a, operation.pointee.a.isScalar, target, count)
    case .spread(let spread):
      // The source is the whole tensor; its place has no stride.
      spread.fill(target, from: a, start: start, count: count)
    case .copy:
      FusedLoops.copy(
        a, operation.pointee.a.isScalar, target, count, byteCount: operation.pointee.byteCount)
    case .total(let total):
      total.add(
        a.assumingMemoryBound(to: Float.self), start: start, count: count,
        to: target.assumingMemoryBound(to: Float.self))
    }
  }

  /// The operations and constants at fixed addresses; those that repeat come first.
  private final class Operations {
    let base: UnsafeMutablePointer<Operation>
    let invariantCount: Int
    let count: Int
    private let constants: UnsafeMutableRawPointer?

    init(
      _ invariants: [Operation], _ operations: [Operation], constants: UnsafeMutableRawPointer?
    ) {
      let all = invariants + operations
      base = .allocate(capacity: max(1, all.count))
      base.initialize(from: all, count: all.count)
      invariantCount = invariants.count
      count = all.count
      self.constants = constants
    }

    deinit {
      base.deinitialize(count: count)
      base.deallocate()
      constants?.deallocate()
    }
  }
}
