internal import CRetort
internal import RetortAPI
import Synchronization

/// A loaded model, with what the interface tells of it laid out as C reads it.
final class LoadedModel: Sendable {
  let model: Model
  nonisolated(unsafe) private let inputs: [retort_tensor]
  nonisolated(unsafe) private let results: [retort_tensor]

  init(_ model: Model) {
    self.model = model
    inputs = model.inputs.map(Self.described)
    results = model.results.map(Self.described)
  }

  deinit {
    for tensor in inputs + results {
      tensor.name.deallocate()
      tensor.type.deallocate()
      tensor.extents.deallocate()
    }
  }

  func tensors(_ role: retort_role) throws -> [retort_tensor] {
    switch Int(role) {
    case RETORT_INPUT: return inputs
    case RETORT_RESULT: return results
    default: throw Misuse("\(role) is no role: RETORT_INPUT is 0, RETORT_RESULT is 1")
    }
  }

  private static func described(_ port: Model.Port) -> retort_tensor {
    let extents = UnsafeMutablePointer<Int64>.allocate(capacity: max(1, port.shape.count))
    for (axis, extent) in port.shape.enumerated() { extents[axis] = Int64(extent) }
    return retort_tensor(
      name: copy(port.name), type: copy(port.elementType.rawValue), extents: extents,
      rank: port.shape.count, byte_count: port.byteCount)
  }

  /// A string as C has it, which the caller deallocates.
  private static func copy(_ text: String) -> UnsafePointer<CChar> {
    let bytes = text.utf8CString
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { pointer[index] = byte }
    return UnsafePointer(pointer)
  }
}

/// The models that a C program holds, by their handles.
///
/// Handles are numbers that are given out once, so that a handle which was freed, or never was one,
/// is found out and not followed.
enum ModelTable {
  private struct State {
    var models: [UInt: LoadedModel] = [:]
    /// The first page is never an address, so no handle looks like NULL.
    var next: UInt = 4096
  }

  private static let state = Mutex(State())

  static func add(_ model: Model) -> OpaquePointer {
    let loaded = LoadedModel(model)
    return state.withLock { state in
      let handle = state.next
      state.next += 1
      state.models[handle] = loaded
      return OpaquePointer(bitPattern: handle)!
    }
  }

  static func model(_ handle: OpaquePointer?) throws -> LoadedModel {
    guard let handle else { throw Misuse("the model is NULL") }
    guard let loaded = state.withLock({ $0.models[UInt(bitPattern: handle)] }) else {
      throw unknown
    }
    return loaded
  }

  static func remove(_ handle: OpaquePointer) throws {
    // Let go of outside the lock: freeing a large model takes time.
    let loaded = state.withLock { $0.models.removeValue(forKey: UInt(bitPattern: handle)) }
    if loaded == nil { throw unknown }
  }

  private static var unknown: Misuse {
    Misuse("the model was freed, or never loaded", hint: "load it again with retort_load")
  }
}
