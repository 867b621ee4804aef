import RetortIR
import RetortTensor
import RetortText

/// A planned graph, ready to run: flat steps on fixed addresses in memory of its own.
///
/// Made once; `run` then allocates nothing (an operation without a fast kernel may, inside its
/// reference). Results are bitwise the same for every thread count and every run. A program serves
/// one caller at a time.
///
/// Weights are bound with `bind`, and stay; what depends on them alone is computed before the next
/// run. After a run the weights that the graph updates hold their new values.
package final class Program {
  package let graph: Graph
  package let options: ProgramOptions
  let segments: [Arena]
  let layout: ProgramLayout
  let preparation = StepList()
  private var linkage: Linkage
  /// Inputs and results that lie in memory of the caller's, by their values' numbers.
  private(set) var placed: [Int: UnsafeMutableRawPointer] = [:]
  private let storedAddresses: [Int: UnsafeMutableRawPointer]
  let preparedViews: [TensorView]
  private let scratch: Arena
  private let scratchStride: Int
  private var isPrepared = false
  private var bound: Set<String> = []
  /// Weights whose memory was given back; they must be bound again before anything is prepared.
  private var released: Set<String> = []
  /// Whether the memory of weights that only `prepare` reads is given back as soon as they were read.
  /// Of a program that updates weights none is.
  package var releasesWeights = false
  private let stored: StoredValues?

  /// - Parameter stored: weights and prepared values to compute on where they lie. With them the
  ///   program is prepared; weights that only `prepare` reads may be missing among them.
  /// - Throws: where the graph is not planned, its memory cannot be had, or what is stored does not
  ///   fit it.
  package init(
    _ graph: Graph, options: ProgramOptions, stored: StoredValues? = nil
  ) throws(Diagnostics) {
    self.stored = stored
    self.graph = graph
    self.options = options
    let backend = options.backend
    layout = try ProgramLayout(graph) { backend != .reference && FusedPlan($0, graph) != nil }
    var segments: [Arena] = []
    for segment in ProgramLayout.Segment.allCases {
      segments.append(
        try Arena(byteCount: layout.byteCount(of: segment), guarded: options.isChecked))
    }
    self.segments = segments
    storedAddresses = try stored?.addresses(in: graph) ?? [:]
    let builder = ProgramBuilder(
      graph: graph, layout: layout, table: KernelTable(backend: backend),
      bases: segments.map(\.base), addresses: storedAddresses)
    builder.add(graph.body.nodes, prepared: true, to: preparation)
    preparedViews = builder.views(graph.preparedValues)
    linkage = Linkage(graph, builder)
    scratchStride = MemoryPlan.aligned(
      max(linkage.main.scratchByteCount, preparation.scratchByteCount))
    scratch = try Arena(byteCount: scratchStride * options.pool.threadCount)
    if let stored {
      bound = Set(graph.inputs.filter(\.role.isWeight).map(\.name))
      isPrepared = true
      if !updates.moves.isEmpty { try stored.makeWritable() }
    }
  }

  /// Has inputs and results lie at these addresses, and no others of them elsewhere than at home.
  func relink(_ addresses: [Int: UnsafeMutableRawPointer]) {
    let moved = Set(placed.keys).union(addresses.keys).filter { placed[$0] != addresses[$0] }
    linkage.move(
      moved,
      ProgramBuilder(
        graph: graph, layout: layout, table: KernelTable(backend: options.backend),
        bases: segments.map(\.base), addresses: storedAddresses.merging(addresses) { $1 }))
    placed = addresses
  }

  var main: StepList { linkage.main }
  /// What can lie in memory of the caller's.
  var movable: Set<Value> { linkage.movable }
  private var updates: MoveList { linkage.updates }
  private var views: [String: TensorView] { linkage.views }

  /// The results by name, where a run leaves them. To be read before the next run.
  package var outputs: [(name: String, view: TensorView)] { linkage.outputs }

  // MARK: weights

  /// Sets parameters and buffers by path; names that the graph does not know are ignored.
  /// - Throws: where one is of another type, or one that was never set, or was released, is missing.
  package func bind(weights: [String: HostTensor]) throws(Diagnostics) {
    try stored?.makeWritable()
    for input in graph.inputs where input.role.isWeight {
      if weights[input.name] == nil, bound.contains(input.name) { continue }
      let tensor = try InputCheck.accept(weights[input.name], for: input, of: graph)
      views[input.name]!.copyBytes(from: tensor)
      bound.insert(input.name)
    }
    released = []
    isPrepared = false
  }

  /// Has every parameter and buffer written where it lies, in the order of declaration.
  package func bind(writing write: (GraphInput, TensorView) -> Void) {
    for input in graph.inputs where input.role.isWeight {
      write(input, views[input.name]!)
      bound.insert(input.name)
    }
    released = []
    isPrepared = false
  }

  /// What a run computes in, without inputs, weights and what is prepared from them.
  package var arenaByteCount: Int { layout.byteCount(of: .arena) }

  /// Computes what depends on the weights alone. `run` does so by itself after `bind`.
  package func prepare() {
    // With weights released it is done already, and cannot be done again.
    guard released.isEmpty else { return }
    if !preparation.steps.isEmpty {
      if releasesWeights, updates.moves.isEmpty {
        let release = WeightRelease(self)
        var hook = ReleaseHook(weights: segment(.weights), due: release.due)
        execute(preparation, &hook)
        released = release.names
        bound.subtract(released)
      } else {
        var hook = NoHook()
        execute(preparation, &hook)
      }
      if updates.moves.isEmpty {
        let memory = segment(.preparation)
        memory.discard(0..<memory.byteCount)
      }
    }
    isPrepared = true
  }

  func segment(_ segment: ProgramLayout.Segment) -> Arena { segments[segment.rawValue] }

  func prepareIfNeeded() {
    if !isPrepared { prepare() }
  }

  /// The parameters and buffers as they are now, without those that were released.
  package var weights: [String: HostTensor] {
    var result: [String: HostTensor] = [:]
    for input in graph.inputs where input.role.isWeight && !released.contains(input.name) {
      result[input.name] = HostTensor(copying: views[input.name]!)
    }
    return result
  }

  // MARK: running

  /// Where an input, parameter or buffer lies. Whoever writes an input there need not copy it.
  package func view(ofInput name: String) -> TensorView? { views[name] }

  /// Copies the inputs in, runs and copies the results out.
  ///
  /// - Parameter progress: told now and then what share of the operations is done.
  package func run(
    inputs: [String: HostTensor], progress: ((Double) -> Void)? = nil
  ) throws(Diagnostics) -> [String: HostTensor] {
    try load(inputs)
    if let progress {
      var hook = ProgressHook(self, progress)
      run(&hook)
    } else {
      run()
    }
    return results
  }

  /// Copies the inputs in; names that the graph does not know are ignored.
  package func load(_ inputs: [String: HostTensor]) throws(Diagnostics) {
    for input in graph.inputs {
      switch input.role {
      case .input:
        views[input.name]!.copyBytes(
          from: try InputCheck.accept(inputs[input.name], for: input, of: graph))
      case .parameter, .buffer:
        guard bound.contains(input.name) || released.contains(input.name) else {
          _ = try InputCheck.accept(nil, for: input, of: graph)
          continue
        }
      }
    }
  }

  /// Copies of the results by name.
  package var results: [String: HostTensor] {
    var results: [String: HostTensor] = [:]
    for output in outputs { results[output.name] = HostTensor(copying: output.view) }
    return results
  }

  /// Runs on what lies in the inputs' memory. Allocates nothing.
  package func run() {
    var hook = NoHook()
    run(&hook)
  }

  /// Runs and measures every step. Allocates nothing.
  package func run(measuring statistics: RunStatistics) {
    statistics.startRun()
    var hook = TimingHook(statistics: statistics)
    run(&hook)
    statistics.endRun()
  }

  /// Runs and looks at every value: tells the probe, and stops at NaN or an infinity.
  package func run(
    probe: ProbeCallback?, checksFinite: Bool
  ) throws(Diagnostics) {
    var hook = ProbeHook(program: self, probe: probe, checksFinite: checksFinite)
    try run(&hook)
  }

  func run<H: StepHook>(_ hook: inout H) throws(H.Failure) {
    prepareIfNeeded()
    try execute(main, &hook)
    finish()
  }

  private func finish() {
    linkage.saves.run()
    guard !updates.moves.isEmpty else { return }
    updates.run()
    if !preparation.steps.isEmpty { isPrepared = false }
  }

  private func execute<H: StepHook>(_ list: StepList, _ hook: inout H) throws(H.Failure) {
    var index = 0
    while index < list.steps.count {
      hook.willRun(index)
      var next = index + 1
      switch list.steps[index] {
      case .kernel(let kernel): launch(list.kernels + kernel, list.tileCounts[kernel])
      case .beginLoop(let number):
        let loop = list.loops[number]
        if !loop.begin() { next = loop.endStep + 1 }
      case .endLoop(let number):
        let loop = list.loops[number]
        if loop.next() { next = loop.firstStep }
      }
      try hook.didRun(index, next)
      index = next
    }
  }

  private struct Launch {
    let kernel: UnsafeMutablePointer<any Kernel>
    let scratch: UnsafeMutableRawPointer
    let stride: Int
  }

  private func launch(_ kernel: UnsafeMutablePointer<any Kernel>, _ tileCount: Int) {
    var launch = Launch(kernel: kernel, scratch: scratch.base, stride: scratchStride)
    withUnsafePointer(to: &launch) { pointer in
      options.pool.run(tiles: tileCount, context: pointer) { context, tile, worker in
        let launch = context.assumingMemoryBound(to: Launch.self).pointee
        launch.kernel.pointee.run(tile: tile, scratch: launch.scratch + worker * launch.stride)
      }
    }
  }
}

extension TensorView {
  /// Overwrites the elements with those of a tensor of the same type.
  func copyBytes(from tensor: HostTensor) {
    precondition(tensor.type == type, "\(tensor.type) does not fit \(type)")
    tensor.bytes.withUnsafeBytes { bytes in
      if let source = bytes.baseAddress {
        base.copyMemory(from: source, byteCount: bytes.count)
      }
    }
  }
}

extension HostTensor {
  /// A copy of what lies in memory.
  package init(copying view: TensorView) {
    self.init(
      view.type,
      bytes: Array(UnsafeRawBufferPointer(start: view.base, count: view.type.byteCount)))
  }
}
