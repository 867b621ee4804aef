import Foundation
import RetortDefence
import RetortFormats
import RetortRuntime
import RetortText

extension Command {
  static let demo = Command(
    name: "demo", summary: "attacks and purifies images on the shipped model; needs no download",
    positionals: "", positionalCount: 0...0,
    options: [
      Option("-o", "FILE", "where to write the picture (default: retort-demo.png)"),
      .threads, .graphs,
    ],
    discussion: """
      Draws 64 test images, attacks the shipped classifier on them (PGD, radius 8/255), purifies
      them with one task and with three, prints the accuracies and writes a contact sheet.
      """
  ) { arguments in
    let target = arguments["-o"] ?? "retort-demo.png"
    try arguments.requireTarget(target, ending: ".png", "a picture")
    let start = ContinuousClock.now
    let demonstration = Demonstration(
      library: try arguments.library(),
      threadCount: try arguments.threadCount() ?? ThreadPool.processorCount,
      observer: ProgressLine())
    let result = try demonstration.run()
    try AtomicFile.write(PNG.encode(result.sheet), to: target)
    try Console.report(result.table, terminator: "", besides: [target])
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let time = DecimalText.fixed(seconds, 1)
    try Console.report(
      "\(target): images before and after; \(time) s in all", besides: [target])
  }
}
