import RetortDriver

extension Command {
  static let ops = Command(
    name: "ops", summary: "lists the operations of the language",
    positionals: "[NAME]", positionalCount: 0...1,
    options: [Option(switch: "--markdown", "the whole reference, as in Docs/ops.md")],
    discussion: """
        retort ops
        retort ops conv2d
      """
  ) { arguments in
    let reference = OpReference()
    if let name = arguments.positionals.first {
      try Console.print(reference.page(name), terminator: "")
    } else {
      let text = arguments.has("--markdown") ? reference.markdown : reference.table
      try Console.print(text, terminator: "")
    }
  }
}
