import Foundation
import RetortFormats
import RetortText

/// The folder `graphs/`: the language's standard library, its recipes and the shipped weights.
package struct GraphLibrary: Sendable {
  package let folder: String

  /// No library, for a plan, which holds all that it needs, and where there is none: nothing is
  /// found in it.
  package static let none = GraphLibrary(folder: "")

  /// Where imports are looked up that are not beside their file.
  package var folders: [String] { folder.isEmpty ? [] : [folder] }

  /// The folder that was asked for, else `graphs` or `../share/retort/graphs` beside the real
  /// executable, else `graphs` in one of its parent folders or of the current folder's.
  package static func locate(_ asked: String?) throws(Diagnostics) -> GraphLibrary {
    if let asked {
      guard isLibrary(asked) else {
        throw Diagnostics(
          "has no folder 'blocks', so it is not a library of graphs", path: asked,
          hint: "give the folder 'graphs' of Retort's source or installation to --graphs")
      }
      return GraphLibrary(folder: asked)
    }
    let executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let beside = executable.deletingLastPathComponent()
    var candidates = [
      beside.appendingPathComponent("graphs"),
      beside.appendingPathComponent("../share/retort/graphs").standardizedFileURL,
    ]
    let current = URL(fileURLWithPath: FileManager.default.currentDirectoryPath)
    for start in [beside, current] {
      var folder = start
      while folder.path != "/" {
        folder = folder.deletingLastPathComponent()
        candidates.append(folder.appendingPathComponent("graphs"))
      }
    }
    candidates.append(current.appendingPathComponent("graphs"))
    if let found = candidates.first(where: { isLibrary($0.path) }) {
      return GraphLibrary(folder: found.path)
    }
    throw Diagnostics(
      "the library of graphs is not found beside or above the program or the current folder",
      hint: "name it with --graphs DIR")
  }

  private static func isLibrary(_ path: String) -> Bool {
    InputFile.isFolder(path + "/blocks")
  }

  /// A path as it stands where it is absolute, else that of a file of the library.
  package func resolved(_ path: String) -> String { path.hasPrefix("/") ? path : self.path(path) }

  /// The path of a file of the library.
  package func path(_ relative: String) -> String { folder + "/" + relative }
}
