/// Numbers that are not negative as decimals, the same in every locale and without Foundation.
package enum DecimalText {
  /// With so many decimals, `2.50`; what no 18 digits can write as Swift writes it, `inf`.
  package static func fixed(_ value: Double, _ decimals: Int) -> String {
    let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
    let product = (value * Double(scale)).rounded()
    guard product < 1e18 else { return "\(value)" }
    let scaled = Int(max(0, product))
    let fraction = String(scaled % scale)
    let zeros = String(repeating: "0", count: decimals - fraction.count)
    return "\(scaled / scale).\(zeros)\(fraction)"
  }

  /// With at most so many decimals, `2.5`.
  package static func short(_ value: Double, _ decimals: Int = 2) -> String {
    var text = fixed(value, decimals)
    while text.last == "0" { text.removeLast() }
    if text.last == "." { text.removeLast() }
    return text
  }
}
