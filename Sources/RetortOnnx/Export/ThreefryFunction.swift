import RetortFormats
import RetortIR
import RetortTensor

/// Threefry-2x32 with 20 rounds as a function of the model: `(k0, k1, x0, x1) → (y0, y1)`, words of
/// `uint32` that broadcast. Sums are taken in `int64`, of which the low 32 bits are kept: few
/// runtimes add `uint32`.
///
/// Source: Salmon, Moraes, Dror, Shaw 2011.
enum ThreefryFunction {
  static let domain = "retort"
  static let opType = "Threefry2x32"
  static let opset = OnnxOpset(domain: domain, version: 1)

  static let definition: OnnxFunction = {
    var writer = Writer()
    let (k0, k1) = ("k0", "k1")
    let parity = writer.add("Constant", [], [OnnxAttribute("value", word(0x1BD1_1BDA))])
    let k2 = writer.add(
      "BitwiseXor", [writer.add("BitwiseXor", [k0, k1]), parity])
    let keys = [k0, k1, k2]
    var a = writer.sum("x0", k0)
    var b = writer.sum("x1", k1)
    let rotations = [[13, 15, 26, 6], [17, 29, 16, 24]]
    for round in 0..<5 {
      for count in rotations[round % 2] {
        a = writer.sum(a, b)
        b = writer.add("BitwiseXor", [writer.rotated(b, by: count), a])
      }
      a = writer.sum(a, keys[(round + 1) % 3])
      b = writer.sum(writer.sum(b, keys[(round + 2) % 3]), writer.constant(UInt32(round + 1)))
    }
    writer.add("Identity", [a], as: "y0")
    writer.add("Identity", [b], as: "y1")

    var function = OnnxFunction()
    function.name = opType
    function.domain = domain
    function.inputs = ["k0", "k1", "x0", "x1"]
    function.outputs = ["y0", "y1"]
    function.nodes = writer.nodes
    function.opsets = [OnnxOpset(version: OnnxOperators.exportedOpset)]
    return function
  }()

  private static func word(_ value: UInt32) -> OnnxTensor {
    OnnxTensor("", HostTensor([], [value]))
  }

  private struct Writer {
    var nodes: [OnnxNode] = []
    private var constants: [UInt32: String] = [:]

    @discardableResult
    mutating func add(
      _ opType: String, _ inputs: [String], _ attributes: [OnnxAttribute] = [],
      as output: String? = nil
    ) -> String {
      let name = output ?? "t\(nodes.count)"
      nodes.append(OnnxNode(opType, inputs: inputs, outputs: [name], attributes: attributes))
      return name
    }

    mutating func constant(_ value: UInt32) -> String {
      if let name = constants[value] { return name }
      let name = add("Constant", [], [OnnxAttribute("value", word(value))])
      constants[value] = name
      return name
    }

    /// Modulo 2³².
    mutating func sum(_ a: String, _ b: String) -> String {
      let wide = [OnnxAttribute("to", OnnxElement.int64.rawValue)]
      let total = add("Add", [add("Cast", [a], wide), add("Cast", [b], wide)])
      return add("Cast", [total], [OnnxAttribute("to", OnnxElement.uint32.rawValue)])
    }

    /// Rotated towards the high bits.
    mutating func rotated(_ x: String, by count: Int) -> String {
      let up = add(
        "BitShift", [x, constant(UInt32(count))], [OnnxAttribute("direction", "LEFT")])
      let down = add(
        "BitShift", [x, constant(UInt32(32 - count))], [OnnxAttribute("direction", "RIGHT")])
      return add("BitwiseOr", [up, down])
    }
  }
}
