import COpenBLAS
import Glibc

/// What the processor can do, compared with what the build expects of it.
package enum Processor {
  /// A sentence if the processor lacks instructions that the build uses, else nil. To be asked
  /// before anything is computed.
  package static func complaint() -> String? {
    complaint(
      flags: flags(cpuinfo()), needsAVX512: retort_built_for_avx512 != 0,
      needsAVX2: retort_built_for_avx2 != 0)
  }

  /// The same for given facts. Without any flag nothing is known, and nothing is refused.
  package static func complaint(
    flags: Set<Substring>, needsAVX512: Bool, needsAVX2: Bool
  ) -> String? {
    if flags.isEmpty { return nil }
    var missing: [String] = []
    if needsAVX512, !flags.contains("avx512f") { missing.append("AVX-512") }
    if needsAVX2, !flags.contains("avx2") { missing.append("AVX2") }
    if needsAVX2, !flags.contains("fma") { missing.append("FMA") }
    if missing.isEmpty { return nil }
    return "this build needs \(missing.joined(separator: ", ")), which the processor lacks; "
      + "build again with RETORT_CPU=portable or RETORT_CPU=x86-64-v3"
  }

  /// Processor family and build: two runs with equal fingerprints choose the same algorithms and
  /// compute the same bits. One line without control characters, for artifact files.
  package static var fingerprint: String { fingerprint(cpuinfo()) + ", built for \(build)" }

  /// The instruction set that lane loops were compiled for.
  package static var build: String {
    let sets = [("avx512", retort_built_for_avx512), ("avx2", retort_built_for_avx2)]
    return sets.first { $0.1 != 0 }?.0 ?? "baseline"
  }

  package static func fingerprint(_ cpuinfo: String) -> String {
    func field(_ name: String) -> String? { Self.field(name, cpuinfo).map(String.init) }
    guard let vendor = field("vendor_id"), let family = field("cpu family"),
      let model = field("model")
    else { return architecture }
    return "\(architecture) \(vendor) family \(family) model \(model)"
  }

  package static func flags(_ cpuinfo: String) -> Set<Substring> {
    Set((field("flags", cpuinfo) ?? "").split(separator: " "))
  }

  /// The first line `name : value`.
  private static func field(_ name: String, _ cpuinfo: String) -> Substring? {
    for line in cpuinfo.split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":") else { continue }
      var key = line[..<colon]
      while let last = key.last, last == " " || last == "\t" { key.removeLast() }
      if key == name { return line[line.index(after: colon)...].drop { $0 == " " } }
    }
    return nil
  }

  private static var architecture: String {
    #if arch(x86_64)
      "x86_64"
    #elseif arch(arm64)
      "arm64"
    #else
      "other"
    #endif
  }

  /// The description of the first processors; empty where the system has none.
  private static func cpuinfo() -> String {
    guard let file = fopen("/proc/cpuinfo", "r") else { return "" }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }
}
