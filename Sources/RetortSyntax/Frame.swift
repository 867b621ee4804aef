import RetortText

/// The names of one graph while it is inlined.
final class Frame {
  let graph: GraphSyntax
  /// Where parameters' paths begin: the call path.
  let path: String
  /// The call; nil for the entry.
  let call: SourceRange?
  /// How many regions are open around the graph's body.
  let openRegions: Int
  /// Inner regions' names stand behind outer ones'.
  private var scopes: [[String: Datum]] = [[:]]
  /// What the call bound; the body may bind the names again.
  private var signature: [String: Datum] = [:]

  init(graph: GraphSyntax, path: String, call: SourceRange?, openRegions: Int = 0) {
    self.graph = graph
    self.path = path
    self.call = call
    self.openRegions = openRegions
  }

  func lookUp(_ name: String) -> Datum? {
    for scope in scopes.reversed() {
      if let found = scope[name] { return found }
    }
    return nil
  }

  /// Binds in the innermost scope.
  func bind(_ name: String, _ datum: Datum) {
    scopes[scopes.count - 1][name] = datum
  }

  func openScope() { scopes.append([:]) }

  /// Says that all that the call binds is bound.
  func keepSignature() { signature = scopes[0] }

  /// Opens a scope in which names that the call bound are what it bound them to.
  func openSignature() { scopes.append(signature) }

  func closeScope() { scopes.removeLast() }

  /// Every name that is bound, sorted.
  var names: [String] {
    var all = Set<String>()
    for scope in scopes { all.formUnion(scope.keys) }
    return all.sorted()
  }

  /// A path relative to the call path.
  func joined(_ relative: String) -> String {
    if relative.isEmpty { return path }
    return path.isEmpty ? relative : path + "." + relative
  }
}
