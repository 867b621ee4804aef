import RetortKernels
import RetortOps
import RetortTensor

/// Products and convolutions of f32 by Retort's own or OpenBLAS's products.
enum ContractionKernels {
  static func product(
    _ op: MatMul, _ a: TensorView, _ b: TensorView, _ y: TensorView, _ method: ConvolutionMethod
  ) -> any Kernel {
    let extents = op.acceptedExtents([a.type, b.type])
    var product = ProductKernel(
      rows: extents.m, columns: extents.n, depth: extents.k, transposesA: op.transposeA,
      transposesB: op.transposeB, batchCount: extents.count)
    // A matrix that the whole batch shares is read again and again.
    if a.type.rank == 2 { product.aBatchStride = 0 }
    if b.type.rank == 2 { product.bBatchStride = 0 }
    let (left, right, result) = (a.floats, b.floats, y.floats)
    if method == .blas { return blasProduct(product, left, right, result) }
    let kernel = product
    return BoundKernel(tiles: kernel.tileCount, scratch: kernel.scratchByteCount) {
      kernel.run(tile: $0, a: left, b: right, c: result, scratch: $1)
    }
  }

  /// Blocks of C of a fixed size, each by one call.
  private static func blasProduct(
    _ product: ProductKernel, _ a: UnsafeMutablePointer<Float>, _ b: UnsafeMutablePointer<Float>,
    _ c: UnsafeMutablePointer<Float>
  ) -> any Kernel {
    let (rowsPerTile, columnsPerTile) = (256, 512)
    let rowTiles = (product.rows + rowsPerTile - 1) / rowsPerTile
    let columnTiles = (product.columns + columnsPerTile - 1) / columnsPerTile
    let tiles = rowTiles * columnTiles
    return BoundKernel(tiles: product.batchCount * tiles) { tile, _ in
      let (batch, block) = tile.quotientAndRemainder(dividingBy: tiles)
      let row = block / columnTiles * rowsPerTile
      let column = block % columnTiles * columnsPerTile
      BLAS.sgemm(
        rows: min(rowsPerTile, product.rows - row),
        columns: min(columnsPerTile, product.columns - column), depth: product.depth,
        a: a + batch * product.aBatchStride
          + row * (product.transposesA ? 1 : product.aRowStride),
        aStride: product.aRowStride, transposesA: product.transposesA,
        b: b + batch * product.bBatchStride
          + column * (product.transposesB ? product.bRowStride : 1),
        bStride: product.bRowStride, transposesB: product.transposesB,
        c: c + batch * product.cBatchStride + row * product.cRowStride + column,
        cStride: product.cRowStride)
    }
  }

  static func convolution(
    _ op: any Convolution, _ operands: [TensorView], _ y: TensorView, _ method: ConvolutionMethod
  ) -> any Kernel {
    let geometry = kernelGeometry(op.acceptedExtents(operands.map(\.type)))
    let (a, b, result) = (operands[0].floats, operands[1].floats, y.floats)
    switch op {
    case is Conv2dTranspose:
      let kernel = ConvolutionInputGradient(geometry, method: method)
      return BoundKernel(tiles: kernel.tileCount, scratch: kernel.scratchByteCount) {
        kernel.run(tile: $0, dy: a, weights: b, dx: result, scratch: $1)
      }
    case is Conv2dKernel:
      let kernel = ConvolutionKernelGradient(geometry, method: method)
      return BoundKernel(tiles: kernel.tileCount, scratch: kernel.scratchByteCount) {
        kernel.run(tile: $0, x: a, dy: b, dw: result, scratch: $1)
      }
    default:
      let kernel = ConvolutionForward(geometry, method: method)
      return BoundKernel(tiles: kernel.tileCount, scratch: kernel.scratchByteCount) {
        kernel.run(tile: $0, x: a, weights: b, y: result, scratch: $1)
      }
    }
  }

  private static func kernelGeometry(
    _ geometry: ConvolutionExtents
  ) -> RetortKernels.ConvolutionGeometry {
    let (rows, columns) = (geometry.rows, geometry.columns)
    return RetortKernels.ConvolutionGeometry(
      batch: geometry.batch, channels: geometry.inputChannels, height: rows.input,
      width: columns.input, filters: geometry.outputChannels, kernelHeight: rows.taps,
      kernelWidth: columns.taps, stride: (rows.stride, columns.stride),
      padding: (rows.before, columns.before, rows.after, columns.after),
      dilation: (rows.dilation, columns.dilation), groups: geometry.groups)
  }
}
