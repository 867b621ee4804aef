import RetortKernels
import RetortOps
import RetortTensor

/// Poolings and crops of f32 images.
enum ImageKernels {
  static func pooling(
    _ op: any Pooling, _ operands: [TensorView], _ y: TensorView
  ) -> (any Kernel)? {
    let geometry = kernelGeometry(op.acceptedExtents(operands.map(\.type)))
    let first = operands[0].floats, second = operands[operands.count - 1].floats
    let result = y.floats
    switch op {
    case is MaxPool2d:
      let kernel = MaxPooling(geometry)
      return BoundKernel(tiles: kernel.tileCount) { tile, _ in
        kernel.run(tile: tile, x: first, y: result)
      }
    case is MaxPool2dScatter:
      let kernel = MaxPooling(geometry)
      return BoundKernel(tiles: kernel.tileCount) { tile, _ in
        kernel.inputGradient(tile: tile, x: first, dy: second, dx: result)
      }
    case is MaxPool2dGather:
      let kernel = MaxPooling(geometry)
      return BoundKernel(tiles: kernel.tileCount) { tile, _ in
        kernel.gather(tile: tile, x: first, v: second, y: result)
      }
    case let op as AvgPool2d:
      let kernel = AveragePooling(geometry, countsPadding: op.countPadding)
      return BoundKernel(tiles: kernel.tileCount) { tile, _ in
        kernel.run(tile: tile, x: first, y: result)
      }
    case let op as AvgPool2dAdjoint:
      let kernel = AveragePooling(geometry, countsPadding: op.countPadding)
      return BoundKernel(tiles: kernel.tileCount) { tile, _ in
        kernel.inputGradient(tile: tile, dy: first, dx: result)
      }
    default: return nil
    }
  }

  private static func kernelGeometry(_ geometry: PoolingExtents) -> PoolingGeometry {
    let (rows, columns) = (geometry.rows, geometry.columns)
    return PoolingGeometry(
      planes: geometry.planeCount, height: rows.input, width: columns.input,
      window: (rows.taps, columns.taps), stride: (rows.stride, columns.stride),
      padding: (rows.before, columns.before, rows.after, columns.after))
  }

  static func crop(_ x: TensorView, _ boxes: TensorView, _ y: TensorView) -> any Kernel {
    let kernel = cropKernel(image: x.shape, crop: y.shape)
    let (source, places, result) = (x.floats, boxes.floats, y.floats)
    return BoundKernel(tiles: kernel.tileCount, scratch: kernel.scratchByteCount) {
      kernel.run(tile: $0, x: source, boxes: places, y: result, scratch: $1)
    }
  }

  static func cropAdjoint(_ dy: TensorView, _ boxes: TensorView, _ dx: TensorView) -> any Kernel {
    let kernel = cropKernel(image: dx.shape, crop: dy.shape)
    let (seed, places, result) = (dy.floats, boxes.floats, dx.floats)
    return BoundKernel(tiles: kernel.tileCount, scratch: kernel.scratchByteCount) {
      kernel.inputGradient(tile: $0, dy: seed, boxes: places, dx: result, scratch: $1)
    }
  }

  private static func cropKernel(image: Shape, crop: Shape) -> CropResizeKernel {
    CropResizeKernel(
      batch: image[0], channels: image[1], height: image[2], width: image[3], outHeight: crop[2],
      outWidth: crop[3])
  }
}
