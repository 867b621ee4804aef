import RetortAPI

/// Purifies images, and gives the direction in which the self-supervised losses rise.
func purify(
  _ images: Tensor, graphs: String
) throws -> (purified: Tensor, slope: Tensor) {
  let settings = ["n": "\(images.shape[0])", "backbone": "tiny"]
  let weights = ["classifier", "heads"].map { "\(graphs)/weights/\($0)-synthetic.safetensors" }
  let purifier = try Model(
    "\(graphs)/purifiers/multitask.graph",
    Model.Options(
      settings: settings.merging(["steps": "3"]) { $1 }, weightFiles: weights, library: graphs))
  let losses = try Model(
    "\(graphs)/objectives/multitask.graph",
    Model.Options(settings: settings, weightFiles: weights, library: graphs))
  let slopes = try losses.gradient(of: losses.results[0].name, withRespectTo: ["x"])
  return (
    try purifier.run(["x": images], seed: 7)["purified"]!,
    try slopes.run(["x": images], seed: 7)["d_x"]!
  )
}
