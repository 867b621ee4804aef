import RetortIR
import RetortTensor

/// One instruction of a program.
enum ProgramStep {
  /// Runs the kernel of this number.
  case kernel(Int)
  /// Copies the starts into a loop's slots; goes behind the loop if it has no turns.
  case beginLoop(Int)
  /// Moves the yielded values into the slots; goes back to the loop's first step if turns are left.
  case endLoop(Int)
}

/// What is known of a step beside its work: for profiles, probes and checks.
struct StepInfo {
  /// The name of the node's first result.
  let name: String
  let opName: String
  let origin: Origin
  var cost: Cost
  /// All that it may write.
  let writes: [TensorView]
  /// The values that are complete after it.
  let results: [(value: Value, view: TensorView)]
}

/// Instructions with all they work on; laid out once, run often.
final class StepList {
  /// A node that works on values which can move, and where its instructions begin.
  struct Site {
    let node: Node
    let values: [Value]
    let step: Int
    let kernel: Int
    let loop: Int
  }

  private(set) var steps: [ProgramStep] = []
  /// One an instruction.
  private(set) var infos: [StepInfo] = []
  private(set) var loops: [LoopState] = []
  /// The nodes whose instructions change when values move.
  private(set) var sites: [Site] = []
  /// At a fixed address, so that threads can be given pointers to them.
  private(set) var kernels: UnsafeMutablePointer<any Kernel>
  private(set) var tileCounts: [Int] = []
  private var capacity = 16

  init() { kernels = .allocate(capacity: capacity) }

  deinit {
    kernels.deinitialize(count: tileCounts.count)
    kernels.deallocate()
  }

  func append(_ kernel: any Kernel, _ info: StepInfo) {
    if tileCounts.count == capacity {
      let larger = UnsafeMutablePointer<any Kernel>.allocate(capacity: 2 * capacity)
      larger.moveInitialize(from: kernels, count: capacity)
      kernels.deallocate()
      kernels = larger
      capacity *= 2
    }
    (kernels + tileCounts.count).initialize(to: kernel)
    steps.append(.kernel(tileCounts.count))
    tileCounts.append(kernel.tileCount)
    infos.append(info)
  }

  /// Remembers that the instructions of a node, which come next, work on values that can move.
  func noteSite(_ node: Node, on values: [Value]) {
    sites.append(
      Site(
        node: node, values: values, step: steps.count, kernel: tileCounts.count,
        loop: loops.count))
  }

  /// Puts a node's new instructions, of the same number, in the place of its old ones.
  func replace(_ site: Site, with new: StepList) {
    for index in new.tileCounts.indices {
      kernels[site.kernel + index] = new.kernels[index]
      tileCounts[site.kernel + index] = new.tileCounts[index]
    }
    infos.replaceSubrange(site.step..<site.step + new.infos.count, with: new.infos)
  }

  /// Has a loop copy as another one of the same shape does.
  func replace(_ site: Site, with new: LoopState, _ begin: StepInfo, _ end: StepInfo) {
    let loop = loops[site.loop]
    loop.takeMoves(of: new)
    infos[site.step] = begin
    infos[loop.endStep] = end
  }

  func begin(_ loop: LoopState, _ info: StepInfo) {
    loop.firstStep = steps.count + 1
    steps.append(.beginLoop(loops.count))
    loops.append(loop)
    infos.append(info)
  }

  func end(_ loop: LoopState, _ info: StepInfo) {
    loop.endStep = steps.count
    steps.append(.endLoop(loops.firstIndex { $0 === loop }!))
    infos.append(info)
  }

  /// The most scratch memory that any kernel asks for.
  var scratchByteCount: Int {
    (0..<tileCounts.count).reduce(0) { max($0, kernels[$1].scratchByteCount) }
  }

  /// What the steps of one run add up to, loops unrolled.
  func total(of amount: (StepInfo) -> Double) -> Double {
    var total = 0.0
    var factors = [1.0]
    for (step, info) in zip(steps, infos) {
      switch step {
      case .kernel: total += factors.last! * amount(info)
      case .beginLoop(let loop):
        total += factors.last! * amount(info)
        factors.append(factors.last! * Double(loops[loop].count))
      case .endLoop: total += factors.removeLast() * amount(info)
      }
    }
    return total
  }
}

/// A loop while it runs.
final class LoopState {
  let count: Int
  let first: Int
  let index: UnsafeMutablePointer<Int32>
  /// The starts into the slots.
  private(set) var starts: MoveList
  /// The yielded values into the slots.
  private(set) var yields: MoveList
  /// The slots into the results, where those lie elsewhere.
  private(set) var finals: MoveList
  /// What is stacked: its source, where turn 0 goes, and the bytes a turn.
  private(set) var collected: [MoveList.Move]
  private(set) var turn = 0
  /// The first step of the body and the step that ends a turn.
  fileprivate(set) var firstStep = 0
  fileprivate(set) var endStep = 0

  init(
    count: Int, first: Int, index: UnsafeMutablePointer<Int32>, starts: MoveList, yields: MoveList,
    finals: MoveList, collected: [MoveList.Move]
  ) {
    self.count = count
    self.first = first
    self.index = index
    self.starts = starts
    self.yields = yields
    self.finals = finals
    self.collected = collected
  }

  func takeMoves(of other: LoopState) {
    (starts, yields, finals, collected) =
      (other.starts, other.yields, other.finals, other.collected)
  }

  /// False if there is no turn to run.
  func begin() -> Bool {
    starts.run()
    turn = 0
    if count == 0 {
      finals.run()
      return false
    }
    index.pointee = Int32(truncatingIfNeeded: first)
    return true
  }

  /// Ends a turn; false after the last.
  func next() -> Bool {
    // Collected first: what is collected may lie in a slot.
    for move in collected {
      UnsafeMutableRawPointer(move.destination + turn * move.byteCount)
        .copyMemory(from: move.source, byteCount: move.byteCount)
    }
    yields.run()
    turn += 1
    if turn == count {
      finals.run()
      return false
    }
    index.pointee = Int32(truncatingIfNeeded: first + turn)
    return true
  }
}
