import RetortTensor

extension Shape {
  /// Calls `body` with each element's row-major number and its offset under other strides.
  package func forEachOffset(
    strides: [Int], from start: Int = 0, _ body: (_ index: Int, _ offset: Int) -> Void
  ) {
    let count = elementCount
    guard count > 0 else { return }
    guard let inner = extents.last else { return body(0, start) }
    let step = strides[rank - 1]
    var position = [Int](repeating: 0, count: rank)
    var index = 0
    var row = start
    while true {
      for i in 0..<inner { body(index + i, row + i * step) }
      index += inner
      if index == count { return }
      var axis = rank - 2
      while position[axis] == extents[axis] - 1 {
        row -= position[axis] * strides[axis]
        position[axis] = 0
        axis -= 1
      }
      position[axis] += 1
      row += strides[axis]
    }
  }
}

extension TensorView {
  /// Copies all elements of a tensor of as many bytes.
  package func copyElements(from other: TensorView) {
    base.copyMemory(from: other.base, byteCount: type.byteCount)
  }

  /// Fills this tensor, element `(i, j, …)` with element `start + i · strides[0] + …` of `other`.
  package func gatherElements(from other: TensorView, strides: [Int], start: Int = 0) {
    switch type.element.byteCount {
    case 1: gather(UInt8.self, other, strides, start)
    case 2: gather(UInt16.self, other, strides, start)
    case 4: gather(UInt32.self, other, strides, start)
    default: gather(UInt64.self, other, strides, start)
    }
  }

  /// Writes element `(i, j, …)` of `other` to element `start + i · strides[0] + …` of this tensor.
  package func scatterElements(from other: TensorView, strides: [Int], start: Int = 0) {
    switch type.element.byteCount {
    case 1: scatter(UInt8.self, other, strides, start)
    case 2: scatter(UInt16.self, other, strides, start)
    case 4: scatter(UInt32.self, other, strides, start)
    default: scatter(UInt64.self, other, strides, start)
    }
  }

  private func gather<W>(_: W.Type, _ other: TensorView, _ strides: [Int], _ start: Int) {
    let source = other.base.assumingMemoryBound(to: W.self)
    let target = base.assumingMemoryBound(to: W.self)
    shape.forEachOffset(strides: strides, from: start) { target[$0] = source[$1] }
  }

  private func scatter<W>(_: W.Type, _ other: TensorView, _ strides: [Int], _ start: Int) {
    let source = other.base.assumingMemoryBound(to: W.self)
    let target = base.assumingMemoryBound(to: W.self)
    other.shape.forEachOffset(strides: strides, from: start) { target[$1] = source[$0] }
  }
}
