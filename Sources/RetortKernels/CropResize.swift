import RetortTensor

/// Cuts one box out of each image and resizes it bilinearly.
///
/// Shapes: `x, dx: [N, C, H, W]`, `boxes: f32[N, 4]` (top, left, height, width in whole pixels),
/// `y, dy: [N, C, H′, W′]`. Output row `p` reads the box at
/// `s = max(0, (p + ½) · height / H′ − ½)`: its rows `⌊s⌋` and `⌊s⌋ + 1`, both kept inside the box,
/// weighted by the distance; no antialiasing.
/// Boxes are clamped to the image, so that no box reads outside of it.
/// Source: torchvision 0.8.1, `resized_crop` on tensors (`align_corners = False`).
package struct CropResizeKernel: Sendable, Hashable {
  package let batch: Int
  package let channels: Int
  package let height: Int
  package let width: Int
  package let outHeight: Int
  package let outWidth: Int

  package init(
    batch: Int, channels: Int, height: Int, width: Int, outHeight: Int, outWidth: Int
  ) {
    precondition(height > 0 && width > 0, "no image to crop")
    self.batch = batch
    self.channels = channels
    self.height = height
    self.width = width
    self.outHeight = outHeight
    self.outWidth = outWidth
  }

  private struct Tap {
    var first: Int
    var second: Int
    /// The weight of `second`; `first` has the rest.
    var weight: Float
  }

  package var tileCount: Int { batch }
  package var scratchByteCount: Int { (outHeight + outWidth) * MemoryLayout<Tap>.stride }

  package func run(
    tile: Int, x: UnsafePointer<Float>, boxes: UnsafePointer<Float>,
    y: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let (rows, columns) = taps(boxes + 4 * tile, scratch)
    for channel in tile * channels..<(tile + 1) * channels {
      let image = x + channel * height * width
      for p in 0..<outHeight {
        let row = rows[p]
        let above = image + row.first * width
        let below = image + row.second * width
        let line = y + (channel * outHeight + p) * outWidth
        for q in 0..<outWidth {
          let tap = columns[q]
          let top = above[tap.first] * (1 - tap.weight) + above[tap.second] * tap.weight
          let bottom = below[tap.first] * (1 - tap.weight) + below[tap.second] * tap.weight
          line[q] = top * (1 - row.weight) + bottom * row.weight
        }
      }
    }
  }

  /// The adjoint in x: every output's seed added to its four taps, in the order of the outputs.
  package func inputGradient(
    tile: Int, dy: UnsafePointer<Float>, boxes: UnsafePointer<Float>,
    dx: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
  ) {
    let (rows, columns) = taps(boxes + 4 * tile, scratch)
    for channel in tile * channels..<(tile + 1) * channels {
      let image = dx + channel * height * width
      image.update(repeating: 0, count: height * width)
      for p in 0..<outHeight {
        let row = rows[p]
        let above = image + row.first * width
        let below = image + row.second * width
        let line = dy + (channel * outHeight + p) * outWidth
        for q in 0..<outWidth {
          let tap = columns[q]
          let top = line[q] * (1 - row.weight), bottom = line[q] * row.weight
          above[tap.first] += top * (1 - tap.weight)
          above[tap.second] += top * tap.weight
          below[tap.first] += bottom * (1 - tap.weight)
          below[tap.second] += bottom * tap.weight
        }
      }
    }
  }

  private func taps(
    _ box: UnsafePointer<Float>, _ scratch: UnsafeMutableRawPointer
  ) -> (rows: UnsafeMutablePointer<Tap>, columns: UnsafeMutablePointer<Tap>) {
    let rows = scratch.bindMemory(to: Tap.self, capacity: outHeight + outWidth)
    let columns = rows + outHeight
    fill(rows, outHeight, start: box[0], extent: box[2], limit: height)
    fill(columns, outWidth, start: box[1], extent: box[3], limit: width)
    return (rows, columns)
  }

  private func fill(
    _ taps: UnsafeMutablePointer<Tap>, _ count: Int, start: Float, extent: Float, limit: Int
  ) {
    let first = max(0, min(limit - 1, Int(Int64(saturating: Double(start)))))
    let length = max(1, min(limit - first, Int(Int64(saturating: Double(extent)))))
    let scale = Float(length) / Float(count)
    for i in 0..<count {
      let position = max(0, (Float(i) + 0.5) * scale - 0.5)
      let lower = min(Int(position), length - 1)
      taps[i] = Tap(
        first: first + lower, second: first + min(lower + 1, length - 1),
        weight: position - Float(lower))
    }
  }
}
