/// Copies a rectangle of an NHWC image, with zeros where it leaves the image.
struct BandCopy {
  let height: Int
  let width: Int
  let channels: Int

  func run(
    image: UnsafePointer<Float>, rows: Range<Int>, columns: Range<Int>,
    into target: UnsafeMutablePointer<Float>
  ) {
    let line = columns.count * channels
    let from = min(max(0, columns.lowerBound), width)
    let before = min(from - columns.lowerBound, columns.count) * channels
    let copied = max(0, min(width, columns.upperBound) - from) * channels
    var to = target
    for row in rows {
      if row < 0 || row >= height {
        to.update(repeating: 0, count: line)
      } else {
        let read = image + (row &* width &+ from) &* channels
        let after = to + (before &+ copied)
        to.update(repeating: 0, count: before)
        (to + before).update(from: read, count: copied)
        after.update(repeating: 0, count: line &- before &- copied)
      }
      to += line
    }
  }
}
