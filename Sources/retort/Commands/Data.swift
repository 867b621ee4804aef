import RetortDefence
import RetortText

extension Command {
  static let data = Command(
    name: "data", summary: "draws the small image set of the demo",
    positionals: "synthetic", positionalCount: 1...1,
    options: [
      Option(
        "-o", "DIR", required: true, "the folder to write, in the layout of CIFAR-10's binary files"
      ),
      Option("--training", "N", "training images (default: \(SyntheticSet.trainingCount))"),
      Option("--test", "N", "test images (default: \(SyntheticSet.testCount))"),
    ],
    discussion: """
      Ten classes of 32x32 RGB pictures, always upright:
      \(SyntheticImages.classNames.joined(separator: ", ")).
      The same numbers give the same bytes on every machine.

        retort data synthetic -o synthetic
      """
  ) { arguments in
    guard arguments.positionals[0] == "synthetic" else {
      throw UsageError(
        message: "there is no data set '\(arguments.positionals[0])', only 'synthetic'")
    }
    guard let folder = arguments["-o"] else { throw UsageError(message: "'-o DIR' is missing") }
    try SyntheticSet.write(
      to: folder,
      training: try arguments.count("--training") ?? SyntheticSet.trainingCount,
      test: try arguments.count("--test") ?? SyntheticSet.testCount,
      observer: ProgressLine())
    try Console.print("\(folder): data_batch_1.bin, test_batch.bin, batches.meta.txt")
  }
}
