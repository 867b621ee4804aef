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

  /// The folder that was asked for, else the first of `places` that is a library.
  package static func locate(_ asked: String?) throws(Diagnostics) -> GraphLibrary {
    if let asked {
      guard isLibrary(asked) else {
        throw Diagnostics(
          "has no folder 'blocks', so it is not a library of graphs", path: asked,
          hint: "give the folder 'graphs' of Retort's source or installation to --graphs")
      }
      return GraphLibrary(folder: asked)
    }
    let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    let found = places(
      program: program.deletingLastPathComponent().path,
      current: FileManager.default.currentDirectoryPath
    ).first(where: isLibrary)
    guard let found else {
      throw Diagnostics(
        "the library of graphs is not found beside or above the program, nor in or above the"
          + " current folder", hint: "name it with --graphs DIR")
    }
    return GraphLibrary(folder: found)
  }

  /// Where a library is looked for, the nearest first: `graphs` or `../share/retort/graphs` beside
  /// the real executable, `graphs` above it, then in the current folder and above that.
  package static func places(program: String, current: String) -> [String] {
    var folders = above(program)
    folders.insert(folders[min(1, folders.count - 1)] + "/share/retort", at: 1)
    folders += above(current)
    return folders.map { "\($0)/graphs" }
  }

  /// A folder and those that it lies in; the root, of all, is the empty text.
  private static func above(_ folder: String) -> [String] {
    var folders: [String] = []
    var rest = folder
    while rest.count > 1 {
      folders.append(rest)
      rest = (rest as NSString).deletingLastPathComponent
    }
    return folders + [""]
  }

  private static func isLibrary(_ path: String) -> Bool {
    InputFile.isFolder(path + "/blocks")
  }

  /// A path as it stands where it is absolute, else that of a file of the library.
  package func resolved(_ path: String) -> String { path.hasPrefix("/") ? path : self.path(path) }

  /// The path of a file of the library.
  package func path(_ relative: String) -> String { folder + "/" + relative }
}
