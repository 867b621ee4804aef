internal import RetortDriver
internal import RetortRuntime
internal import RetortTensor
internal import RetortText

/// A call that was wrong in itself: an unknown name, a wrong size.
package struct Misuse: Error, CustomStringConvertible {
  package let description: String

  package init(_ message: String, hint: String? = nil) {
    description = RetortError(message, hint: hint).description
  }
}

/// Memory of a caller's that holds a tensor.
package struct Buffer {
  package let name: String
  /// Nil only for a tensor without elements.
  package let address: UnsafeMutableRawPointer?
  package let byteCount: Int

  package init(name: String, address: UnsafeMutableRawPointer?, byteCount: Int) {
    self.name = name
    self.address = address
    self.byteCount = byteCount
  }

  /// Whether the two share a byte.
  fileprivate func overlaps(_ other: Buffer) -> Bool {
    guard let address, let start = other.address, byteCount > 0, other.byteCount > 0 else {
      return false
    }
    return address < start + other.byteCount && start < address + byteCount
  }
}

/// Running on memory of the caller's.
extension Model {
  /// Runs once, reading inputs where they lie and writing results where they shall lie.
  ///
  /// Copied are only buffers that are not aligned to their elements, results that overlap an input,
  /// inputs that are results themselves and overlap a result, and results that the program cannot
  /// compute elsewhere (`Program.place`). Where the buffers lie elsewhere than in the run before,
  /// the program is laid out anew.
  ///
  /// - Throws: `Misuse` for a name that is unknown or stands twice, a size that is not the tensor's,
  ///   results that overlap, and an input that is missing and is no key.
  package func run(inputs given: [Buffer], results wanted: [Buffer], seed: UInt64) throws {
    try Self.check(given, against: inputs, "input")
    try Self.check(wanted, against: results, "result")
    for port in inputs where port.elementType != .key {
      guard given.contains(where: { $0.name == port.name }) else {
        throw Misuse("input '\(port.name)' (\(port.shape)) is not given")
      }
    }
    for (index, buffer) in wanted.enumerated() {
      if let other = wanted[..<index].first(where: buffer.overlaps) {
        throw Misuse("results '\(other.name)' and '\(buffer.name)' overlap in memory")
      }
    }
    try exclusively { runPlaced(given, wanted, seed) }
  }

  private static func check(_ buffers: [Buffer], against ports: [Port], _ role: String) throws {
    var seen = Set<String>()
    for buffer in buffers {
      guard let port = ports.first(where: { $0.name == buffer.name }) else {
        throw Misuse(
          "there is no \(role) '\(buffer.name)'",
          hint: Suggestion.hint(for: buffer.name, in: ports.map(\.name)))
      }
      guard seen.insert(buffer.name).inserted else {
        throw Misuse("\(role) '\(buffer.name)' is given twice")
      }
      let type = "\(port.elementType.rawValue)\(port.shape)"
      guard buffer.byteCount == port.byteCount else {
        throw Misuse(
          "\(role) '\(buffer.name)' is \(type) of \(port.byteCount) bytes, not \(buffer.byteCount)")
      }
      guard buffer.address != nil || port.byteCount == 0 else {
        throw Misuse("\(role) '\(buffer.name)' (\(type)) is at NULL")
      }
    }
  }

  private func runPlaced(_ given: [Buffer], _ wanted: [Buffer], _ seed: UInt64) {
    let program = executable.program
    // A result that is an input is read where the input lies, after others were handed out.
    let kept = given.filter { !(isResult($0.name) && wanted.contains(where: $0.overlaps)) }
    program.place(
      inputs: addresses(kept, inputs),
      results: addresses(wanted.filter { !given.contains(where: $0.overlaps) }, results))
    for port in inputs {
      let view = program.view(ofInput: port.name)!
      guard let buffer = given.first(where: { $0.name == port.name }) else {
        RandomKeys.input(Shape(port.shape), seed: seed).withView { keys in
          view.base.copyMemory(from: keys.base, byteCount: port.byteCount)
        }
        continue
      }
      if let address = buffer.address, address != view.base {
        view.base.copyMemory(from: address, byteCount: buffer.byteCount)
      }
    }
    program.run()
    for (name, view) in program.outputs {
      guard let address = wanted.first(where: { $0.name == name })?.address,
        address != view.base
      else { continue }
      address.copyMemory(from: view.base, byteCount: view.type.byteCount)
    }
  }

  /// Whether a result is the input itself: then the two lie at one address.
  private func isResult(_ input: String) -> Bool {
    let program = executable.program
    guard let view = program.view(ofInput: input) else { return false }
    return program.outputs.contains { $0.view.base == view.base }
  }

  /// Where the buffers lie that kernels can work on: those aligned to their elements.
  private func addresses(
    _ buffers: [Buffer], _ ports: [Port]
  ) -> [String: UnsafeMutableRawPointer] {
    var addresses: [String: UnsafeMutableRawPointer] = [:]
    for buffer in buffers where buffer.byteCount > 0 {
      let port = ports.first { $0.name == buffer.name }!
      let width = RetortTensor.ElementType(port.elementType).byteCount
      if let address = buffer.address, UInt(bitPattern: address) % UInt(width) == 0 {
        addresses[buffer.name] = address
      }
    }
    return addresses
  }
}
