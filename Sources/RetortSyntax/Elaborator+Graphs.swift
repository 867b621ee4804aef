import RetortText

extension Elaborator {
  /// Whether a name stands for a graph or an operation; in a setting also for a graph of the
  /// library's models, which is loaded.
  func isGraph(_ name: String) throws(Reported) -> Bool {
    if definition.graphs[name] != nil || catalog[name] != nil { return true }
    guard isReadingSetting else { return false }
    do {
      guard try definition.loader.loadModel(name) else { return false }
    } catch {
      add(error.list)
      throw Reported()
    }
    definition.takeLoaded()
    return true
  }

  /// `partial(graph, name: value, …)`: the graph with some of its compile-time arguments given.
  func partial(_ arguments: [Argument], _ callee: Identifier) throws(Reported) -> Datum {
    guard let first = arguments.first, first.label == nil else {
      throw report("'\(Function.partial.usage)' begins with a graph", at: callee.range)
    }
    let datum = try graphOfFile(first.datum, at: first.range)
    guard case .graph(var graph) = datum, let syntax = definition.graphs[graph.name] else {
      throw report(
        "'partial' takes a graph, but \(spelling(first.range)) is \(described(datum))",
        at: first.range)
    }
    var given = Set<String>()
    for argument in arguments.dropFirst() {
      guard let label = argument.label else {
        throw report(
          "'partial' takes labelled arguments behind the graph", at: argument.range,
          hint: "write \(Function.partial.usage)")
      }
      let name = label.text
      guard let declared = syntax.arguments.first(where: { $0.name.text == name }) else {
        throw report(
          "'\(graph.name)' has no argument '\(name)'", at: label.range,
          hint: Suggestion.hint(
            for: name,
            in: syntax.arguments.filter { !$0.type.isTensor && !given.contains($0.name.text) }
              .map(\.name.text)))
      }
      guard case .value(let kind) = declared.type.kind else {
        throw report(
          "'\(name)' of '\(graph.name)' is a tensor; 'partial' gives compile-time arguments",
          at: argument.range, notes: [.note("it is declared here", at: declared.name.range)])
      }
      guard given.insert(name).inserted else {
        throw report("'\(name)' is given twice", at: label.range)
      }
      let value =
        kind.holdsGraphs ? try graphOfFile(argument.datum, at: argument.range) : argument.datum
      graph.bound[name] = try convert(
        value, to: kind, "'\(name)' of '\(graph.name)'", at: argument.range)
    }
    return .graph(graph)
  }

  private func described(_ datum: Datum) -> String {
    if case .graph(let graph) = datum { "the operation '\(graph.name)'" } else { describe(datum) }
  }

  /// In a setting, a text where a graph is expected is the path of a file, whose first graph is
  /// meant; in a list of graphs each is.
  func graphOfFile(_ datum: Datum, at range: SourceRange) throws(Reported) -> Datum {
    guard isReadingSetting else { return datum }
    switch datum {
    case .text(let path):
      do {
        let name = try definition.loader.loadFirst(path)
        definition.takeLoaded()
        return .graph(GraphDatum(name: name))
      } catch {
        add(error.list)
        throw Reported()
      }
    case .list(let items):
      var graphs: [Datum] = []
      for item in items { graphs.append(try graphOfFile(item, at: range)) }
      return .list(graphs)
    default: return datum
    }
  }
}
