import RetortDefence
import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

extension Command {
  static let purify = Command(
    name: "purify", summary: "purifies images and gives the classifier's answers before and after",
    positionals: "PURIFIER", positionalCount: 1...1,
    options: Option.definition + Option.running + [
      .calibrate,
      Option(
        "--images", "PATH", required: true,
        "a PNG file, a folder of them, a CIFAR-10 .bin file or .npy; - for a stream of .npy arrays"),
      Option(
        "-o", "PATH", required: true,
        "a .npy file, a .png file (one image), a CIFAR-10 .bin file or a folder of PNG files; -"
          + " for standard output, in the format of .npy"),
      Option(
        "--classifier", "FILE",
        "gives the answers: a definition, a plan or a model of ONNX (default: the purifier's own"
          + " graph 'classify', else its backbone). A plan or a model as PURIFIER needs it"),
      Option(
        "--batch", "N", "images at a time (default: what a plan or a model fixes, else 32)"),
      Option(
        "--key", "content|index",
        "what an image's draws come from, besides --seed: its pixels (default), so that it is"
          + " purified the same way wherever it stands, or its place, as in evaluations. Who knows"
          + " the seed knows the draws: keep it secret where that matters"),
      Option("--count", "N", "only the first N images"),
      Option(
        "--labels", "PATH", "a CIFAR-10 .bin file whose labels the answers are scored against"),
    ],
    discussion: """
      PNG files hold 8 bits a channel: the purified image is rounded, and the answer is the one for
      the rounded image. A .npy file keeps 32-bit floats. With --images - and -o - arrays
      [n, 3, 32, 32] are read from standard input, one after the other until it ends or nobody
      reads on; each is answered at once with the purified array. Wherever -o is -, answers go to
      standard error.

      PURIFIER is a definition, or a plan or a model of ONNX of one; those start faster, and have
      a batch of their own.

        retort purify graphs/purifiers/multitask.graph --set backbone=tiny \\
          --weights graphs/weights/classifier-synthetic.safetensors \\
          --weights graphs/weights/heads-synthetic.safetensors --images pictures -o purified
        retort purify purifier.retort --classifier classifier.retort --images - -o -
      """
  ) { arguments in
    guard let source = arguments["--images"] else {
      throw UsageError(message: "'--images PATH' is missing")
    }
    guard let target = arguments["-o"] else { throw UsageError(message: "'-o PATH' is missing") }
    try arguments.refuseReplacing(target)
    let files = [arguments.positionals[0]] + arguments.all("--classifier")
    var request = try arguments.request(files)
    try arguments.refuseWhatAPlanFixes(files)
    // An image's result must not depend on its company.
    request.fixesAlgorithms = true
    var purification = Purification(request: request)
    purification.classifierPath = arguments["--classifier"]
    purification.batch = try arguments.count("--batch", limit: ImageSet.batchLimit)
    purification.keySource =
      try arguments.choice("--key", Purification.KeySource.self) ?? purification.keySource
    if source == "-" {
      guard target == "-" else {
        throw UsageError(message: "a stream goes in and out: give '--images -' and '-o -'")
      }
      for option in ["--count", "--labels"] where arguments.has(option) {
        throw UsageError(message: "'\(option)' means nothing for a stream")
      }
      return try purifyStream(purification)
    }
    try Images.refuseTrainingImages(source)
    var images = try ImageSet(
      reading: source, first: arguments.count("--count"))
    if let note = images.note { Console.note(note) }
    if let labelled = arguments["--labels"] {
      try Images.refuseTrainingImages(labelled)
      let others = try ImageSet(reading: labelled)
      images = try images.labelled(like: others, path: labelled)
      if others.count > images.count, !arguments.has("--count") {
        Console.note(
          "\(labelled) has \(others.count) labels; the first \(images.count) are taken, for the"
            + " images in the order of their names")
      }
    }
    let labels = images.labels.isEmpty ? nil : images.labels
    func named(_ pixels: HostTensor) -> Images {
      Images(pixels: pixels, names: images.names, labels: labels)
    }
    try named(images.pixels).checkWritable(to: target)
    let isFolder = try Images.Target(target) == .folder
    let targets = isFolder ? named(images.pixels).files(inFolder: target) : [target]
    if isFolder { try targets.forEach { try arguments.refuseReplacing($0) } }
    try refuseReplacing(targets, picturesOf: source, images.names)
    let outcome = try naming(images: source) {
      try purification.run(
        images, roundsToBytes: Images.Target(target) != .array, observer: ProgressLine())
    }
    Console.notes(outcome.notes)
    try named(outcome.purified).write(to: target)
    let table = PurificationTable(images: images, outcome: outcome).text
    try Console.report(table, terminator: "", besides: [target])
  }
}

/// Refuses to write over pictures of a folder that is read: one of them, or what a link leads to.
private func refuseReplacing(
  _ targets: [String], picturesOf folder: String, _ names: [String]
) throws(Diagnostics) {
  guard InputFile.isFolder(folder) else { return }
  let pictures = Set(names.compactMap { InputFile.identity("\(folder)/\($0)") })
  guard
    let target = targets.first(where: { InputFile.identity($0).map(pictures.contains) ?? false })
  else { return }
  throw Diagnostics(
    "is one of the images, and would be replaced by what is made of them", path: target,
    hint: "give -o another name")
}

/// Purifies arrays from standard input, one after the other, to standard output, until there is no
/// other or nobody reads on.
private func purifyStream(_ purification: Purification) throws {
  let stream = NpyStream()
  var purifier: (extent: [Int], purifier: Purifier)?
  var number = 0
  // Images are counted through all arrays, so that it does not matter how they are cut.
  var count = 0
  while let stored = try stream.next() {
    let name = "array \(number) of standard input"
    let images = try Images.fromArray(stored, name)
    let set = ImageSet(pixels: images.pixels, labels: [])
    let extent = [set.height, set.width]
    let outcome: Purification.Outcome = try naming(images: name) {
      if purifier?.extent != extent {
        purifier = (extent, try Purifier(purification, height: set.height, width: set.width))
      }
      return try purifier!.purifier.run(set, roundsToBytes: false, first: count)
    }
    if number == 0 { Console.notes(outcome.notes) }
    count += set.count
    guard try Console.put(Npy.encode(outcome.purified)) else { return }
    for (before, after) in zip(outcome.before, outcome.after) {
      Console.error("\(number): \(before) -> \(after)\n")
    }
    number += 1
  }
}
