import Foundation

/// The processor time that the calling thread spends on work, in seconds: for faults by which work
/// takes minutes. The tests beside it and a loaded machine do not count, as they do to a limit of
/// the clock on the wall.
package func threadSeconds(_ work: () throws -> Void) rethrows -> Double {
  let start = threadTime()
  try work()
  return threadTime() - start
}

private func threadTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
