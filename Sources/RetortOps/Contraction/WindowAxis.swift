import RetortIR

/// One axis of a window that slides over an image: output `o` and tap `k` meet input
/// `i = o · stride − before + k · dilation`. Where `i` lies outside the image the tap is in the
/// padding.
package struct WindowAxis: Hashable, Sendable {
  /// Extent of the image along the axis, without padding.
  package let input: Int
  /// `⌊(input + before + after − dilation · (taps − 1) − 1) / stride⌋ + 1`
  package let output: Int
  package let taps: Int
  package let stride: Int
  /// Padding in front of the image.
  package let before: Int
  /// Padding behind the image. What the last window does not reach is left out.
  package let after: Int
  package let dilation: Int

  /// What attributes and extents may be at most, so that no position overflows.
  package static let limit = 1 << 31

  /// Nil where the window does not fit the padded image. Every number must be within `limit`.
  package init?(
    input: Int, taps: Int, stride: Int, before: Int, after: Int, dilation: Int = 1
  ) {
    let free = input + before + after - Self.reach(taps: taps, dilation: dilation)
    guard free >= 0 else { return nil }
    self.input = input
    output = free / stride + 1
    self.taps = taps
    self.stride = stride
    self.before = before
    self.after = after
    self.dilation = dilation
  }

  /// How far a window reaches from its first to behind its last tap.
  package static func reach(taps: Int, dilation: Int) -> Int { dilation * (taps - 1) + 1 }

  /// `−1` for the padding, else the input index, of each output and tap:
  /// element `o · taps + k`.
  package var inputIndices: [Int] {
    var indices: [Int] = []
    indices.reserveCapacity(output * taps)
    for position in 0..<output {
      for tap in 0..<taps {
        let index = position * stride - before + tap * dilation
        indices.append(index >= 0 && index < input ? index : -1)
      }
    }
    return indices
  }

  /// What output 0 reads through a tap; where it is negative, that is padding.
  package func offset(ofTap tap: Int) -> Int { tap * dilation - before }

  /// The outputs that a tap connects with the image, not with padding.
  package func outputs(throughTap tap: Int) -> Range<Int> {
    let offset = offset(ofTap: tap)
    let first = offset < 0 ? (stride - 1 - offset) / stride : 0
    let end = offset < input ? min(output, (input - 1 - offset) / stride + 1) : 0
    return first..<max(first, end)
  }

  /// The taps of an output that lie inside the image.
  package func insideTaps(ofOutput position: Int) -> Range<Int> {
    let start = position * stride - before
    let first = start < 0 ? min(taps, (dilation - 1 - start) / dilation) : 0
    let end = start < input ? min(taps, (input - 1 - start) / dilation + 1) : 0
    return first..<max(first, end)
  }

  /// The inputs that an output's taps meet inside the image, in their order. Costs nothing for taps
  /// in the padding, of which a window may have 2³¹.
  package func insideInputs(ofOutput position: Int) -> StrideTo<Int> {
    let inside = insideTaps(ofOutput: position)
    let start = position * stride - before
    return Swift.stride(
      from: start + inside.lowerBound * dilation, to: start + inside.upperBound * dilation,
      by: dilation)
  }

  /// How many taps of each output lie inside the image.
  package var insideCounts: [Int] { (0..<output).map { insideTaps(ofOutput: $0).count } }
}

extension [Int] {
  /// A list of one stands for that number everywhere.
  func spread(to count: Int) -> [Int] {
    self.count == 1 ? [Int](repeating: self[0], count: count) : self
  }

  /// Throws unless there are `count` entries, all of them from `least` to the window's limit.
  func requireWindow(
    _ attribute: String, count: Int, atLeast least: Int, _ label: String
  ) throws(Violation) {
    try require(
      self.count == count, label,
      "takes one or \(count) numbers as '\(attribute)', got \(self)")
    try require(
      allSatisfy { $0 >= least && $0 <= WindowAxis.limit }, label,
      "takes numbers from \(least) to \(WindowAxis.limit) as '\(attribute)', got \(self)")
  }
}
