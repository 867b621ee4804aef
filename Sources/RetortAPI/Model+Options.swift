internal import RetortDriver
internal import RetortRuntime
internal import RetortText

extension Model {
  /// How a definition is compiled and run. Each field means what the option of the command line
  /// means. Of a plan only weights and threads can still be chosen; the rest was fixed when
  /// it was compiled.
  public struct Options: Sendable {
    /// Which kernels run.
    public enum Backend: String, Sendable, CaseIterable {
      /// The fastest for each operation.
      case auto
      /// The plain definition of every operation: slow, the oracle.
      case reference
      /// Vector code, products by its own kernels.
      case simd
      /// Vector code, products by OpenBLAS.
      case blas
    }

    /// The graph to take; the file's first if nil.
    public var entry: String?
    /// Dimensions and compile-time arguments by name, as text: `["n": "8", "epsilon": "8/255"]`.
    public var settings: [String: String]
    /// Files of weights, `FILE` or `PREFIX=FILE`; later ones replace tensors of earlier ones.
    public var weightFiles: [String]
    /// Weights by name, which replace those of the files.
    public var weights: [String: Tensor]
    /// Which kernels run; results of different ones differ by rounding.
    public var backend: Backend
    /// Threads to compute with; all processors if nil. Results do not depend on it.
    public var threadCount: Int?
    /// The folder `graphs`, for what definitions import from it. If nil it is looked for beside and
    /// above the program, then in and above the current folder.
    public var library: String?
    /// Bytes that the memory of a run must not exceed.
    public var memoryLimit: Int?
    /// Direct convolutions only, none by Winograd's algorithm, whose rounding is larger.
    public var isExact: Bool

    /// The defaults are the command line's: the file's first graph, all processors, no limit.
    public init(
      entry: String? = nil, settings: [String: String] = [:], weightFiles: [String] = [],
      weights: [String: Tensor] = [:], backend: Backend = .auto, threadCount: Int? = nil,
      library: String? = nil, memoryLimit: Int? = nil, isExact: Bool = false
    ) {
      self.entry = entry
      self.settings = settings
      self.weightFiles = weightFiles
      self.weights = weights
      self.backend = backend
      self.threadCount = threadCount
      self.library = library
      self.memoryLimit = memoryLimit
      self.isExact = isExact
    }

    func request(_ path: String) throws -> Request {
      var request = Request(path: path, library: try graphs())
      request.entry = entry
      request.settings = settings.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      request.weightPaths = weightFiles
      // The driver does not refuse it: it also runs plans beside definitions, which have a choice.
      if backend != .auto, Artifact.isArtifact(path) {
        throw Diagnostics(
          "is a plan, whose backend was fixed when it was compiled", path: path,
          hint: "leave the backend out, or compile the definition again with it")
      }
      request.backend = RetortRuntime.Backend(backend)
      if let threadCount {
        guard (1...ThreadPool.threadLimit).contains(threadCount) else {
          throw RetortError(
            "\(threadCount) threads are asked for; 1 to \(ThreadPool.threadLimit) can be had")
        }
        request.threadCount = threadCount
      }
      request.memoryLimit = memoryLimit
      request.isExact = isExact
      // Weights can be replaced at any time, so the old ones must not be given back.
      request.keepsWeights = true
      return request
    }

    /// A plan, or a definition without imports, needs no library: where none is found, the first
    /// import says so.
    private func graphs() throws -> GraphLibrary {
      if library != nil { return try GraphLibrary.locate(library) }
      return (try? GraphLibrary.locate(nil)) ?? .none
    }

    /// The weights of the files and those that replace them; nil where neither are given.
    func boundWeights() throws -> Weights? {
      if weightFiles.isEmpty, weights.isEmpty { return nil }
      var all = try Weights(reading: weightFiles)
      all.insert(weights)
      return all
    }
  }
}

extension Weights {
  mutating func insert(_ tensors: [String: Tensor]) {
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      insert(name, tensor.host, from: "the weights given")
    }
  }
}

extension RetortRuntime.Backend {
  fileprivate init(_ backend: Model.Options.Backend) {
    switch backend {
    case .auto: self = .auto
    case .reference: self = .reference
    case .simd: self = .simd
    case .blas: self = .blas
    }
  }
}
