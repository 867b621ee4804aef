import Foundation
import RetortDriver
import RetortFormats

/// Where the parts of this repository, and what may lie beside it, are found.
package enum Repository {
  package static let root: String = {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { folder.deleteLastPathComponent() }
    return folder.path
  }()

  package static let library = try! GraphLibrary.locate(root + "/graphs")

  private static let environment = ProcessInfo.processInfo.environment

  /// Data that is not part of the project.
  package static let shared: String =
    environment["RETORT_SHARED"]
    ?? URL(fileURLWithPath: root).deletingLastPathComponent().path + "/shared"

  /// Whether tests that take minutes are asked for.
  package static let runsLongTests = environment["RETORT_LONG_TESTS"] == "1"

  /// A Python with numpy, onnx and onnxruntime, where there is one.
  package static let python = environment["RETORT_PYTHON"]

  /// Whether a sanitizer is part of the process: it allocates in its own way, and a program that
  /// loads what was built with it would have to load it first.
  package static let isSanitized =
    dlsym(dlopen(nil, RTLD_NOW), "__asan_init") != nil
    || dlsym(dlopen(nil, RTLD_NOW), "__tsan_init") != nil

  /// Whether generated files are to be written again.
  package static let records = environment["RETORT_RECORD"] == "1"

  package static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path)
  }

  /// The files of a folder of the repository and its subfolders that end so, relative to the root,
  /// in order of name. A missing folder has none.
  package static func files(in folder: String, suffix: String) -> [String] {
    let names = FileManager.default.enumerator(atPath: "\(root)/\(folder)")?.allObjects ?? []
    return names.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }
      .map { "\(folder)/\($0)" }.sorted()
  }

  /// The bytes of a file, by its path relative to the root.
  package static func bytes(_ path: String) throws -> [UInt8] {
    try InputFile.read("\(root)/\(path)")
  }

  /// The text of a file, by its path relative to the root.
  package static func text(_ path: String) throws -> String {
    try String(contentsOfFile: "\(root)/\(path)", encoding: .utf8)
  }
}
