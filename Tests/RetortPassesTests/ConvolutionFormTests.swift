import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import Testing

/// Which form computes a convolution.
@Suite struct ConvolutionFormTests {
  private static func problem(
    _ channels: Int = 16, batch: Int = 2, stride: Int = 1, isAdjoint: Bool = false
  ) -> ConvolutionCase {
    let op = Conv2d(Sliding(stride: [stride], padding: [1]))
    let extents = op.acceptedExtents([
      TensorType([batch, channels, 8, 8]), TensorType([channels, channels, 3, 3]),
    ])
    return ConvolutionCase(extents, op.sliding, isAdjoint: isAdjoint)
  }

  @Test func aMeasuredChoiceGoesBeforeTheEstimate() {
    var model = ConvolutionCostModel()
    let problem = Self.problem()
    #expect(model.form(of: problem) == .winograd2)
    for form in ConvolutionForm.allCases {
      model.measured[problem] = form
      #expect(model.form(of: problem) == form)
    }
    // The adjoint and another batch are other cases.
    model.measured[problem] = .direct
    #expect(model.form(of: Self.problem(isAdjoint: true)) == .winograd2)
    #expect(model.form(of: Self.problem(batch: 3)) == .winograd4)
  }

  @Test func oneBatchCanStandForAll() {
    var model = ConvolutionCostModel(imageCount: 56)
    model.measured[Self.problem(batch: 56)] = .winograd2
    #expect(model.form(of: Self.problem(batch: 1)) == .winograd2)
    #expect(model.form(of: Self.problem(batch: 900)) == .winograd2)
  }

  @Test func exactFormsAndStepsStayDirect() {
    var model = ConvolutionCostModel(isExact: true)
    model.measured[Self.problem()] = .winograd4
    #expect(model.form(of: Self.problem()) == .direct)
    model.isExact = false
    model.measured[Self.problem(stride: 2)] = .winograd4
    #expect(model.form(of: Self.problem(stride: 2)) == .direct)
    #expect(Self.problem(stride: 2).forms == [.direct])
    #expect(model.form(of: Self.problem(4)) == .direct, "too few channels for an estimate to tell")
  }

  @Test func everyFormHasTheTypeOfTheConvolution() throws {
    for problem in [
      Self.problem(), Self.problem(isAdjoint: true), Self.problem(stride: 2, isAdjoint: true),
    ] {
      for form in problem.forms {
        let types = problem.operandTypes
        let packed = try problem.packing(form).inferTypes([types[1]])[0]
        let result = try problem.lowered(form).inferTypes([types[0], packed])
        let side = problem.isAdjoint || problem.sliding.stride == [1, 1] ? 8 : 4
        #expect(result == [TensorType([2, side, side, 16])], "\(problem), \(form)")
      }
    }
  }

  @Test func casesAreFoundOnceEachInLoopsToo() {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([2, 8, 6, 6]))
      let w = b.input("w", TensorType([8, 8, 3, 3]), role: .parameter(nil))
      let y = b.conv2d(x, w, padding: [1])
      let z = b.loop(2, y) { b, _, r in b.conv2d(b.conv2d(r, w, padding: [1]), w, padding: [1]) }
      let strided = b.conv2d(z, w, stride: [2], padding: [1])
      return [
        strided,
        b.conv2dTranspose(
          strided, w, Sliding(stride: [2], padding: [1]), height: 6, width: 6),
      ]
    }
    let cases = LowerConvolutions.cases(in: graph)
    #expect(
      cases.map(\.description) == [
        "2 × 8×6×6 → 8×6×6 by 3×3 padding 1",
        "2 × 8×6×6 → 8×3×3 by 3×3 stride 2 padding 1",
        "2 × 8×6×6 → 8×3×3 by 3×3 stride 2 padding 1 gradient",
      ])
  }
}
