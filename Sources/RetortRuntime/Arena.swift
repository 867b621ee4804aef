import Glibc
import RetortIR
import RetortText

/// A stretch of zeroed memory from the system, whose start is aligned
/// as `MemoryPlan` wants it.
///
/// With guards, the pages before and behind it cannot be touched: an access past either end stops
/// the process at once.
package final class Arena {
  package let byteCount: Int
  package let base: UnsafeMutableRawPointer
  private let mapping: UnsafeMutableRawPointer
  private let mappedByteCount: Int

  /// - Throws: where the system does not give as much.
  package init(byteCount: Int, guarded: Bool = false) throws(Diagnostics) {
    precondition(byteCount >= 0)
    self.byteCount = byteCount
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let rounded = MemoryPlan.aligned(max(byteCount, 1))
    let body = (rounded + page - 1) / page * page
    mappedByteCount = body + (guarded ? 2 * page : 0)
    let pointer = mmap(
      nil, mappedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pointer, pointer != MAP_FAILED else {
      throw Diagnostics(
        "the system does not give \(byteCount) bytes of memory",
        hint: "a smaller batch needs less")
    }
    mapping = pointer
    if guarded {
      mprotect(pointer, page, PROT_NONE)
      mprotect(pointer + page + body, page, PROT_NONE)
      // The end lies at the guard, where most mistakes happen.
      base = pointer + page + body - rounded
    } else {
      base = pointer
      madvise(pointer, mappedByteCount, Int32(MADV_HUGEPAGE))
    }
  }

  deinit { munmap(mapping, mappedByteCount) }

  /// Gives the whole pages within a range back to the system; they read as zeros until they are
  /// written again.
  func discard(_ range: Range<Int>) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = (Int(bitPattern: base) + range.lowerBound + page - 1) / page * page
    let end = (Int(bitPattern: base) + range.upperBound) / page * page
    guard first < end else { return }
    madvise(UnsafeMutableRawPointer(bitPattern: first), end - first, Int32(MADV_DONTNEED))
  }

  /// All bits set: NaN as a real, -1 as an integer, and no valid `bool`.
  static let poison: UInt8 = 0xFF

  /// Fills a range with poison.
  func poison(_ range: Range<Int>) {
    memset(base + range.lowerBound, Int32(Self.poison), range.count)
  }
}
