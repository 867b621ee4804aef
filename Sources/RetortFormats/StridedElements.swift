import RetortTensor

/// Copies the elements of a strided view into row-major order.
enum StridedElements {
  /// The offset just past the last element that a view reaches, in elements; nil on overflow.
  /// An empty view reaches nothing.
  static func reach(offset: Int, shape: Shape, strides: [Int]) -> Int? {
    if shape.extents.contains(0) { return 0 }
    var last = offset
    for (extent, stride) in zip(shape.extents, strides) {
      guard let span = (extent - 1).times(stride), let next = last.plus(span) else { return nil }
      last = next
    }
    return last.plus(1)
  }

  /// The elements of `width` bytes each.
  ///
  /// The view must lie within `source`: offset and strides not negative, `reach` at most the
  /// elements there.
  static func gather(
    _ source: ArraySlice<UInt8>, width: Int, offset: Int, shape: Shape, strides: [Int]
  ) -> [UInt8] {
    let count = shape.elementCount
    if count == 0 { return [] }
    // On an axis of one element any stride may stand, and no sum has room for the largest.
    let dense = shape.strides
    let strides = strides.indices.map { shape[$0] == 1 ? dense[$0] : strides[$0] }
    if strides == dense {
      let start = source.startIndex + offset * width
      return Array(source[start..<start + count * width])
    }
    return source.withUnsafeBytes { input in
      [UInt8](unsafeUninitializedCapacity: count * width) { output, filled in
        var index = [Int](repeating: 0, count: shape.rank)
        var position = offset
        let base = UnsafeMutableRawPointer(output.baseAddress!)
        for element in 0..<count {
          let target = base + element * width
          target.copyMemory(from: input.baseAddress! + position * width, byteCount: width)
          var axis = shape.rank - 1
          while axis >= 0 {
            index[axis] += 1
            position += strides[axis]
            if index[axis] < shape[axis] { break }
            position -= strides[axis] * shape[axis]
            index[axis] = 0
            axis -= 1
          }
        }
        filled = count * width
      }
    }
  }
}
