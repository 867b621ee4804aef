import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

extension Command {
  static let run = Command(
    name: "run", summary: "runs a graph on tensors from files",
    positionals: "DEFINITION|PLAN", positionalCount: 1...1,
    options: Option.definition + Option.running + [
      .calibrate,
      Option(
        "--input", "NAME=FILE", repeats: true,
        "an input: .npy, .npz, .safetensors, whose numbers are taken as they are; images in 0...1:"
          + " .png, a folder of them, CIFAR-10 .bin (the first --set n), FILE.bin:labels"),
      Option("--output", "NAME=FILE", repeats: true, "where to write a result, by suffix"),
      Option(
        "--save-weights", "FILE",
        "writes parameters and buffers as the run leaves them (.safetensors, .npz)"),
      Option("--precision", "f32|f64", "f64 runs everything in double, with --backend reference"),
      Option(switch: "--check-finite", "stops at the first node that makes NaN or infinity"),
      Option("--profile", "TRACE.json", "writes a Chrome trace and prints a table of times"),
    ],
    discussion: """
      Inputs of element type 'key' are filled from --seed. Dimensions that the inputs' shapes fix
      need no --set. Results without --output are summarised on standard output.

        retort run model.graph --weights w.safetensors --input x=x.npy --output logits=y.npy
      """
  ) { arguments in
    if arguments.has("--save-weights"), arguments.has("--profile") {
      throw UsageError(message: "'--profile' runs twice, so '--save-weights' cannot go with it")
    }
    var request = try arguments.request(arguments.positionals[0])
    request.keepsWeights = arguments.has("--save-weights")
    request.bindsDefaults = true
    try arguments.refuseWhatAPlanFixes([arguments.positionals[0]])
    let inputs = try request.arguments(arguments.inputTensors())
    let targets = try arguments.pairs("--output").map {
      (name: request.argumentName($0.name), value: $0.value)
    }
    let traces = arguments.all("--profile")
    let keptWeights = arguments.all("--save-weights")
    try arguments.checkTargets(
      tensors: targets.map(\.value), texts: traces, weights: keptWeights)
    if arguments.has("--check-finite") {
      try arguments.namingInputs(of: request) { try FiniteCheck.run(request, inputs: inputs) }
    }
    let (executable, notes, unused) = try arguments.namingInputs(of: request) {
      try request.executable(inputs: inputs)
    }
    Console.notes(notes + Weights.note(unused: unused))
    try arguments.refuseLosing(unused)
    if let file = arguments["--save-weights"] {
      let count = executable.graph.inputs.count { $0.role.isWeight }
      guard count > 0 else {
        throw Diagnostics("has no weights that '--save-weights' could keep", path: request.path)
      }
      try TensorFile.checkWritable(to: file, holding: count)
    }
    let names = executable.graph.outputs.filter { $0.role == .result }.map(\.name)
    for (name, _) in targets where !names.contains(name) {
      throw Diagnostics(
        "'\(executable.graph.name)' has no result '\(name)'",
        hint: Suggestion.hint(for: name, in: names))
    }
    let results: [String: HostTensor]
    let files = targets.map(\.value) + traces + keptWeights
    if let trace = arguments["--profile"] {
      let (measured, report) = try arguments.namingInputs(of: request) {
        try executable.profile(inputs, seed: request.seed)
      }
      results = measured
      try AtomicFile.write(report.chromeTrace, to: trace)
      try Console.report(report.table, terminator: "", besides: files)
    } else {
      results = try arguments.namingInputs(of: request) {
        try executable.run(inputs, seed: request.seed)
      }
    }
    for (name, file) in targets {
      try TensorFile.write([(name, results[name]!)], to: file)
    }
    if let file = arguments["--save-weights"] {
      try TensorFile.write(executable.program.weightTensors(), to: file)
    }
    for name in names where !targets.contains(where: { $0.name == name }) {
      try Console.report(TensorSummary.line(name, results[name]!), besides: files)
    }
  }
}
