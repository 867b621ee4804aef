// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CRetort
internal import RetortAPI
internal import RetortDriver

// The functions of retort.h, whose comments say what each does. They have C's names, by which the
// compiler finds the declarations that it compares them with.

private let version = RetortVersion.text.utf8CString.withUnsafeBufferPointer { bytes in
  let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
  _ = copy.initialize(from: bytes)
  return UInt(bitPattern: copy.baseAddress)
}

@c @implementation
public func retort_version() -> UnsafePointer<CChar>! { UnsafePointer(bitPattern: version) }

@c @implementation
public func retort_last_error() -> UnsafePointer<CChar>! { LastError.text }

@c @implementation
public func retort_load(
  _ path: UnsafePointer<CChar>!, _ options: UnsafePointer<UnsafePointer<CChar>?>!,
  _ model: UnsafeMutablePointer<OpaquePointer?>!
) -> retort_status {
  LastError.recording {
    let target = try required(model, "where the model is to be put")
    target.pointee = nil
    let path = String(cString: try required(path, "the path"))
    target.pointee = ModelTable.add(try Model(path, try Model.Options(options)))
  }
}

@c @implementation
public func retort_free(_ model: OpaquePointer!) -> retort_status {
  LastError.recording { if let model { try ModelTable.remove(model) } }
}

@c @implementation
public func retort_count(
  _ model: OpaquePointer!, _ role: retort_role, _ count: UnsafeMutablePointer<Int>!
) -> retort_status {
  LastError.recording {
    let target = try required(count, "where the count is to be put")
    target.pointee = try ModelTable.model(model).tensors(role).count
  }
}

@c @implementation
public func retort_describe(
  _ model: OpaquePointer!, _ role: retort_role, _ index: Int,
  _ tensor: UnsafeMutablePointer<retort_tensor>!
) -> retort_status {
  LastError.recording {
    let target = try required(tensor, "where the tensor's description is to be put")
    let tensors = try ModelTable.model(model).tensors(role)
    guard tensors.indices.contains(index) else {
      throw Misuse("there is no tensor \(UInt(bitPattern: index)); there are \(tensors.count)")
    }
    target.pointee = tensors[index]
  }
}

@c @implementation
public func retort_run(
  _ model: OpaquePointer!, _ inputs: UnsafePointer<retort_buffer>!, _ inputCount: Int,
  _ results: UnsafePointer<retort_buffer>!, _ resultCount: Int, _ seed: UInt64
) -> retort_status {
  LastError.recording {
    let model = try ModelTable.model(model).model
    try model.run(
      inputs: try buffers(inputs, inputCount, of: model.inputs.count, "inputs"),
      results: try buffers(results, resultCount, of: model.results.count, "results"),
      seed: seed)
  }
}

private func required<P>(_ pointer: P?, _ what: String) throws -> P {
  guard let pointer else { throw Misuse("\(what) is NULL") }
  return pointer
}

private func buffers(
  _ first: UnsafePointer<retort_buffer>?, _ count: Int, of limit: Int, _ what: String
) throws -> [Buffer] {
  if count == 0 { return [] }
  // No name may stand twice, so a larger number is wrong and need not be looked at.
  guard (1...max(1, limit)).contains(count), limit > 0 else {
    throw Misuse("\(UInt(bitPattern: count)) \(what) are given; the model has \(limit)")
  }
  let first = try required(first, "the array of \(what)")
  return try (0..<count).map { index in
    let name = try required(first[index].name, "the name of one of the \(what)")
    return Buffer(
      name: String(cString: name), address: first[index].data, byteCount: first[index].byte_count)
  }
}
