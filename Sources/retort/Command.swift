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
    var line = "usage: retort \(name)"
    if !positionals.isEmpty { line += " " + positionals }
    for option in options {
      let value = option.placeholder.map { " \($0)" } ?? ""
      line += " [\(option.name)\(value)]" + (option.isRepeatable ? "..." : "")
    }
    return Self.wrap(line, indent: 14)
  }

  var help: String {
    var text = "\(summary)\n\n\(usage)\n"
    if !options.isEmpty {
      text += "\n"
      let heads = options.map { $0.name + ($0.placeholder.map { " \($0)" } ?? "") }
      let width = min(28, heads.map(\.count).max() ?? 0)
      for (head, option) in zip(heads, options) {
        let padding = String(repeating: " ", count: max(2, width + 2 - head.count))
        text += Self.wrap("  \(head)\(padding)\(option.help)", indent: width + 4) + "\n"
      }
    }
    if !discussion.isEmpty { text += "\n" + discussion + "\n" }
    return text
  }

  /// Breaks a line at spaces before column 96; further lines are indented.
  static func wrap(_ line: String, indent: Int) -> String {
    var lines: [String] = []
    var current = ""
    for word in line.split(separator: " ", omittingEmptySubsequences: false) {
      if current.count + word.count + 1 > 96, !current.allSatisfy({ $0 == " " }) {
        lines.append(current)
        current = String(repeating: " ", count: indent) + word
      } else {
        current += current.isEmpty && lines.isEmpty ? String(word) : " " + word
      }
    }
    lines.append(current)
    return lines.joined(separator: "\n")
  }
}

extension Option {
  static let graphs = Option(
    "--graphs", "DIR", "the library of graphs (default: found beside the program or above it)")
  static let entry = Option("--entry", "GRAPH", "the graph to take (default: the file's first)")
  static let set = Option(
    "--set", "NAME=VALUE", repeats: true,
    "binds a dimension or a compile-time argument: n=32, epsilon=8/255, backbone=wide_resnet")
  static let weights = Option(
    "--weights", "FILE", repeats: true,
    "parameters and buffers by name (.safetensors, .npz, .pt, .ckpt)")
  static let backend = Option(
    "--backend", "NAME", "auto (default), reference, simd or blas")
  static let threads = Option("--threads", "N", "threads to compute with (default: all processors)")
  static let seed = Option("--seed", "N", "fills every key input (default: 0)")
  static let output = Option("-o", "FILE", "where to write")

  /// What every command that elaborates a definition takes.
  static let definition: [Option] = [.entry, .set, .graphs]
  /// What every command that runs a graph takes.
  static let running: [Option] = [.weights, .backend, .threads, .seed]
}
