import RetortFormats
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

@Suite struct ConversionTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// NumPy's names of all types that are read, with values at the ends of their ranges.
  private static let integers: [(dtype: String, code: String, bytes: [UInt8])] = [
    ("uint8", "U8", [0, 127, 128, 255]), ("int8", "I8", [0, 127, 128, 255]),
    ("uint16", "U16", [0, 0, 255, 255, 0, 128, 1, 2]),
    ("int16", "I16", [0, 0, 255, 255, 0, 128, 1, 2]),
    ("uint64", "U64", [UInt8](repeating: 255, count: 7) + [127]),
  ]

  /// A file with a tensor of every type, those too that graphs do not compute in.
  private func everyType() throws -> String {
    var header = ""
    var data: [UInt8] = []
    for (dtype, code, bytes) in Self.integers {
      let width = bytes.count / (dtype == "uint64" ? 1 : 4)
      header +=
        #""\#(dtype)":{"dtype":"\#(code)","shape":[\#(bytes.count / width)],"#
        + #""data_offsets":[\#(data.count),\#(data.count + bytes.count)]},"#
      data += bytes
    }
    for (name, tensor) in sampleTensors() {
      let end = data.count + tensor.bytes.count
      header +=
        #""\#(name)":{"dtype":"\#(name == "empty" ? "F32" : name.uppercased())","#
        + #""shape":\#(tensor.shape),"data_offsets":[\#(data.count),\#(end)]},"#
      data += tensor.bytes
    }
    header = "{" + header.dropLast() + "}"
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    return try folder.write(length + Array(header.utf8) + data, to: "all.safetensors")
  }

  private func facts(_ path: String) throws -> [[String]] {
    try TensorFile.read(path).map { [$0.name, $0.dtype, "\($0.tensor)"] }
  }

  @Test(arguments: ["npz", "safetensors"], [false, true])
  func everyElementTypeIsKept(_ suffix: String, compress: Bool) throws {
    let source = try everyType()
    let target = folder.file("out." + suffix)
    let conversion = try TensorFile.convert(
      source, to: target, compress: compress && suffix == "npz")
    #expect(conversion.summary == "\(target): \(suffix), 14 tensors")
    let (before, after) = (try TensorFile.read(source), try TensorFile.read(target))
    #expect(before.map(\.name) == after.map(\.name))
    for (old, new) in zip(before, after) {
      let isWidened = suffix == "npz" && old.dtype == "bfloat16"
      #expect(new.dtype == (isWidened ? "float32" : old.dtype), "\(old.name)")
      #expect(new.tensor == (isWidened ? old.tensor.converted(to: .f32) : old.tensor))
    }
    #expect(
      conversion.notes.map(\.message)
        == (suffix == "npz"
          ? ["1 tensor widened from bfloat16, which NumPy lacks, to float32: 'bf16'"] : []))
    // Back again: nothing but bfloat16 has changed.
    let again = folder.file("again.safetensors")
    _ = try TensorFile.convert(target, to: again)
    #expect(try facts(again) == facts(target))
    #expect(folder.names == ["again.safetensors", "all.safetensors", "out." + suffix])
  }

  @Test func aSingleTensorBecomesAnArrayFile() throws {
    let bytes = Npy.encode(HostTensor([2], [Half(1), Half(bits: 1)]))
    let source = try folder.write(bytes, to: "w.npy")
    _ = try TensorFile.convert(source, to: folder.file("a.safetensors"))
    _ = try TensorFile.convert(folder.file("a.safetensors"), to: folder.file("b.npy"))
    #expect(try InputFile.read(folder.file("b.npy")) == bytes)
    #expect(try TensorFile.read(folder.file("a.safetensors")).map(\.name) == ["w"])
  }

  @Test func compressedArchivesAreSmaller() throws {
    let zeros = HostTensor(zeros: TensorType([1000]))
    try TensorFile.write([("zeros", zeros)], to: folder.file("a.npz"))
    _ = try TensorFile.convert(folder.file("a.npz"), to: folder.file("b.npz"), compress: true)
    #expect(try InputFile.read(folder.file("a.npz")).count > 4000)
    #expect(try InputFile.read(folder.file("b.npz")).count < 400)
    #expect(try TensorFile.read(folder.file("b.npz")).map(\.tensor) == [zeros])
  }

  /// Hashed are floats, in pieces; what is left over by the pieces counts too.
  @Test(arguments: [0, 1, 65536, 65537, 200_000])
  func checksumsAreThoseOfFloats(_ count: Int) {
    let values = (0..<count).map { Int64($0) &* 0x1_0001_0001 }
    let floats = HostTensor([count], values.map { Float($0) })
    #expect(
      Inspection.checksum(HostTensor([count], values)) == SHA256.hexadecimal(floats.bytes))
    #expect(Inspection.checksum(floats) == SHA256.hexadecimal(floats.bytes))
  }

  @Test func aFileCanBeConvertedInPlace() throws {
    let path = folder.file("a.npz")
    try TensorFile.write([("module.w", HostTensor([1], [3] as [Float]))], to: path)
    _ = try TensorFile.convert(path, to: path)
    #expect(try TensorFile.read(path).map(\.name) == ["w"])
    #expect(folder.names == ["a.npz"])
  }

  @Test(arguments: [
    ("model.pt", "is a PyTorch checkpoint by its suffix; these are read but not written"),
    ("MODEL.CKPT", "is a PyTorch checkpoint by its suffix; these are read but not written"),
    ("model.bin", "has no suffix in which tensors are written"),
    ("all.npy", ".npy holds one tensor, not 9"),
    ("none/model.npz", "cannot be written: No such file or directory"),
  ])
  func whatCannotBeWrittenIsSaid(_ name: String, _ fact: String) throws {
    try TensorFile.write(sampleTensors(), to: folder.file("in.safetensors"))
    let error = #expect(throws: Diagnostics.self) {
      try TensorFile.convert(folder.file("in.safetensors"), to: folder.file(name))
    }
    let first = try #require(error?.list.first)
    #expect(first.message.hasPrefix(fact), "\(first.message)")
    #expect(first.path == folder.file(name))
    #expect(folder.names == ["in.safetensors"])
  }

  @Test func onlyArchivesOfArraysAreCompressed() throws {
    try TensorFile.write(sampleTensors(), to: folder.file("in.npz"))
    let error = #expect(throws: Diagnostics.self) {
      try TensorFile.convert(
        folder.file("in.npz"), to: folder.file("out.safetensors"), compress: true)
    }
    #expect(error?.list.first?.message == "is not compressed: only the entries of .npz are")
  }

  @Test func aNameThatTheHeaderKeepsIsRefused() throws {
    let one = HostTensor([1], [1] as [Float])
    try TensorFile.write([("__metadata__", one)], to: folder.file("in.npz"))
    let error = #expect(throws: Diagnostics.self) {
      try TensorFile.convert(folder.file("in.npz"), to: folder.file("out.safetensors"))
    }
    #expect(
      error?.list.first?.message
        == "a tensor is named '__metadata__', which .safetensors keeps for itself")
  }

  @Test(
    .enabled(if: SharedCases.arePresent, "\(SharedCases.absence)"),
    arguments: ["cases/checkpoints", "checkpoints"], ["npz", "safetensors"])
  func everyAcceptedCheckpointIsConverted(_ area: String, _ suffix: String) throws {
    for item in SharedCases.cases(area) where item.expect == "accept" {
      let source = "\(Repository.shared)/\(area)/\(item.file)"
      let target = folder.file("out." + suffix)
      _ = try TensorFile.convert(source, to: target)
      let (before, after) = (try TensorFile.read(source), try TensorFile.read(target))
      #expect(before.map(\.name) == after.map(\.name), "\(item.file)")
      #expect(
        before.map { Inspection.checksum($0.tensor) }
          == after.map { Inspection.checksum($0.tensor) }, "\(item.file)")
      for (old, new) in zip(before, after) where suffix == "safetensors" {
        #expect(old.dtype == new.dtype)
        #expect(old.tensor == new.tensor || old.tensor.doubles.contains { $0.isNaN })
      }
    }
  }
}
