import RetortFormats
import RetortTensor
import RetortTestSupport
import Testing

@Suite(.enabled(if: CommandLineProgram.isBuilt, CommandLineProgram.absence))
struct CommandLineConvertTests {
  private let space: TemporaryFolder
  private let tensors: [(name: String, tensor: HostTensor)] = [
    ("module.conv.weight", HostTensor([2], [1, 2] as [Float])),
    ("scale", HostTensor([], [BFloat(1.5)])),
  ]

  init() throws { space = try TemporaryFolder() }

  private func convert(_ words: String...) throws -> CommandLineProgram.Outcome {
    try CommandLineProgram.run(["convert"] + words, in: space.path)
  }

  @Test func filesAreConverted() throws {
    try space.write(tensors, to: "a.safetensors")
    let outcome = try convert("--compress", "a.safetensors", "b.npz")
    #expect(outcome.code == 0)
    #expect(outcome.output == "b.npz: npz, 2 tensors\n")
    #expect(
      outcome.error
        == "b.npz: note: 1 tensor widened from bfloat16, which NumPy lacks, to float32: 'scale'\n")
    let stored = try TensorFile.read(space.file("b.npz"))
    #expect(stored.map(\.name) == ["conv.weight", "scale"])
    #expect(stored.map(\.dtype) == ["float32", "float32"])
    #expect(space.names == ["a.safetensors", "b.npz"])
  }

  @Test func checkpointsAreNotWritten() throws {
    try space.write(tensors, to: "a.npz")
    let outcome = try convert("a.npz", "b.pt")
    #expect(outcome.code == 1)
    #expect(outcome.output == "")
    #expect(
      outcome.error == """
        b.pt: error: is a PyTorch checkpoint by its suffix; these are read but not written, because \
        a checkpoint is a program that its reader runs
            = hint: write .safetensors, which 'safetensors.torch.load_file' reads in Python, or .npz

        """, "\(outcome.error)")
    #expect(space.names == ["a.npz"])
  }

  @Test func standardOutputIsTheArrayAlone() throws {
    let bytes = Npy.encode(HostTensor([2], [1, 2] as [Float]))
    try space.write(bytes, to: "a.npy")
    let target = space.file("out")
    let outcome = try CommandLineProgram.run(
      ["convert", "a.npy", "-"], in: space.path, output: target)
    #expect(outcome.code == 0)
    #expect(try InputFile.read(target) == bytes)
    #expect(outcome.error == "-: npy, 1 tensor\n")
  }
}
