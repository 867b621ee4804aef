import RetortIR
import RetortTensor

/// A piece of a program's work on fixed addresses, cut into tiles that may run in any order and on
/// any thread.
///
/// The cut, and everything else that decides a bit of the result, is a function of shapes alone.
/// Running a tile allocates nothing.
package protocol Kernel {
  var tileCount: Int { get }
  /// Private memory that a tile needs while it runs, in bytes; what it holds before is not defined.
  var scratchByteCount: Int { get }
  func run(tile: Int, scratch: UnsafeMutableRawPointer)
}

extension Kernel {
  package var scratchByteCount: Int { 0 }
}

/// Runs an operation's reference, all of it as one tile.
struct ReferenceKernel: Kernel {
  let op: any TensorOp
  let operands: [TensorView]
  let results: [TensorView]

  var tileCount: Int { 1 }

  func run(tile: Int, scratch: UnsafeMutableRawPointer) { op.reference(operands, results) }
}

/// Copies between fixed places.
struct MoveKernel: Kernel {
  let list: MoveList
  /// What must live as long as the places.
  var owners: [ScratchBuffer] = []

  var tileCount: Int { 1 }

  func run(tile: Int, scratch: UnsafeMutableRawPointer) { list.run() }
}

extension TensorView {
  /// Whether the two share a byte.
  func overlaps(_ other: TensorView) -> Bool {
    base < other.base + other.type.byteCount && other.base < base + type.byteCount
  }
}
