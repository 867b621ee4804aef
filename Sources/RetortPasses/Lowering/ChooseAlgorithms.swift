import RetortIR
import RetortOps
import RetortTensor

/// Writes down, for every product and every convolution that `lower-convolutions` left (groups, huge
/// windows, other types than f32), how it is to be computed.
///
/// The choice is a function of shapes alone, so that a graph is run in the same way wherever it is
/// compiled, and of a layer's own shape rather than the batch's, so that an image's result does not
/// depend on its company. Convolutions: `pointwise` (1×1, a product), `depthwise` (each channel on
/// its own), else `im2col` (patches unfolded, then a product an image). Products: `blas` for a
/// large right-hand matrix, else `simd`.
package struct ChooseAlgorithms: Pass {
  package static let name = "choose-algorithms"
  package static let summary = "chooses how convolutions and products are computed"
  package static let requires: Set<Property> = [.gradientFree]
  package static let establishes: Set<Property> = [.lowered]

  /// Elements of the right-hand matrix from which on BLAS's own blocking pays.
  package static let largeMatrixElementCount = 1 << 20

  package init() {}

  package func run(_ graph: Graph, _ record: inout PassRecord) throws -> Graph {
    var counts: [String: Int] = [:]
    func lower(_ block: Block) -> Block {
      var block = block
      for index in block.nodes.indices {
        if !block.nodes[index].regions.isEmpty {
          block.nodes[index].regions = block.nodes[index].regions.map(lower)
        }
        guard let algorithm = Self.algorithm(block.nodes[index], graph),
          block.nodes[index].annotation("algorithm") != .text(algorithm)
        else { continue }
        counts[algorithm, default: 0] += 1
        block.nodes[index].annotations.removeAll { $0.name == "algorithm" }
        block.nodes[index].annotations.append(Annotation("algorithm", .text(algorithm)))
      }
      return block
    }
    let body = lower(graph.body)
    for name in ["im2col", "pointwise", "depthwise", "blas", "simd"] {
      record.fire(name, times: counts[name] ?? 0)
    }
    return counts.isEmpty ? graph : graph.with(body)
  }

  private static func algorithm(_ node: Node, _ graph: Graph) -> String? {
    let types = node.operands.map(graph.type)
    switch node.op {
    case let op as Conv2d:
      return convolution(op.sliding, kernel: types[1].shape)
    case let op as Conv2dTranspose:
      return convolution(op.sliding, kernel: types[1].shape)
    case let op as Conv2dKernel:
      return convolution(op.sliding, kernel: graph.type(of: node.results[0]).shape)
    case is MatMul:
      let matrix = types[1].shape.extents.suffix(2).reduce(1, *)
      return matrix >= largeMatrixElementCount ? "blas" : "simd"
    default:
      return nil
    }
  }

  /// - Parameter kernel: `[co, ci / groups, kh, kw]`
  private static func convolution(_ sliding: Sliding, kernel: Shape) -> String {
    if sliding.groups > 1, kernel[1] == 1 { return "depthwise" }
    let isPointwise =
      kernel[2] == 1 && kernel[3] == 1 && sliding.groups == 1
      && sliding.stride.allSatisfy { $0 == 1 } && sliding.padding.allSatisfy { $0 == 0 }
    return isPointwise ? "pointwise" : "im2col"
  }
}
