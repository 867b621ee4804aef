import RetortFormats
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

@Suite struct TensorFileTests {
  @Test(arguments: ["weights.safetensors", "weights.npz"])
  func everyElementTypeComesBack(_ name: String) throws {
    let folder = try TemporaryFolder()
    // NumPy has no bfloat16; the file holds float32 instead.
    let tensors = sampleTensors().filter { $0.name != "bf16" || !name.hasSuffix("npz") }
    try TensorFile.write(tensors, to: folder.file(name))
    let stored = try TensorFile.read(folder.file(name))
    #expect(stored.map(\.name) == tensors.map(\.name))
    #expect(stored.map(\.tensor) == tensors.map(\.tensor))
    #expect(folder.names == [name])
  }

  @Test func anArrayFileHoldsOneTensor() throws {
    let folder = try TemporaryFolder()
    for (name, tensor) in sampleTensors() where name != "bf16" {
      let path = folder.file(name + ".npy")
      try TensorFile.write([("ignored", tensor)], to: path)
      let stored = try TensorFile.read(path)
      #expect(stored.map(\.tensor) == [tensor])
      #expect(stored.map(\.name) == [name])
    }
    let error = #expect(throws: Diagnostics.self) {
      try TensorFile.write(sampleTensors(), to: folder.file("all.npy"))
    }
    #expect(error?.list.first?.message == ".npy holds one tensor, not 9")
  }

  @Test func bfloat16IsWidenedForNumPy() throws {
    let tensor = HostTensor([2], [BFloat(1.5), BFloat(-2)])
    let stored = try Npy.decode(Npy.encode(tensor)[...])
    #expect(stored.dtype == "float32")
    #expect(stored.tensor == HostTensor([2], [1.5, -2] as [Float]))
  }

  @Test func keysAreWrittenAsTwoWords() throws {
    let stored = try Npy.decode(Npy.encode(HostTensor([1], [Key(1, 2)]))[...])
    #expect(stored.tensor == HostTensor([1, 2], [1, 2] as [UInt32]))
  }

  @Test func theFormatIsToldByContentWithoutSuffix() throws {
    let folder = try TemporaryFolder()
    let tensors = sampleTensors().filter { $0.name != "bf16" }
    let files = [
      try folder.write(Safetensors.encode(tensors), to: "a"),
      try folder.write(try Npz.encode(tensors), to: "b"),
    ]
    for path in files {
      #expect(try TensorFile.read(path).map(\.tensor) == tensors.map(\.tensor))
    }
    let text = try folder.write(Array("hello".utf8), to: "c")
    let error = #expect(throws: Diagnostics.self) { try TensorFile.read(text) }
    #expect(error?.list.first?.message == "is no file of tensors")
  }

  @Test func wrappersAndThePrefixModuleAreNoPartOfNames() throws {
    let folder = try TemporaryFolder()
    let one = HostTensor([], [1] as [Float])
    try TensorFile.write(
      [("module.conv.weight", one), ("model.bias", one)], to: folder.file("w.safetensors"))
    let names = try TensorFile.read(folder.file("w.safetensors")).map(\.name)
    #expect(names == ["conv.weight", "model.bias"])
  }

  @Test func aMissingFileIsASentence() {
    let error = #expect(throws: Diagnostics.self) { try TensorFile.read("/no/such/file.npy") }
    #expect(error?.list.first?.path == "/no/such/file.npy")
    #expect(error?.list.first?.message == "cannot be read: No such file or directory")
  }

  @Test(arguments: [
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'shape': (2,), }", "unexpected key"),
    ("{'descr': '<f4', 'fortran_order': False, }", "lacks"),
    ("{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }", "elements of type"),
    ("{'descr': '|O', 'fortran_order': False, 'shape': (2,), }", "Python objects"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }", "records"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "negative extent"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807, 9), }", "counted"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "64 bits"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "takes 12 bytes"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), } + 1", "no end"),
  ])
  func npyHeadersAreReadStrictly(_ header: String, _ fact: String) {
    var bytes: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.utf8.count + 1), 0]
    bytes += Array((header + "\n").utf8) + [UInt8](repeating: 0, count: 8)
    let error = #expect(throws: FormatError.self) { try Npy.decode(bytes[...]) }
    #expect(error?.message.contains(fact) == true, "\(error?.message ?? "")")
  }

  @Test func safetensorsCarriesMetadata() throws {
    let tensors = [(name: "w", tensor: HostTensor([1], [2] as [Float]))]
    let bytes = Safetensors.encode(tensors, metadata: [("made by", "a \"test\"\n")])
    #expect(String(decoding: bytes, as: UTF8.self).contains(#""made by":"a \"test\"\n""#))
    #expect(try Safetensors.decode(bytes).map(\.tensor) == tensors.map(\.tensor))
  }
}
