internal import CRetort
import Glibc
internal import RetortAPI

/// What went wrong in each thread's last call.
enum LastError {
  /// Freed when the thread ends.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    pthread_key_create(&key) { free($0) }
    return key
  }()

  private static let none: StaticString = ""

  static var text: UnsafePointer<CChar> {
    guard let pointer = pthread_getspecific(key) else {
      return UnsafeRawPointer(none.utf8Start).assumingMemoryBound(to: CChar.self)
    }
    return UnsafePointer(pointer.assumingMemoryBound(to: CChar.self))
  }

  /// Runs one call of the interface: its failure becomes a status and this thread's last error.
  static func recording(_ body: () throws -> Void) -> retort_status {
    do {
      try body()
      set(nil)
      return retort_status(RETORT_OK)
    } catch let error as Misuse {
      set(error.description)
      return retort_status(RETORT_MISUSE)
    } catch let error as RetortError {
      set(error.description)
      return retort_status(error.isInternal ? RETORT_FAULT : RETORT_FAILED)
    } catch {
      set("\(error)")
      return retort_status(RETORT_FAULT)
    }
  }

  private static func set(_ text: String?) {
    free(pthread_getspecific(key))
    pthread_setspecific(key, text.flatMap { strdup($0) })
  }
}
