import RetortDefence
import RetortDriver
import RetortText

extension Command {
  static let train = Command(
    name: "train", summary: "trains a model or heads by a recipe; resumes after a kill",
    positionals: "RECIPE", positionalCount: 1...1,
    options: [
      Option(
        "--data", "PATH", required: true,
        "CIFAR-10 binary files: one, or a folder of data_batch_*.bin"),
      Option("-o", "WEIGHTS", required: true, "where to write the weights (.safetensors or .npz)"),
      .set, .weights, .threads, .backend, .graphs,
    ],
    discussion: """
      After each epoch WEIGHTS.checkpoint.safetensors is written; a run that finds it goes on from
      there and ends with the same weights. --weights adds tensors to start from (a frozen
      backbone); --set overrides the recipe's settings.

        retort data synthetic -o synthetic
        retort train graphs/recipes/classifier-synthetic.json --data synthetic -o w.safetensors
      """
  ) { arguments in
    guard let data = arguments["--data"] else {
      throw UsageError(message: "'--data PATH' is missing")
    }
    guard let target = arguments["-o"] else { throw UsageError(message: "'-o WEIGHTS' is missing") }
    let recipe = try Recipe(reading: arguments.positionals[0])
    let library = try arguments.library()
    let path = recipe.graphPath(in: library, beside: arguments.positionals[0])
    var request = try arguments.request(path)
    request.entry = recipe.entry
    let typed = request.settings
    request.settings = recipe.settings
    request.replaceSettings(with: typed)
    request.weightPaths =
      recipe.weights.map { WeightFile($0).text(in: library) } + request.weightPaths
    try arguments.refuseReplacing(target, of: request)
    let images = try ImageSet(reading: data)
    try images.requireLabels(data)
    let trainer = try naming(recipe: recipe.path, typed: Set(typed.map(\.name))) {
      try Trainer(
        recipe: recipe, images: images, request: request, target: target, observer: ProgressLine())
    }
    try trainer.run()
    try Console.print("\(target): written")
  }
}
