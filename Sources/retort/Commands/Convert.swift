import RetortFormats

extension Command {
  static let convert = Command(
    name: "convert", summary: "writes the tensors of a file in another format",
    positionals: "IN OUT", positionalCount: 2...2,
    options: [
      Option(switch: "--compress", "deflates the entries of an .npz file: smaller, slower to write")
    ],
    discussion: """
      IN is any file of tensors: a PyTorch checkpoint (.pt, .pth, .ckpt), whose pickle code is never
      run, .safetensors, .npz or .npy. OUT is .safetensors, .npz or, for a single tensor, .npy, by its
      suffix. Tensors keep their element types and have the names that 'retort inspect' shows: without
      an enclosing 'state_dict' and the prefix 'module.'. An optimiser's tensors are left out.
      bfloat16 becomes float32 in .npz and .npy, which do not have it.

        retort convert model.ckpt model.safetensors
        retort convert --compress model.safetensors model.npz
        retort inspect model.npz
      """
  ) { arguments in
    let target = arguments.positionals[1]
    try arguments.refuseReplacing(target, files: [arguments.positionals[0]])
    let conversion = try TensorFile.convert(
      arguments.positionals[0], to: target, compress: arguments.has("--compress"))
    Console.notes(conversion.notes)
    try Console.report(conversion.summary, besides: [target])
  }
}
