import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

struct MaxPool2dTests {
  private let x = HostTensor([1, 1, 2, 4], [1.0, 5, 5, 2, 3, 4, -1, 9])

  @Test func takesTheLargestOfEachWindow() throws {
    #expect(try MaxPool2d(PoolWindow([2])).numbers(x) == [5, 9])
    let overlapping = MaxPool2d(PoolWindow([1, 3], stride: [1, 2], padding: [0, 1, 0, 1]))
    #expect(try overlapping.numbers(x) == [5, 5, 4, 9])
  }

  @Test func paddingIsNeverTheLargest() throws {
    let below = HostTensor([1, 1, 1, 2], [-3.0, -2])
    #expect(try MaxPool2d(PoolWindow([3], stride: [1], padding: [1])).numbers(below) == [-2, -2])
  }

  @Test func aNaNWins() throws {
    let broken = HostTensor([1, 1, 1, 4], [.nan, 1.0, 2, .nan])
    let y = try MaxPool2d(PoolWindow([1, 2])).numbers(broken)
    #expect(y.allSatisfy { $0.isNaN })
  }

  /// Only taps inside the image are walked, so that the largest window that there is costs nothing.
  @Test func aWindowMayReachFarPastTheImage() throws {
    let far = 2_147_483_647
    let window = PoolWindow([far], stride: [far], padding: [far - 1])
    let image = HostTensor([1, 1, 2, 2], [1.0, 2, 3, 4])
    // Two windows along each axis: the first ends at the image's first pixel.
    #expect(try MaxPool2d(window).numbers(image) == [1, 2, 3, 4])
    let area = Double(far) * Double(far)
    #expect(try AvgPool2d(window).numbers(image) == [1, 2, 3, 4].map { $0 / area })
    let insideOnly = AvgPool2d(window, countPadding: false)
    #expect(try insideOnly.numbers(image) == [1, 2, 3, 4])
    let adjoint = AvgPool2dAdjoint(window, countPadding: false, height: 2, width: 2)
    #expect(try adjoint.numbers(image) == [1, 2, 3, 4])
  }

  @Test func theInsideOfAWindowIsWhatItsIndicesSay() throws {
    for dilation in 1...3 {
      for stride in 1...4 {
        let axis = try #require(
          WindowAxis(input: 5, taps: 4, stride: stride, before: 7, after: 6, dilation: dilation))
        let indices = axis.inputIndices
        for output in 0..<axis.output {
          let window = indices[output * axis.taps..<(output + 1) * axis.taps]
          #expect(Array(axis.insideInputs(ofOutput: output)) == window.filter { $0 >= 0 })
        }
      }
    }
  }

  @Test func max_pool2d_C1_operandIsNoImage() {
    #expect(
      throws: Violation(
        "C1", "takes a real tensor of rank 4 as 'x', got f32[3, 8, 8]", operand: 0)
    ) { try MaxPool2d(PoolWindow([2])).inferTypes([TensorType([3, 8, 8])]) }
  }

  @Test func max_pool2d_C2_attributesAreOutOfRange() {
    let image = [TensorType([1, 1, 8, 8])]
    #expect(throws: Violation("C2", "takes one or 2 numbers as 'window', got [2, 2, 2]")) {
      try MaxPool2d(PoolWindow([2, 2, 2])).inferTypes(image)
    }
    #expect(
      throws: Violation("C2", "takes numbers from 1 to 2147483648 as 'stride', got [1, 0]")
    ) { try MaxPool2d(PoolWindow([2], stride: [1, 0])).inferTypes(image) }
    #expect(
      throws: Violation(
        "C2", "takes numbers from 0 to 2147483648 as 'padding', got [-1, -1, -1, -1]")
    ) { try MaxPool2d(PoolWindow([2], padding: [-1])).inferTypes(image) }
  }

  @Test func max_pool2d_C3_paddingFillsAWindow() {
    #expect(
      throws: Violation("C3", "takes less padding than the window of 2×3, got [0, 0, 2, 0]")
    ) {
      try MaxPool2d(PoolWindow([2, 3], padding: [0, 0, 2, 0])).inferTypes([
        TensorType([1, 1, 8, 8])
      ])
    }
  }

  @Test func max_pool2d_C4_windowIsLargerThanTheImage() {
    #expect(
      throws: Violation(
        "C4",
        "slides a window of 4×4 over an image of 2×8 with padding [0, 0, 0, 0], which is"
          + " smaller", operand: 0)
    ) { try MaxPool2d(PoolWindow([4])).inferTypes([TensorType([1, 1, 2, 8])]) }
    #expect(throws: Violation("C4", "takes images with pixels, got 0×8", operand: 0)) {
      try MaxPool2d(PoolWindow([2], padding: [1])).inferTypes([TensorType([1, 1, 0, 8])])
    }
  }
}
