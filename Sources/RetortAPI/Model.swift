internal import Foundation
internal import RetortDriver
internal import RetortIR
internal import RetortPasses
internal import RetortRuntime
internal import RetortTensor
internal import RetortText

/// A compiled graph with its weights bound, ready to run.
///
/// Compiling takes place once, in `init`; a run then allocates only its results. A model may be used
/// from several threads: its runs follow one another, and those of different models go side by side.
public final class Model: @unchecked Sendable {
  /// A tensor that goes in or comes out.
  public struct Port: Sendable, Hashable {
    /// As the definition declares it.
    public let name: String
    /// What its elements are, in the compiled graph.
    public let elementType: Tensor.ElementType
    /// Every extent is known; empty for a single element.
    public let shape: [Int]
    /// Bytes of all elements; a key has 8.
    public let byteCount: Int
  }

  /// What a run takes, in the order of declaration. Those of element type `key` may be left out:
  /// they are filled from the seed.
  public let inputs: [Port]
  /// What a run gives, in the order of declaration.
  public let results: [Port]
  /// What was noticed while compiling, each a line: a dimension taken as 1, tensors of the weight
  /// files that nothing asks for.
  public let notes: [String]

  private let request: Request
  let executable: Executable
  private let turn = NSLock()

  /// Compiles a definition (`.graph`) or a model of ONNX (`.onnx`), or opens a plan (`.retort`), and
  /// binds its weights.
  ///
  /// - Throws: what is wrong with the file, the settings or the weights.
  public convenience init(_ path: String, _ options: Options = Options()) throws(RetortError) {
    let (request, weights) = try RetortError.reporting {
      // Before anything is read: its bytes go through loops that the processor may not know.
      if let sentence = Processor.complaint() { throw Diagnostics(sentence) }
      return (try options.request(path), try options.boundWeights())
    }
    try self.init(request, weights)
  }

  /// - Parameter weights: nil for those that a plan has of its own, and for none.
  private init(_ request: Request, _ weights: Weights?) throws(RetortError) {
    self.request = request
    let (executable, notes, unused) = try RetortError.reporting {
      try request.executable(weights: weights)
    }
    self.executable = executable
    self.notes = (notes + Weights.note(unused: unused)).map {
      RetortError(Diagnostics([$0])).description
    }
    let graph = executable.graph
    inputs = graph.inputs.filter { $0.role == .input }.map {
      Port($0.name, graph.type(of: $0.value))
    }
    results = graph.outputs.filter { $0.role == .result }.map {
      Port($0.name, graph.type(of: $0.value))
    }
  }

  /// Replaces the weights: every parameter and buffer that the graph declares, by name.
  ///
  /// - Throws: where one is missing or of another type; the old ones then stay.
  public func bind(_ weights: [String: Tensor]) throws(RetortError) {
    try exclusively {
      var all = Weights()
      all.insert(weights)
      _ = try executable.bind(all)
    }
  }

  /// Runs once.
  ///
  /// - Parameters:
  ///   - inputs: by name. Shapes must agree; reals are rounded to the
  ///     input's type, integers must fit it.
  ///   - seed: fills the inputs of element type `key` that are not given.
  /// - Returns: every result by name.
  /// - Throws: for an input that is missing, unknown or of another type.
  public func run(
    _ inputs: [String: Tensor] = [:], seed: UInt64 = 0
  ) throws(RetortError) -> [String: Tensor] {
    try exclusively {
      executable.program.placeAtHome()
      return try executable.run(inputs.mapValues(\.host), seed: seed).mapValues(Tensor.init)
    }
  }

  /// A model with the same inputs, whose results are the derivatives of one of this model's results:
  /// for a target `x` the result `d_x`, of the shape of `x`. Of a result with several elements the sum
  /// is differentiated. It begins with the weights that this model has now. A gradient has a gradient
  /// itself: `d_x` is a result like any other.
  ///
  /// - Parameter targets: inputs, or weights by their names; dots in these become `_`.
  /// - Throws: for a name that the graph does not have, a result or target that is no real number, a
  ///   result that depends on a target only through what has no derivative, and a plan, whose graph
  ///   is not differentiated any more.
  public func gradient(
    of result: String, withRespectTo targets: [String]
  ) throws(RetortError) -> Model {
    var request = request
    request.derivatives.append(Derivative(result: result, targets: targets))
    let weights = try exclusively {
      Weights(executable.program.weightTensors(), from: "the model's weights")
    }
    return try Model(request, weights)
  }

  /// Runs while no other thread uses the model.
  func exclusively<R>(_ body: () throws -> R) throws(RetortError) -> R {
    turn.lock()
    defer { turn.unlock() }
    return try RetortError.reporting(body)
  }
}

extension Model.Port {
  fileprivate init(_ name: String, _ type: TensorType) {
    self.init(
      name: name, elementType: Tensor.ElementType(type.element), shape: type.shape.extents,
      byteCount: type.byteCount)
  }
}
