import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct CropResizeTests {
  private let boxes = HostTensor([1, 4], [Float(3), 5, 20, 17])

  /// Acceptance vector: top 3, left 5, height 20, width 17, to 32×32.
  @Test func matchesThePublishedVector() throws {
    let op = CropResize(height: 32, width: 32)
    let y = try op.numbers(.acceptance([1, 3, 32, 32]), boxes)
    #expect(agree([y.reduce(0, +)], [1543.91775036], digits: 8))
    #expect(agree([y[0], y[(32 + 10) * 32 + 20]], [0.900303033181, 0.697717037321], digits: 12))
    let single = try op.numbers(.acceptance([1, 3, 32, 32], as: .f32), boxes)
    #expect(zip(single, y).allSatisfy { abs($0 - $1) <= 1e-6 })
  }

  @Test func halfPixelCentresStayInsideTheCrop() throws {
    let x = HostTensor([1, 1, 1, 4], [100.0, 0, 8, 100])
    let crop = HostTensor([1, 4], [Float(0), 1, 1, 2])
    #expect(try CropResize(height: 1, width: 4).numbers(x, crop) == [0, 2, 6, 8])
  }

  @Test func boxesAreCutToWholePixelsInside() throws {
    let x = HostTensor([1, 1, 1, 4], [1.0, 2, 3, 4])
    func crop(_ box: [Float]) throws -> [Double] {
      try CropResize(height: 1, width: 2).numbers(x, HostTensor([1, 4], box))
    }
    #expect(try crop([0, 1.4, 1, 2.9]) == [2, 3])
    #expect(try crop([7, 9, 5, 2]) == [4, 4])
    #expect(try crop([-1, -1, 0, 0]) == [1, 1])
    #expect(try crop([.nan, .nan, .nan, .nan]) == [1, 1])
    #expect(try crop([0, 0, .infinity, .infinity]) == [1.5, 3.5])
  }

  /// A table of the rows would take gigabytes.
  @Test func cropsOfNoChannelsTakeNoWork() {
    let type = TensorType([1, 0, 1_048_576_000, 1])
    let y = CropResize(height: 1_048_576_000, width: 1).evaluate(
      [HostTensor([1, 0, 1, 1], [Float]()), HostTensor([1, 4], [Float(0), 0, 1, 1])], [type])
    #expect(y.map(\.type) == [type])
  }

  @Test func crop_resize_C1_imagesHaveNoPixels() {
    #expect(
      throws: Violation(
        "C1", "takes real images with pixels as 'x', got f32[1, 3, 0, 4]", operand: 0)
    ) {
      try CropResize(height: 2, width: 2).inferTypes([
        TensorType([1, 3, 0, 4]), TensorType([1, 4]),
      ])
    }
  }

  @Test func crop_resize_C2_boxesAreMissing() {
    #expect(
      throws: Violation(
        "C2",
        "takes a box of top, left, height and width for each of 2 images, [2, 4], got"
          + " f32[1, 4]", operand: 1)
    ) {
      try CropResize(height: 2, width: 2).inferTypes([
        TensorType([2, 3, 4, 4]), TensorType([1, 4]),
      ])
    }
  }

  @Test func crop_resize_C3_extentsAreOutOfRange() {
    #expect(
      throws: Violation(
        "C3", "takes numbers from 1 to 2147483648 as 'height, width', got [0, 2]")
    ) {
      try CropResize(height: 0, width: 2).inferTypes([
        TensorType([1, 3, 4, 4]), TensorType([1, 4]),
      ])
    }
  }
}
