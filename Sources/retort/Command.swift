import RetortRuntime

/// One subcommand: what it takes, what it says of itself, what it does.
struct Command: Sendable {
  let name: String
  /// One line for the overview.
  let summary: String
  /// Positional arguments as the usage line shows them.
  let positionals: String
  let positionalCount: ClosedRange<Int>
  let options: [Option]
  /// A paragraph and examples under the option list.
  let discussion: String
  let action: @Sendable (Arguments) throws -> Void

  var usage: String {
    let head = ["usage: retort \(name)"] + (positionals.isEmpty ? [] : [positionals])
    let items = options.map { option in
      let text = option.name + (option.placeholder.map { " \($0)" } ?? "")
      return (option.isRequired ? text : "[\(text)]") + (option.isRepeatable ? "..." : "")
    }
    return Self.wrap(head + items, indent: 14)
  }

  var help: String {
    var text = "\(summary)\n\n\(usage)\n"
    if !options.isEmpty {
      text += "\n"
      let heads = options.map { $0.name + ($0.placeholder.map { " \($0)" } ?? "") }
      let width = min(28, heads.map(\.count).max() ?? 0)
      for (head, option) in zip(heads, options) {
        let padding = String(repeating: " ", count: max(2, width + 2 - head.count))
        var words = option.help.split(separator: " ").map(String.init)
        words[0] = "  \(head)\(padding)\(words[0])"
        text += Self.wrap(words, indent: width + 4) + "\n"
      }
    }
    if !discussion.isEmpty { text += "\n" + discussion + "\n" }
    return text
  }

  /// Joins with spaces, in lines that end before column 96; further lines are indented.
  private static func wrap(_ items: [String], indent: Int) -> String {
    var lines: [String] = []
    for item in items {
      guard let last = lines.last else {
        lines.append(item)
        continue
      }
      if last.count + 1 + item.count > 96 {
        lines.append(String(repeating: " ", count: indent) + item)
      } else {
        lines[lines.count - 1] += " " + item
      }
    }
    return lines.joined(separator: "\n")
  }
}

extension Option {
  static let graphs = Option(
    "--graphs", "DIR",
    "the library of graphs (default: 'graphs' beside or above the program, else in or above the"
      + " current folder)")
  static let entry = Option("--entry", "GRAPH", "the graph to take (default: the file's first)")
  static let set = Option(
    "--set", "NAME=VALUE", repeats: true,
    "binds a dimension or a compile-time argument: n=32, epsilon=8/255, backbone=wide_resnet")
  static let weights = Option(
    "--weights", "FILE", repeats: true,
    "parameters and buffers by name (.safetensors, .npz, .pt, .ckpt); PREFIX=FILE puts PREFIX and a"
      + " dot before the file's names")
  static let backend = Option(
    "--backend", "NAME",
    Backend.allCases.map(\.rawValue).joined(separator: ", ") + " (default: auto)")
  static let threads = Option("--threads", "N", "threads to compute with (default: all processors)")
  static let seed = Option("--seed", "N", "fills every key input (default: 0)")
  static let disable = Option(
    "--disable", "PASS", repeats: true,
    "leaves an optimisation out, to see what it brings: fuse-elementwise, prepare-weights, ..."
      + " (a wrong name lists them)")
  static let exact = Option(
    switch: "--exact", "direct convolutions only: no Winograd, whose rounding is larger")
  static let calibrate = Option(
    switch: "--calibrate",
    "measures every form of each convolution once, here, and takes the fastest; results may then"
      + " differ by rounding from those of another machine")
  static let memoryLimit = Option(
    "--memory-limit", "BYTES[k|M|G]",
    "computes values again rather than keep them, until the arena is that small")
  static let output = Option("-o", "FILE", "where to write")

  /// What every command that elaborates a definition takes.
  static let definition: [Option] = [.entry, .set, .disable, .exact, .graphs]
  /// What every command that runs a graph takes.
  static let running: [Option] = [.weights, .backend, .threads, .seed, .memoryLimit]
}
