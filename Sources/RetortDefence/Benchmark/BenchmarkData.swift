import RetortDriver
import RetortIR
import RetortKernels
import RetortTensor

/// Weights and inputs for measuring: the same in every run, of realistic size, made without files.
///
/// What a network computes from them matters only so far as no number overflows or becomes
/// denormal. Weights have the deviation that the definition's `init` says, drawn evenly; the second
/// convolution of a residual block has half of it, so that sums over many blocks stay small.
enum BenchmarkData {
  static func write(weight input: GraphInput, _ view: TensorView) {
    let initialiser: Initialiser?
    switch input.role {
    case .parameter(let value), .buffer(let value): initialiser = value
    case .input: initialiser = nil
    }
    switch initialiser {
    case .normal(let deviation):
      // Even numbers within √3 have deviation 1.
      let damping = input.name.hasSuffix("conv2.weight") ? 0.5 : 1
      spread(view, input.name, around: 0, by: deviation * 3.0.squareRoot() * damping)
    case .uniform(let bound):
      spread(view, input.name, around: 0, by: bound)
    case .fill(let value):
      // An optimiser starts at rest; norms differ a little from channel to channel.
      spread(view, input.name, around: value, by: input.name.hasPrefix("optimiser.") ? 0 : 0.2)
    case nil:
      spread(view, input.name, around: 0, by: 0.05)
    }
  }

  /// Images in [0, 1], labels below 10, crops by up to 4 pixels, flips 0 or 1.
  static func write(input: GraphInput, _ view: TensorView) {
    var numbers = SplitMix(state: RandomKeys.hash(input.name))
    guard view.type.element == .i32 else {
      return spread(view, input.name, around: 0.5, by: 0.5)
    }
    let range: Range<Int32> =
      switch input.name {
      case "view_dy", "view_dx": -4..<5
      case "view_flip": 0..<2
      default: 0..<10
      }
    for index in view.elements(Int32.self).indices {
      view.elements(Int32.self)[index] =
        range.lowerBound + Int32(UInt32(numbers.next() >> 32) % UInt32(range.count))
    }
  }

  private static func spread(
    _ view: TensorView, _ name: String, around centre: Double, by radius: Double
  ) {
    guard view.type.element == .f32 else { return }
    var numbers = SplitMix(state: RandomKeys.hash(name))
    let scale = Float(2 * radius) * 0x1p-24
    let low = Float(centre - radius)
    for index in view.elements(Float.self).indices {
      view.elements(Float.self)[index] = low + scale * Float(numbers.next() >> 40)
    }
  }
}
