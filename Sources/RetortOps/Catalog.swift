import RetortIR

extension OpCatalog {
  /// Every operation, in the order of `Docs/ops.md`. An operation that is not listed here does not
  /// exist for the language.
  package static let standard = OpCatalog([
    (
      "Elementwise",
      [
        Neg.self, Abs.self, Sign.self, Square.self, Reciprocal.self, Sqrt.self, Rsqrt.self,
        Exp.self, Log.self, Erf.self, Tanh.self, Sigmoid.self, Relu.self, LeakyRelu.self,
        Swish.self, Gelu.self, Step.self, Floor.self, Ceil.self, Round.self, Frac.self,
        Add.self, Sub.self, Mul.self, Div.self, Pow.self, Minimum.self, Maximum.self,
        Clamp.self, Select.self, Convert.self, Detach.self,
      ]
    ),
    (
      "Comparison, logic and bits",
      [
        Equal.self, NotEqual.self, Less.self, LessEqual.self, Greater.self, GreaterEqual.self,
        And.self, Or.self, Xor.self, Not.self, BitAnd.self, BitOr.self, BitXor.self,
        ShiftLeft.self, ShiftRight.self,
      ]
    ),
    ("Sources", [Fill.self, Constant.self, Iota.self]),
    (
      "Reductions",
      [
        Sum.self, Mean.self, ReduceMax.self, ReduceMin.self, ArgMax.self, ArgMin.self,
        TopK.self,
      ]
    ),
    (
      "Shaping",
      [
        Reshape.self, Transpose.self, Broadcast.self, Slice.self, Pad.self, Reverse.self,
        Concatenate.self, Gather.self, ScatterAdd.self, OneHot.self,
      ]
    ),
    ("Contraction", [MatMul.self, Conv2d.self, Conv2dTranspose.self, Conv2dKernel.self]),
    (
      "Lowered contraction",
      [
        PackKernel.self, PackedConv2d.self, PackedConv2dTranspose.self, PackWinograd.self,
        WinogradConv2d.self, KernelGradientLast.self,
      ]
    ),
    (
      "Pooling",
      [
        MaxPool2d.self, MaxPool2dScatter.self, MaxPool2dGather.self, AvgPool2d.self,
        AvgPool2dAdjoint.self,
      ]
    ),
    ("Normalisation", [Softmax.self, LogSoftmax.self]),
    ("Images", [CropResize.self, CropResizeAdjoint.self]),
    ("Randomness", [Bits.self, Uniform.self, Normal.self, Permutation.self, Fold.self]),
  ])
}
