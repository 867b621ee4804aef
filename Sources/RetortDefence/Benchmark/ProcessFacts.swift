import Foundation

/// What the system knows of this process.
package enum ProcessFacts {
  /// Seconds since the process was started, to a hundredth. Source: proc(5), `stat`, field 22.
  package static var age: Double {
    guard let stat = text("/proc/self/stat"), let name = stat.lastIndex(of: ")") else { return 0 }
    // Behind the name, which may hold spaces, stands field 3.
    let fields = stat[stat.index(after: name)...].split(separator: " ")
    guard fields.count > 19, let ticks = Double(fields[19]) else { return 0 }
    var now = timespec()
    clock_gettime(CLOCK_BOOTTIME, &now)
    let seconds = Double(now.tv_sec) + 1e-9 * Double(now.tv_nsec)
    return max(0, seconds - ticks / Double(sysconf(Int32(_SC_CLK_TCK))))
  }

  /// The most memory that was resident, in MiB, since the process began or `forgetPeak`.
  static var peakMemory: Double {
    let lines = text("/proc/self/status")?.split(separator: "\n") ?? []
    let line = lines.first { $0.hasPrefix("VmHWM:") }
    let words = line?.split(whereSeparator: { $0 == " " || $0 == "\t" }) ?? []
    return words.count > 1 ? (Double(words[1]) ?? 0) / 1024 : 0
  }

  /// Lets the peak begin again at what is resident now, where the system allows it.
  static func forgetPeak() {
    guard let file = fopen("/proc/self/clear_refs", "w") else { return }
    fputs("5", file)
    fclose(file)
  }

  private static func text(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
