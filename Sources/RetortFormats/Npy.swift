import RetortTensor

/// NumPy's array files. Source: NumPy enhancement proposal 1, versions 1.0, 2.0 and 3.0.
package enum Npy {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let headerLimit = 1 << 20

  package static func recognises(_ bytes: ArraySlice<UInt8>) -> Bool { bytes.starts(with: magic) }

  /// Reads an array: f8 f4 f2, i8...i1, u8...u1 and b1, in either byte order, C or Fortran order.
  /// The tensor is unnamed.
  /// - Throws: on any other type, a header that is not exactly of the form that NumPy writes, and
  ///   data of another length than the shape needs.
  package static func decode(_ bytes: ArraySlice<UInt8>) throws(FormatError) -> StoredTensor {
    var reader = ByteReader(bytes)
    let header = try header(&reader)
    let shape = try header.type.shape(header.extents)
    let data = try reader.slice(reader.remaining, of: "the data")
    let stored = try header.type.tensor(
      header.isFortranOrder ? try rowMajor(data, header.type, shape) : data, shape,
      isBigEndian: header.isBigEndian)
    return StoredTensor(name: "", path: [], type: header.type, tensor: stored)
  }

  /// Everything before the data.
  private static func header(_ reader: inout ByteReader) throws(FormatError) -> NpyHeader {
    let length = try headerLength(&reader)
    return try NpyHeader(try reader.slice(length, of: "the header"))
  }

  private static func headerLength(_ reader: inout ByteReader) throws(FormatError) -> Int {
    guard try reader.slice(magic.count, of: "the magic string") == magic[...] else {
      throw FormatError("is not an .npy file: it begins otherwise")
    }
    let version = try reader.byte("the version")
    let minor = try reader.byte("the version")
    guard (1...3).contains(version), minor == 0 else {
      throw FormatError("has .npy version \(version).\(minor); 1.0, 2.0 and 3.0 are read")
    }
    let length =
      version == 1
      ? Int(try reader.little(UInt16.self, "the header's length"))
      : Int(try reader.little(UInt32.self, "the header's length"))
    guard length <= headerLimit else {
      throw FormatError("has a header of \(length) bytes; the limit is \(headerLimit)")
    }
    return length
  }

  // MARK: Reading from a stream

  /// Bytes that tell how long the header is, in the longer of the two forms.
  static let prefixLength = magic.count + 6

  /// How many bytes of the header follow the first `prefixLength`.
  static func headerRest(_ prefix: ArraySlice<UInt8>) throws(FormatError) -> Int {
    var reader = ByteReader(prefix)
    let length = try headerLength(&reader)
    guard length >= reader.remaining else { throw FormatError("has a header that is cut short") }
    return length - reader.remaining
  }

  /// How many bytes of data follow the header that ends these bytes.
  static func dataLength(_ bytes: ArraySlice<UInt8>) throws(FormatError) -> Int {
    var reader = ByteReader(bytes)
    let header = try header(&reader)
    return header.type.byteCount(try header.type.shape(header.extents))
  }

  private static func rowMajor(
    _ data: ArraySlice<UInt8>, _ type: StoredType, _ shape: Shape
  ) throws(FormatError) -> ArraySlice<UInt8> {
    // Other lengths are left for the common check to report.
    guard data.count == type.byteCount(shape) else { return data }
    var strides: [Int] = []
    var step = 1
    for extent in shape.extents {
      strides.append(step)
      step *= max(extent, 1)
    }
    return StridedElements.gather(
      data, width: type.byteCount, offset: 0, shape: shape, strides: strides)[...]
  }

  /// The file of one tensor: version 1.0, little-endian, C order, data aligned to 64 bytes.
  /// NumPy has no bfloat16, which is widened to float32.
  package static func encode(_ tensor: HostTensor) -> [UInt8] { encode(StoredBytes("", tensor)) }

  static func encode(_ tensor: StoredBytes) -> [UInt8] {
    let stored = tensor.forNumPy
    let (type, shape) = (stored.type, stored.shape)
    let extents = shape.extents.map(String.init).joined(separator: ", ")
    let tuple = shape.rank == 1 ? "(\(extents),)" : "(\(extents))"
    var header =
      "{'descr': '\(NpyHeader.description(of: type))', 'fortran_order': False, 'shape': \(tuple), }"
    let prefix = magic.count + 4
    while (prefix + header.utf8.count + 1) % 64 != 0 { header += " " }
    header += "\n"
    var writer = ByteWriter()
    writer.append(magic)
    writer.append([1, 0])
    writer.little(UInt16(header.utf8.count))
    writer.append(header)
    writer.append(stored.bytes)
    return writer.bytes
  }
}
