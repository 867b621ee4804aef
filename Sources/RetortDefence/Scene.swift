/// One drawn scene: sky, ground, and one thing standing on it. Coordinates are -1...1, y downwards.
struct Scene: Sendable {
  private let kind: Int
  private let centreX: Double
  private let centreY: Double
  private let scale: Double
  private let horizon: Double
  private let sky: (top: Colour, bottom: Colour)
  private let ground: (top: Colour, bottom: Colour)
  private let main: Colour
  private let accent: Colour
  private let dark: Colour
  let light: Double
  let noise: Double

  init(kind: Int, _ random: inout SplitMix) {
    self.kind = kind
    scale = random.uniform(0.62, 0.85)
    centreX = random.uniform(-0.2, 0.2)
    centreY = random.uniform(-0.08, 0.14)
    horizon = random.uniform(0.15, 0.5)
    let day = random.uniform(0.75, 1)
    sky = (Colour(0.35, 0.55, 0.9) * day, Colour(0.75, 0.85, 0.95) * day)
    let soil = random.unit()
    ground = (
      Colour(0.45, 0.6, 0.3).mixed(Colour(0.7, 0.6, 0.4), soil),
      Colour(0.25, 0.4, 0.15).mixed(Colour(0.45, 0.35, 0.2), soil)
    )
    main = Self.hue(random.unit(), random.uniform(0.75, 0.95))
    accent = Self.hue(random.unit(), random.uniform(0.5, 0.9))
    dark = Colour(0.15, 0.13, 0.15)
    light = random.uniform(0.8, 1.05)
    noise = random.uniform(0.02, 0.06)
  }

  /// A saturated colour of the wheel.
  private static func hue(_ turn: Double, _ value: Double) -> Colour {
    func channel(_ offset: Double) -> Double {
      let phase = (turn + offset).truncatingRemainder(dividingBy: 1)
      return value * min(max(abs(phase * 6 - 3) - 1, 0.15), 1)
    }
    return Colour(channel(0), channel(2.0 / 3), channel(1.0 / 3))
  }

  func colour(_ x: Double, _ y: Double) -> Colour {
    if let thing = thing((x - centreX) / scale, (y - centreY) / scale) { return thing }
    if y > horizon { return ground.top.mixed(ground.bottom, (y - horizon) / (1 - horizon)) }
    return sky.top.mixed(sky.bottom, (y + 1) / (horizon + 1))
  }

  private func thing(_ x: Double, _ y: Double) -> Colour? {
    switch kind {
    case 0: house(x, y)
    case 1: tree(x, y)
    case 2: car(x, y)
    case 3: boat(x, y)
    case 4: rocket(x, y)
    case 5: cup(x, y)
    case 6: mushroom(x, y)
    case 7: umbrella(x, y)
    case 8: flag(x, y)
    default: lamp(x, y)
    }
  }

  private func inBox(_ x: Double, _ y: Double, _ xs: ClosedRange<Double>, _ ys: ClosedRange<Double>)
    -> Bool
  {
    xs.contains(x) && ys.contains(y)
  }

  private func inDisc(_ x: Double, _ y: Double, _ cx: Double, _ cy: Double, _ r: Double) -> Bool {
    (x - cx) * (x - cx) + (y - cy) * (y - cy) <= r * r
  }

  /// A triangle or trapezium standing on `bottom`: half width runs from `above` to `below`.
  private func inTaper(
    _ x: Double, _ y: Double, _ ys: ClosedRange<Double>, above: Double, below: Double
  ) -> Bool {
    guard ys.contains(y) else { return false }
    let t = (y - ys.lowerBound) / (ys.upperBound - ys.lowerBound)
    return abs(x) <= above + t * (below - above)
  }

  private func house(_ x: Double, _ y: Double) -> Colour? {
    if inTaper(x, y, -0.85 ... -0.15, above: 0, below: 0.85) { return accent }
    if inBox(x, y, -0.13...0.13, 0.3...0.8) { return dark }
    if inBox(x, y, -0.5 ... -0.25, 0.05...0.3) || inBox(x, y, 0.25...0.5, 0.05...0.3) {
      return Colour(0.95, 0.9, 0.5)
    }
    return inBox(x, y, -0.65...0.65, -0.15...0.8) ? main : nil
  }

  private func tree(_ x: Double, _ y: Double) -> Colour? {
    let leaves = Colour(0.1, 0.5, 0.15).mixed(main, 0.2)
    if inDisc(x, y, 0, -0.35, 0.5) || inDisc(x, y, -0.35, -0.1, 0.35)
      || inDisc(x, y, 0.35, -0.1, 0.35)
    {
      return leaves
    }
    return inBox(x, y, -0.12...0.12, -0.1...0.85) ? Colour(0.4, 0.25, 0.1) : nil
  }

  private func car(_ x: Double, _ y: Double) -> Colour? {
    if inDisc(x, y, -0.5, 0.55, 0.22) || inDisc(x, y, 0.5, 0.55, 0.22) { return dark }
    if inTaper(x, y, -0.25...0.1, above: 0.3, below: 0.5) { return Colour(0.7, 0.85, 0.95) }
    return inBox(x, y, -0.95...0.95, 0.1...0.5) ? main : nil
  }

  private func boat(_ x: Double, _ y: Double) -> Colour? {
    if inTaper(x, y, 0.35...0.75, above: 0.9, below: 0.5) { return main }
    if inBox(x, y, -0.05...0.03, -0.85...0.35) { return dark }
    if x > 0.03, x < 0.03 + (y + 0.8) * 0.65, y > -0.8, y < 0.2 { return Colour(0.95, 0.95, 0.9) }
    return nil
  }

  private func rocket(_ x: Double, _ y: Double) -> Colour? {
    if inTaper(x, y, -0.95 ... -0.5, above: 0, below: 0.28) { return accent }
    if inDisc(x, y, 0, -0.15, 0.13) { return Colour(0.6, 0.8, 0.95) }
    if inBox(x, y, -0.28...0.28, -0.5...0.5) { return Colour(0.9, 0.9, 0.92) }
    if inTaper(x, y, 0.2...0.6, above: 0.28, below: 0.6) { return main }
    return inTaper(x, -y, -0.95 ... -0.6, above: 0, below: 0.2) ? Colour(1, 0.6, 0.1) : nil
  }

  private func cup(_ x: Double, _ y: Double) -> Colour? {
    if inDisc(x, y, 0.6, 0.1, 0.3), !inDisc(x, y, 0.6, 0.1, 0.17), x > 0.45 { return main }
    if inBox(x, y, -0.6...0.55, -0.45 ... -0.33) { return Colour(0.35, 0.2, 0.1) }
    return inTaper(x + 0.02, y, -0.45...0.7, above: 0.6, below: 0.42) ? main : nil
  }

  private func mushroom(_ x: Double, _ y: Double) -> Colour? {
    let cap = inDisc(x, y, 0, -0.05, 0.75) && y < -0.05
    if cap {
      let isSpot =
        inDisc(x, y, -0.3, -0.35, 0.13) || inDisc(x, y, 0.2, -0.5, 0.12)
        || inDisc(x, y, 0.4, -0.22, 0.1)
      return isSpot ? Colour(0.97, 0.97, 0.95) : main
    }
    return inTaper(x, y, -0.05...0.8, above: 0.18, below: 0.26) ? Colour(0.92, 0.88, 0.78) : nil
  }

  private func umbrella(_ x: Double, _ y: Double) -> Colour? {
    if inDisc(x, y, 0, -0.05, 0.85), y < -0.05 {
      return Int((x + 2) / 0.34) % 2 == 0 ? main : accent
    }
    if inBox(x, y, -0.05...0.05, -0.05...0.7) { return dark }
    return inDisc(x, y, 0.14, 0.7, 0.19) && !inDisc(x, y, 0.14, 0.7, 0.09) && y > 0.7 ? dark : nil
  }

  private func flag(_ x: Double, _ y: Double) -> Colour? {
    if inBox(x, y, -0.6 ... -0.5, -0.9...0.85) { return dark }
    guard inBox(x, y, -0.5...0.75, -0.85...0) else { return nil }
    return y < -0.57 ? main : y < -0.28 ? Colour(0.95, 0.95, 0.95) : accent
  }

  private func lamp(_ x: Double, _ y: Double) -> Colour? {
    if inTaper(x, y, -0.8 ... -0.15, above: 0.25, below: 0.65) {
      return Colour(1, 0.92, 0.55).mixed(main, 0.25)
    }
    if inBox(x, y, -0.06...0.06, -0.15...0.65) { return dark }
    return inTaper(x, y, 0.65...0.85, above: 0.25, below: 0.45) ? accent : nil
  }
}
