import RetortTensor

/// The small image data set that the project draws itself: ten kinds of things on a ground under a
/// sky, 3×32×32, always upright, so that a rotation can be told.
///
/// Every image is a function of the seed and its index alone. Class = index mod 10. Place, size,
/// colours, light, horizon and noise vary; shapes are anti-aliased with 3×3 samples a pixel.
package struct SyntheticImages: Sendable {
  package static let extent = 32
  package static let classNames = [
    "house", "tree", "car", "boat", "rocket", "cup", "mushroom", "umbrella", "flag", "lamp",
  ]

  package let seed: UInt64

  package init(seed: UInt64) { self.seed = seed }

  package func label(_ index: Int) -> Int { index % Self.classNames.count }

  /// Red, green, blue planes of 1024 bytes, rows from the top: a CIFAR-10 record without its label.
  package func pixels(_ index: Int) -> [UInt8] {
    var random = SplitMix(state: seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index))
    let scene = Scene(kind: label(index), &random)
    let extent = Self.extent
    var planes = [UInt8](repeating: 0, count: 3 * extent * extent)
    for row in 0..<extent {
      for column in 0..<extent {
        var sum = Colour(0, 0, 0)
        for sample in 0..<9 {
          let x = (Double(column) + (Double(sample % 3) + 0.5) / 3) / Double(extent) * 2 - 1
          let y = (Double(row) + (Double(sample / 3) + 0.5) / 3) / Double(extent) * 2 - 1
          sum = sum + scene.colour(x, y)
        }
        let noise = (random.unit() - 0.5) * scene.noise
        let mean = sum * (1 / 9)
        for (plane, value) in [mean.red, mean.green, mean.blue].enumerated() {
          let grain = noise + (random.unit() - 0.5) * scene.noise
          let level = min(max(value * scene.light + grain, 0), 1)
          planes[plane * extent * extent + row * extent + column] = UInt8((level * 255).rounded())
        }
      }
    }
    return planes
  }

  /// `count` records in the CIFAR-10 binary layout, from `first` on.
  package func records(_ range: Range<Int>) -> [UInt8] {
    range.flatMap { [UInt8(label($0))] + pixels($0) }
  }
}

/// A colour in [0, 1]³.
struct Colour: Sendable {
  var red: Double
  var green: Double
  var blue: Double

  init(_ red: Double, _ green: Double, _ blue: Double) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  static func + (a: Colour, b: Colour) -> Colour {
    Colour(a.red + b.red, a.green + b.green, a.blue + b.blue)
  }

  static func * (a: Colour, factor: Double) -> Colour {
    Colour(a.red * factor, a.green * factor, a.blue * factor)
  }

  /// The point at `t` on the way to another colour.
  func mixed(_ other: Colour, _ t: Double) -> Colour { self * (1 - t) + other * t }
}

/// The generator of Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators".
struct SplitMix: Sendable {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// In [0, 1).
  mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
  mutating func uniform(_ low: Double, _ high: Double) -> Double { low + unit() * (high - low) }
}
