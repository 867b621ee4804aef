/// How far long work has come.
package struct ProgressReport: Sendable {
  package let title: String
  package let done: Int
  package let total: Int
  /// What a resumed run had done before it began; estimates leave it out.
  package let startedAt: Int
  /// Figures of the moment, `loss 0.412`.
  package let detail: String

  package init(_ title: String, done: Int, total: Int, startedAt: Int = 0, detail: String = "") {
    self.title = title
    self.done = done
    self.total = total
    self.startedAt = startedAt
    self.detail = detail
  }
}

/// Who is told of progress.
package protocol ProgressObserver: AnyObject {
  func advanced(_ progress: ProgressReport)
  /// A line worth keeping: the end of an epoch, a resumed checkpoint.
  func said(_ line: String)
}

extension ProgressObserver {
  /// Tells of work on so many images, by the share of it that is done.
  func following(_ title: String, _ count: Int) -> (Double) -> Void {
    { share in
      self.advanced(ProgressReport(title, done: Int(share * Double(count)), total: count))
    }
  }
}
