import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct CropResizeAdjointTests {
  /// Acceptance vector: the gradient of Σ y · u, top 3, left 5, height 20, width 17, from 32×32.
  @Test func matchesThePublishedGradient() throws {
    let op = CropResizeAdjoint(height: 32, width: 32)
    let boxes = HostTensor([1, 4], [Float(3), 5, 20, 17])
    let dx = try op.numbers(.acceptance([1, 3, 32, 32], offset: 1000), boxes)
    #expect(agree([dx.reduce(0) { $0 + abs($1) }], [1536.0569303], digits: 7))
    #expect(agree([dx[3 * 32 + 5]], [1.81433581862], digits: 11))
  }

  @Test func pixelsOutsideTheBoxGetNothing() throws {
    let dy = HostTensor([1, 1, 1, 4], [1.0, 1, 1, 1])
    let boxes = HostTensor([1, 4], [Float(0), 1, 1, 2])
    let dx = try CropResizeAdjoint(height: 2, width: 4).numbers(dy, boxes)
    #expect(dx == [0, 2, 2, 0, 0, 0, 0, 0])
  }

  @Test func crop_resize_adjoint_C1_operandIsNoImage() {
    #expect(
      throws: Violation(
        "C1", "takes real images with pixels as 'dy', got f32[3, 4, 4]", operand: 0)
    ) {
      try CropResizeAdjoint(height: 2, width: 2).inferTypes([
        TensorType([3, 4, 4]), TensorType([3, 4]),
      ])
    }
  }

  @Test func crop_resize_adjoint_C2_boxesAreIntegers() {
    #expect(
      throws: Violation(
        "C2",
        "takes a box of top, left, height and width for each of 1 images, [1, 4], got"
          + " i32[1, 4]", operand: 1)
    ) {
      try CropResizeAdjoint(height: 2, width: 2).inferTypes([
        TensorType([1, 3, 4, 4]), TensorType(.i32, [1, 4]),
      ])
    }
  }

  @Test func crop_resize_adjoint_C3_extentsAreOutOfRange() {
    #expect(
      throws: Violation(
        "C3", "takes numbers from 1 to 2147483648 as 'height, width', got [2, -1]")
    ) {
      try CropResizeAdjoint(height: 2, width: -1).inferTypes([
        TensorType([1, 3, 4, 4]), TensorType([1, 4]),
      ])
    }
  }
}
