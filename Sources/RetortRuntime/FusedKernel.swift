import RetortIR
import RetortOps
import RetortTensor

/// A fused region as one kernel: a chunk of elements at a time goes through all instructions while
/// it lies in the first-level cache, and results are written once.
///
/// A result may lie exactly where a captured tensor of the same shape lies.
struct FusedKernel: Kernel {
  /// Elements that the instructions work on at a time; a register holds as many.
  private static let chunk = 1024
  /// Elements of a tile. A function of nothing, so that tiles do not depend on the thread count.
  private static let tile = 16 * chunk
  private static let registerByteCount = 4 * chunk

  /// A resolved place, in scratch where `base` is nil; `stride` bytes an element of the domain.
  struct Place {
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

  private let operations: Operations
  private let elementCount: Int
  private let registerCount: Int

  init(_ plan: FusedPlan, operands: [TensorView], results: [TensorView]) {
    elementCount = plan.elementCount
    var assembler = FusedAssembler(
      plan: plan, operands: operands, results: results, registerByteCount: Self.registerByteCount)
    assembler.assemble()
    registerCount = assembler.slotCount
    operations = Operations(assembler.operations, constants: assembler.constants)
  }

  var tileCount: Int { (elementCount + Self.tile - 1) / Self.tile }
  var scratchByteCount: Int { registerCount * Self.registerByteCount }

  func run(tile: Int, scratch: UnsafeMutableRawPointer) {
    var start = tile * Self.tile
    let end = min(start + Self.tile, elementCount)
    while start < end {
      let count = min(Self.chunk, end - start)
      for index in 0..<operations.count {
        Self.run(operations.base + index, scratch, start, count)
      }
      start += count
    }
  }

  @inline(__always)
  private static func address(
    _ place: Place, _ scratch: UnsafeMutableRawPointer, _ start: Int
  ) -> UnsafeMutableRawPointer {
    (place.base ?? scratch) + (place.offset &+ place.stride &* start)
  }

  @inline(__always)
  private static func run(
    _ operation: UnsafePointer<Operation>, _ scratch: UnsafeMutableRawPointer, _ start: Int,
    _ count: Int
  ) {
    let a = address(operation.pointee.a, scratch, start)
    let target = address(operation.pointee.target, scratch, start)
    switch operation.pointee.work {
    case .unary(let loop):
      loop(
        a.assumingMemoryBound(to: Float.self), target.assumingMemoryBound(to: Float.self), count)
    case .binary(let loop):
      let b = address(operation.pointee.b, scratch, start)
      loop(
        a.assumingMemoryBound(to: Float.self), operation.pointee.a.isScalar,
        b.assumingMemoryBound(to: Float.self), operation.pointee.b.isScalar,
        target.assumingMemoryBound(to: Float.self), count)
    case .predicate(let loop):
      let b = address(operation.pointee.b, scratch, start)
      loop(
        a.assumingMemoryBound(to: Float.self), operation.pointee.a.isScalar,
        b.assumingMemoryBound(to: Float.self), operation.pointee.b.isScalar,
        target.assumingMemoryBound(to: UInt8.self), count)
    case .select:
      let b = address(operation.pointee.b, scratch, start)
      let c = address(operation.pointee.c, scratch, start)
      FusedLoops.select(
        a, operation.pointee.a.isScalar, b, operation.pointee.b.isScalar, c,
        operation.pointee.c.isScalar, target, count,
        byteCount: operation.pointee.byteCount)
    case .logic(let logic):
      let b = logic == .not ? a : address(operation.pointee.b, scratch, start)
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
    }
  }

  /// The operations and constants at fixed addresses.
  fileprivate final class Operations {
    let base: UnsafeMutablePointer<Operation>
    let count: Int
    private let constants: UnsafeMutableRawPointer?

    init(_ operations: [Operation], constants: UnsafeMutableRawPointer?) {
      base = .allocate(capacity: max(1, operations.count))
      base.initialize(from: operations, count: operations.count)
      count = operations.count
      self.constants = constants
    }

    deinit {
      base.deinitialize(count: count)
      base.deallocate()
      constants?.deallocate()
    }
  }
}
