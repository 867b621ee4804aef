import RetortIR
import RetortTensor
import RetortText

/// The arena over time as a picture (SVG): steps to the right, bytes upward, one rectangle a value.
///
/// Colours tell the first part of the call path, pale ones what a gradient needs. The line through
/// the rectangles is what each step needs at least; the dashed one its peak, the lower bound of any
/// arena. The same plan gives the same bytes.
struct MemoryDrawing {
  private let graph: Graph
  private let plan: MemoryPlan
  private let stepCount: Int
  private let origins: [Value: Origin]
  /// First parts of call paths in the order in which they appear, each with a colour of its own.
  private let groups: [String]

  private static let palette = [
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#e08214", "#7570b3",
    "#1b9e77", "#999999",
  ]
  private enum Frame {
    static let (width, height) = (1200, 720)
    static let (left, right, top, bottom) = (90, 20, 70, 50)
    static let (plotWidth, plotHeight) = (width - left - right, height - top - bottom)
    static let floor = height - bottom
  }

  init(_ graph: Graph, _ plan: MemoryPlan) {
    self.graph = graph
    self.plan = plan
    stepCount = (plan.entries.map(\.lifetime.upperBound).max() ?? 0) + 1
    var origins: [Value: Origin] = [:]
    graph.forEachNode { node in for result in node.results { origins[result] = node.origin } }
    self.origins = origins
    var groups: [String] = []
    for entry in plan.entries {
      let group = Self.group(origins[entry.value])
      if !groups.contains(group) { groups.append(group) }
    }
    self.groups = groups
  }

  var svg: String {
    let (width, height) = (Frame.width, Frame.height)
    let parts =
      [
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(width) \(height)" \
        width="\(width)" height="\(height)" font-family="sans-serif" font-size="11">
        <rect width="\(width)" height="\(height)" fill="white"/>
        <text x="\(Frame.left)" y="24" font-size="16">\(MarkupText.escape(title))</text>
        """
      ] + legend + axes + plan.entries.map(rectangle) + lines
    return parts.joined(separator: "\n") + "\n</svg>\n"
  }

  private var title: String {
    "\(graph.name): arena \(ByteCount.text(plan.arenaByteCount)), lower bound "
      + "\(ByteCount.text(plan.lowerBound)), ratio \(DecimalText.short(plan.ratio, 3)), "
      + "\(stepCount) steps"
  }

  // MARK: places

  private func x(_ step: Int) -> Double {
    Double(Frame.left) + Double(step) * Double(Frame.plotWidth) / Double(stepCount)
  }

  private func y(_ offset: Int) -> Double {
    Double(Frame.floor)
      - Double(offset) * Double(Frame.plotHeight) / Double(max(1, plan.arenaByteCount))
  }

  // MARK: parts

  private static func group(_ origin: Origin?) -> String {
    guard let origin, let first = origin.path.split(separator: ".").first else { return "(top)" }
    return String(first)
  }

  private func colour(_ group: String) -> String {
    Self.palette[(groups.firstIndex(of: group) ?? 0) % Self.palette.count]
  }

  private var legend: [String] {
    var place = Frame.left
    var parts: [String] = []
    for group in groups {
      let room = 26 + 7 * group.count
      if place + room > Frame.width - Frame.right { break }
      parts.append(
        "<rect x=\"\(place)\" y=\"36\" width=\"12\" height=\"12\" fill=\"\(colour(group))\"/>"
          + "<text x=\"\(place + 16)\" y=\"46\">\(MarkupText.escape(group))</text>")
      place += room
    }
    return parts
  }

  private var axes: [String] {
    var parts: [String] = []
    let byteTicks = Self.ticks(upTo: plan.arenaByteCount, binary: true)
    for offset in byteTicks {
      let height = DecimalText.short(y(offset))
      parts.append(
        "<path d=\"M\(Frame.left) \(height)H\(Frame.width - Frame.right)\" stroke=\"#dddddd\"/>"
          + "<text x=\"\(Frame.left - 6)\" y=\"\(DecimalText.short(y(offset) + 4))\" text-anchor=\"end\">"
          + "\(ByteCount.text(offset))</text>")
    }
    for step in Self.ticks(upTo: stepCount, binary: false) {
      parts.append(
        "<text x=\"\(DecimalText.short(x(step)))\" y=\"\(Frame.floor + 18)\" text-anchor=\"middle\">"
          + "\(step)</text>")
    }
    let middle = Frame.left + Frame.plotWidth / 2
    parts.append(
      "<text x=\"\(middle)\" y=\"\(Frame.floor + 38)\" text-anchor=\"middle\">step</text>")
    return parts
  }

  private func rectangle(_ entry: MemoryPlan.Entry) -> String {
    let (first, last) = (entry.lifetime.lowerBound, entry.lifetime.upperBound)
    let (width, height) = (
      x(last + 1) - x(first), y(entry.offset) - y(entry.offset + entry.byteCount)
    )
    let origin = origins[entry.value]
    let name = graph.name(of: entry.value)
    let isGradient = origin?.derivation?.contains("gradient of") ?? false
    let about = [
      "\(name): \(graph.type(of: entry.value))",
      "\(entry.byteCount) bytes (\(ByteCount.text(entry.byteCount))) at \(entry.offset)",
      "steps \(first) to \(last)", origin?.description ?? "",
    ].filter { !$0.isEmpty }.joined(separator: "\n")
    let (left, top) = (x(first), y(entry.offset + entry.byteCount))
    var text =
      "<rect x=\"\(DecimalText.short(left))\" y=\"\(DecimalText.short(top))\" width=\"\(DecimalText.short(width))\""
      + " height=\"\(DecimalText.short(height))\" fill=\"\(colour(Self.group(origin)))\""
      + " fill-opacity=\"\(isGradient ? "0.45" : "0.85")\" stroke=\"white\" stroke-width=\"0.5\">"
      + "<title>\(MarkupText.escape(about))</title></rect>"
    if height >= 12, width >= Double(7 * name.count + 4) {
      text +=
        "<text x=\"\(DecimalText.short(left + 3))\" y=\"\(DecimalText.short(top + min(height, 16) - 3))\""
        + " pointer-events=\"none\">\(MarkupText.escape(name))</text>"
    }
    return text
  }

  /// What each step needs, its peak, and the lower bound.
  private var lines: [String] {
    var changes = [Int](repeating: 0, count: stepCount + 1)
    for entry in plan.entries {
      changes[entry.lifetime.lowerBound] += entry.byteCount
      changes[entry.lifetime.upperBound + 1] -= entry.byteCount
    }
    var needed: [Int] = []
    for change in changes.dropLast() { needed.append((needed.last ?? 0) + change) }
    var path = "M\(Frame.left) \(Frame.floor)"
    for (step, byteCount) in needed.enumerated() where step == 0 || byteCount != needed[step - 1] {
      path += "H\(DecimalText.short(x(step)))V\(DecimalText.short(y(byteCount)))"
    }
    path += "H\(DecimalText.short(x(stepCount)))"
    let peak = needed.max() ?? 0
    let step = needed.firstIndex(of: peak) ?? 0
    let bound = DecimalText.short(y(plan.lowerBound))
    let (end, middle) = (Frame.width - Frame.right, DecimalText.short((x(step) + x(step + 1)) / 2))
    return [
      "<path d=\"\(path)\" fill=\"none\" stroke=\"black\" stroke-width=\"1.2\"/>",
      "<path d=\"M\(Frame.left) \(bound)H\(end)\" stroke=\"#cc0000\" stroke-dasharray=\"6 4\"/>"
        + "<text x=\"\(end)\" y=\"\(DecimalText.short(y(plan.lowerBound) + 13))\" text-anchor=\"end\""
        + " fill=\"#cc0000\">lower bound \(ByteCount.text(plan.lowerBound))</text>",
      "<circle cx=\"\(middle)\" cy=\"\(DecimalText.short(y(peak)))\" r=\"4\" fill=\"#cc0000\">"
        + "<title>peak: \(peak) bytes at step \(step)</title></circle>"
        + "<text x=\"\(middle)\" y=\"\(Frame.top - 6)\" text-anchor=\"middle\" fill=\"#cc0000\">"
        + "peak at step \(step)</text>",
    ]
  }

  // MARK: texts

  /// At most 10 round numbers from 0 on: multiples of 1, 2 or 5 times a power of ten, or of a power
  /// of two.
  private static func ticks(upTo end: Int, binary: Bool) -> [Int] {
    var distance = 1
    while end / distance > 9 {
      let digit = String(distance).first
      distance = binary || digit != "2" ? distance * 2 : distance / 2 * 5
    }
    return Array(stride(from: 0, through: end, by: distance))
  }
}
