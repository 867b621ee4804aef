import RetortTensor

/// How far points lie from their images, and between which pixels.
struct PointExtent {
  let norm: EvaluationResults.Attack.Norm
  private(set) var greatestDistance = 0.0
  private(set) var leastPixel = 1.0
  private(set) var greatestPixel = 0.0
  /// Points that are their image itself.
  private(set) var unperturbed = 0
  private var hasWrongNumbers = false
  /// Of one image.
  private var pixelCount = 0

  init(norm: EvaluationResults.Attack.Norm) { self.norm = norm }

  mutating func take(_ points: HostTensor, _ images: HostTensor) {
    let count = points.shape[0]
    let each = points.shape.elementCount / max(1, count)
    pixelCount = each
    points.withElements(of: Float.self) { points in
      images.withElements(of: Float.self) { images in
        for row in 0..<count {
          let rows = row * each..<(row + 1) * each
          var (greatest, sum, squares) = (0.0, 0.0, 0.0)
          for index in rows {
            let pixel = Double(points[index])
            let distance = abs(pixel - Double(images[index]))
            hasWrongNumbers = hasWrongNumbers || !pixel.isFinite
            leastPixel = min(leastPixel, pixel)
            greatestPixel = max(greatestPixel, pixel)
            greatest = max(greatest, distance)
            sum += distance
            squares += distance * distance
          }
          let length =
            switch norm {
            case .linf: greatest
            case .l2: squares.squareRoot()
            case .l1: sum
            }
          greatestDistance = max(greatestDistance, length)
          if greatest == 0 { unperturbed += 1 }
        }
      }
    }
  }

  /// How far from its image a point may lie: a part in a million beyond the radius (DEFENCE 7.9).
  static func allowance(_ epsilon: Double) -> Double { epsilon * (1 + 1e-6) }

  /// What would mend points that are wrong. Beyond the radius by no more than the rounding of x + r
  /// in 32 bits, they are those of an attack that keeps to it but for that.
  func remedy(epsilon: Double) -> String {
    // A last bit of numbers in [1, 2): twice what rounding moves a pixel by.
    let bit = 0x1p-23
    let rounding =
      switch norm {
      case .linf: bit
      case .l2: bit * Double(pixelCount).squareRoot()
      case .l1: bit * Double(pixelCount)
      }
    let excess = greatestDistance - epsilon
    return !hasWrongNumbers && greatestDistance > Self.allowance(epsilon) && excess <= rounding
      ? "that is rounding: end it in settle(x, adversarial, epsilon: epsilon) of blocks/ball.graph"
      : "an attack must stay in its ball and in [0, 1]"
  }

  /// What is wrong with the points for a radius.
  func complaint(epsilon: Double) -> String? {
    if hasWrongNumbers { return "hold NaN or infinity" }
    if greatestDistance > Self.allowance(epsilon) {
      return "lie up to \(greatestDistance) from their images, \(epsilon) is allowed"
    }
    if leastPixel < 0 || greatestPixel > 1 {
      return "have pixels from \(leastPixel) to \(greatestPixel)"
    }
    return nil
  }
}
