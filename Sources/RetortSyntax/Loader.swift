import RetortIR
import RetortText

/// Reading definitions from files.
package enum Frontend {
  /// Reads a definition and all that it imports.
  ///
  /// - Parameters:
  ///   - library: folders in which imports are looked up when they are not beside the file.
  ///   - read: gives the file at a path, or nil where there is none; throws for one that cannot be
  ///     read.
  /// - Throws: what is wrong with any of the files.
  package static func load(
    _ path: String, library: [String],
    read: @escaping @Sendable (String) throws(Diagnostics) -> SourceFile?
  ) throws(Diagnostics) -> Definition {
    var loader = Loader(library: library, read: read)
    guard let file = try read(path) else {
      throw Diagnostics("there is no such file", path: path)
    }
    let tree = try loader.load(file, as: Loader.normalised(path), from: nil)
    try loader.check()
    var seen = Set<String>()
    return Definition(
      files: loader.files, graphs: loader.graphs,
      entryOrder: tree.graphs.map(\.name.text).filter { seen.insert($0).inserted },
      loader: loader)
  }
}

/// Follows imports. Every file is read and parsed once, whatever ways lead to it.
struct Loader: Sendable {
  static let importDepthLimit = 64
  /// Pairs of files of the same text and of their imports that are compared; behind them files are
  /// different.
  private static let comparisonLimit = 100_000

  let library: [String]
  let read: @Sendable (String) throws(Diagnostics) -> SourceFile?
  private(set) var files: [SourceFile] = []
  private(set) var graphs: [String: GraphSyntax] = [:]
  /// By normalised path; a copy has the tree of what it is a copy of.
  private var trees: [String: FileSyntax] = [:]
  /// What stands at a path; nil for no file.
  private var sources: [String: SourceFile?] = [:]
  private var parses: [ObjectIdentifier: Result<FileSyntax, Diagnostics>] = [:]
  private var comparisonCount = 0
  /// The imports that lead to the file at hand, outermost first.
  private var chain: [(path: String, range: SourceRange?)] = []
  private var problems: [Diagnostic] = []

  init(
    library: [String], read: @escaping @Sendable (String) throws(Diagnostics) -> SourceFile?
  ) {
    self.library = library
    self.read = read
  }

  /// Throws what was found wrong so far.
  mutating func check() throws(Diagnostics) {
    if !problems.isEmpty {
      defer { problems = [] }
      throw Diagnostics(problems)
    }
  }

  /// Parses a file and loads its imports. Problems of imported files are collected, so that one
  /// run shows all; only a file that does not parse at the top throws.
  mutating func load(
    _ file: SourceFile, as path: String, from place: SourceRange?
  ) throws(Diagnostics) -> FileSyntax {
    files.append(file)
    sources[path] = file
    let tree: FileSyntax
    do {
      tree = try parse(file)
    } catch {
      problems += error.list
      throw Diagnostics(problems)
    }
    trees[path] = tree
    chain.append((path, place))
    for line in tree.imports { follow(line, from: path) }
    chain.removeLast()
    for graph in tree.graphs { define(graph) }
    return tree
  }

  private mutating func source(_ path: String) throws(Diagnostics) -> SourceFile? {
    if let known = sources[path] { return known }
    let file = try read(path)
    sources.updateValue(file, forKey: path)
    return file
  }

  private mutating func parse(_ file: SourceFile) throws(Diagnostics) -> FileSyntax {
    switch parses[ObjectIdentifier(file)] {
    case .success(let tree): return tree
    case .failure(let problems): throw problems
    case nil: break
    }
    do {
      let tree = try Parser.parse(file)
      parses[ObjectIdentifier(file)] = .success(tree)
      return tree
    } catch {
      parses[ObjectIdentifier(file)] = .failure(error)
      throw error
    }
  }

  private mutating func define(_ graph: GraphSyntax) {
    guard let other = graphs.updateValue(graph, forKey: graph.name.text) else { return }
    problems.append(
      Diagnostic(
        .error, "there is a graph '\(graph.name.text)' already", at: graph.name.range,
        notes: [.note("the other one is here", at: other.name.range)]))
  }

  private mutating func follow(_ line: ImportSyntax, from path: String) {
    guard line.path.hasSuffix(".graph") else {
      report("imports end in '.graph'", line)
      return
    }
    let candidates = self.candidates(line.path, from: path)
    for candidate in candidates {
      if let position = chain.firstIndex(where: { $0.path == candidate }) {
        reportCycle(line, chain[position...].map(\.path) + [candidate])
        return
      }
      if trees[candidate] != nil { return }
      let found: SourceFile?
      do {
        found = try source(candidate)
      } catch {
        for problem in error.list {
          report("\(problem.path ?? candidate) \(problem.message)", line, hint: problem.hint)
        }
        return
      }
      guard let file = found else { continue }
      if let known = known(file, at: candidate) {
        // The same file by another path, a link, may be one whose imports are being followed.
        if let identity = file.identity, identity == known.identity,
          let position = chain.firstIndex(where: {
            Self.normalised($0.path) == Self.normalised(known.path)
          })
        {
          reportCycle(line, chain[position...].map(\.path) + [candidate])
          return
        }
        trees[candidate] = try? parse(known)
        return
      }
      guard chain.count < Self.importDepthLimit else {
        report("more than \(Self.importDepthLimit) files import each other in a chain", line)
        return
      }
      _ = try? load(file, as: candidate, from: line.range)
      return
    }
    let library =
      library.isEmpty ? "; the library of graphs was not found: name it with --graphs DIR" : ""
    report(
      "there is no file '\(line.path)'", line,
      hint: "looked for \(candidates.joined(separator: " and "))\(library)")
  }

  /// Where an imported file is looked for: beside the file at `path`, then in the library.
  private func candidates(_ imported: String, from path: String) -> [String] {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let beside = imported.hasPrefix("/") ? imported : folder + imported
    return ([beside] + library.map { $0 + "/" + imported }).map(Self.normalised)
  }

  /// The file that was read already and means the same: it is the same one under another path, or
  /// one of the same name and the same text, of which a folder beside the library may hold copies.
  private mutating func known(
    _ file: SourceFile, at path: String, ofAnyName: Bool = false
  ) -> SourceFile? {
    let name = path.split(separator: "/").last
    for other in files {
      if let identity = file.identity, identity == other.identity { return other }
      let otherPath = Self.normalised(other.path)
      guard ofAnyName || otherPath.split(separator: "/").last == name else { continue }
      var compared = Set<[String]>()
      if isCopy(file, path, of: other, otherPath, 0, &compared) { return other }
    }
    return nil
  }

  /// Whether two files have the same text and their imports lead to files that mean the same. The
  /// text alone does not say it: `import "block.graph"` is another file in another folder.
  private mutating func isCopy(
    _ file: SourceFile, _ path: String, of other: SourceFile, _ otherPath: String,
    _ depth: Int, _ compared: inout Set<[String]>
  ) -> Bool {
    if path == otherPath { return true }
    if let identity = file.identity, identity == other.identity { return true }
    guard file.bytes == other.bytes else { return false }
    // Longer chains of imports are refused where they are followed.
    guard depth < Self.importDepthLimit, comparisonCount < Self.comparisonLimit else {
      return false
    }
    // What is being compared already is the same unless something else differs.
    guard compared.insert([path, otherPath]).inserted else { return true }
    // What does not parse has been reported, and imports nothing.
    guard let tree = try? parse(file) else { return true }
    comparisonCount += 1 + tree.imports.count
    for line in tree.imports {
      switch (found(line.path, from: path), found(line.path, from: otherPath)) {
      case (nil, nil): continue
      case (let a?, let b?):
        guard isCopy(a.file, a.path, of: b.file, b.path, depth + 1, &compared) else { return false }
      default: return false
      }
    }
    return true
  }

  /// The file that an import leads to.
  private mutating func found(
    _ imported: String, from path: String
  ) -> (file: SourceFile, path: String)? {
    for candidate in candidates(imported, from: path) {
      do throws(Diagnostics) {
        if let file = try source(candidate) { return (file, candidate) }
      } catch {
        return nil
      }
    }
    return nil
  }

  private mutating func report(_ message: String, _ line: ImportSyntax, hint: String? = nil) {
    problems.append(Diagnostic(.error, message, at: line.range, hint: hint))
  }

  private mutating func reportCycle(_ line: ImportSyntax, _ cycle: [String]) {
    let message =
      cycle.count == 2
      ? "the file imports itself"
      : "the files import each other: \(cycle.joined(separator: " → "))"
    report(message, line)
  }

  /// Adds a graph of the library's `models` that a setting names: from the file of its name, or of
  /// its name's first words (`wide_resnet_28_10` from `wide_resnet.graph`).
  mutating func loadModel(_ name: String) throws(Diagnostics) -> Bool {
    guard GraphBuilder.identifier(name) == name else { return false }
    var words = name.split(separator: "_", omittingEmptySubsequences: false)
    while !words.isEmpty {
      for folder in library {
        let path = Self.normalised("\(folder)/models/\(words.joined(separator: "_")).graph")
        guard trees[path] == nil, let file = try source(path), known(file, at: path) == nil
        else { continue }
        guard let tree = try? parse(file),
          tree.graphs.contains(where: { $0.name.text == name })
        else { continue }
        _ = try load(file, as: path, from: nil)
        try check()
        return true
      }
      words.removeLast()
    }
    return false
  }

  /// The first graph of a file that a setting names, looked for as written and in the library.
  mutating func loadFirst(_ path: String) throws(Diagnostics) -> String {
    let candidates = ([path] + library.map { $0 + "/" + path }).map(Self.normalised)
    for candidate in candidates {
      var tree = trees[candidate]
      if tree == nil, let file = try source(candidate) {
        if let known = known(file, at: candidate, ofAnyName: true) {
          tree = try? parse(known)
          trees[candidate] = tree
        }
        if tree == nil {
          tree = try load(file, as: candidate, from: nil)
          try check()
        }
      }
      guard let tree else { continue }
      guard let first = tree.graphs.first else {
        throw Diagnostics("the file has no graph", path: candidate)
      }
      return first.name.text
    }
    throw Diagnostics(
      "there is no such file", path: path,
      hint: "looked for \(candidates.joined(separator: " and "))")
  }

  /// The path without `.` and with `..` taken back, as far as the text shows.
  static func normalised(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else {
        parts.append(part)
      }
    }
    return (path.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }
}
