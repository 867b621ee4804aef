/// Which kernels run a program's nodes.
package enum Backend: String, CaseIterable, Sendable {
  /// Each node by its `algorithm` annotation, else the fast kernel there is, else the reference.
  case auto
  /// Every operation's own definition, on one thread.
  case reference
  /// SIMD kernels where there are any.
  case simd
  /// Products by OpenBLAS, the rest as `simd`.
  case blas
}

/// How a program is made.
package struct ProgramOptions {
  package var backend: Backend
  /// Shared by as many programs as wanted.
  package var pool: ThreadPool
  /// Puts untouchable pages round every memory segment and keeps what `runChecked` needs.
  package var isChecked: Bool

  package init(backend: Backend = .auto, pool: ThreadPool, isChecked: Bool = false) {
    self.backend = backend
    self.pool = pool
    self.isChecked = isChecked
  }
}
