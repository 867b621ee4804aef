import RetortIR
import RetortTensor

/// Gives the registers of a fused plan places: slots of scratch that are used again as soon as
/// nobody reads them, or the result's own memory.
struct FusedAssembler {
  private let plan: FusedPlan
  private let operands: [TensorView]
  /// Of registers.
  private let results: [TensorView]
  /// What is the same for every chunk, and must be run once before them.
  private(set) var invariants: [FusedProgram.Operation] = []
  /// The elements after which the invariants repeat.
  private(set) var period: Int?
  private(set) var operations: [FusedProgram.Operation] = []
  private(set) var slotCount = 0
  /// The constants' memory, to be freed by whoever runs the operations.
  private(set) var constants: UnsafeMutableRawPointer?

  private var freeSlots: [Int] = []
  private var slots: [Int: Int] = [:]
  private var lastUse: [Int: Int] = [:]
  /// The results that are written at once, by register.
  private var direct: [Int: TensorView] = [:]
  private var constantOffsets: [FusedPlan.Source: Int] = [:]

  init(plan: FusedPlan, operands: [TensorView], results: [TensorView]) {
    self.plan = plan
    self.operands = operands
    self.results = results.indices.filter { !plan.totalResults.contains($0) }.map { results[$0] }
  }

  mutating func assemble() {
    layConstants()
    // A result in place of a capture is written when all instructions have read it.
    for (register, view) in zip(plan.resultRegisters, results) {
      if !operands.contains(where: view.overlaps) {
        direct[register] = view
      } else {
        lastUse[register] = plan.instructions.count
      }
    }
    for (index, instruction) in plan.instructions.enumerated() {
      for case .register(let register) in instruction.sources {
        lastUse[register] = max(lastUse[register] ?? index, index)
      }
    }
    let isInvariant = layInvariants()
    for (index, instruction) in plan.instructions.enumerated() where !isInvariant[index] {
      add(instruction, index)
    }
    for (register, view) in zip(plan.resultRegisters, results) where direct[register] == nil {
      var copy = FusedProgram.Operation(work: .copy)
      copy.byteCount = view.type.element.byteCount
      copy.a = slotPlace(slots[register]!)
      copy.target = memory(view)
      operations.append(copy)
    }
  }

  /// Gives what repeats from chunk to chunk registers of its own, which are never used again.
  /// - Returns: which instructions these are.
  private mutating func layInvariants() -> [Bool] {
    period = plan.instructions.lazy.compactMap { Self.period($0) }.first
    return plan.instructions.map { instruction in
      guard let period, Self.period(instruction) == period,
        direct[instruction.register] == nil
      else { return false }
      var operation = FusedProgram.Operation(work: instruction.work)
      operation.a = place(instruction.sources[0])
      operation.a.stride = 0
      operation.byteCount = plan.registerTypes[instruction.register].byteCount
      let slot = takeSlot()
      slots[instruction.register] = slot
      lastUse[instruction.register] = Int.max
      operation.target = slotPlace(slot)
      invariants.append(operation)
      return true
    }
  }

  private static func period(_ instruction: FusedPlan.Instruction) -> Int? {
    guard case .spread(let spread) = instruction.work, let period = spread.period,
      period <= FusedProgram.registerElementCount
    else { return nil }
    return period
  }

  private mutating func add(_ instruction: FusedPlan.Instruction, _ index: Int) {
    let width = plan.registerTypes[instruction.register].byteCount
    var operation = FusedProgram.Operation(work: instruction.work)
    operation.byteCount = width
    var places = instruction.sources.map(place)
    var borrowed: [Int] = []
    switch instruction.work {
    case .unary where places[0].isScalar:
      // These loops read one element a result, so the only one is repeated first.
      var splat = FusedProgram.Operation(work: .copy)
      splat.a = places[0]
      let slot = takeSlot()
      borrowed.append(slot)
      splat.target = slotPlace(slot)
      operations.append(splat)
      places[0] = splat.target
    case .spread: places[0].stride = 0
    default: break
    }
    if case .total = instruction.work {
      operation.a = places[0]
      operation.target = FusedProgram.Place(space: .sums)
      release(instruction, index) { _ in true }
      operations.append(operation)
      return
    }
    // A register of another width must not be overwritten while it is read.
    release(instruction, index) { $0 == width }
    freeSlots += borrowed
    if let view = direct[instruction.register] {
      operation.target = memory(view)
    } else {
      let slot = takeSlot()
      slots[instruction.register] = slot
      operation.target = slotPlace(slot)
    }
    release(instruction, index) { $0 != width }
    if lastUse[instruction.register] == nil, let slot = slots[instruction.register] {
      freeSlots.append(slot)
    }
    if places.count > 0 { operation.a = places[0] }
    if places.count > 1 { operation.b = places[1] }
    if places.count > 2 { operation.c = places[2] }
    operations.append(operation)
  }

  /// Frees the slots of registers that are read for the last time and whose width fits.
  private mutating func release(
    _ instruction: FusedPlan.Instruction, _ index: Int, _ fits: (Int) -> Bool
  ) {
    var seen: Set<Int> = []
    for case .register(let register) in instruction.sources
    where lastUse[register] == index && fits(plan.registerTypes[register].byteCount) {
      if let slot = slots[register], seen.insert(register).inserted { freeSlots.append(slot) }
    }
  }

  private mutating func takeSlot() -> Int {
    if let slot = freeSlots.popLast() { return slot }
    slotCount += 1
    return slotCount - 1
  }

  // MARK: places

  private func place(_ source: FusedPlan.Source) -> FusedProgram.Place {
    switch source {
    case .register(let register):
      if let view = direct[register] { return memory(view) }
      return slotPlace(slots[register]!)
    case .capture(let index):
      // The capture behind the operands is what the head computes.
      return index < operands.count
        ? memory(operands[index]) : FusedProgram.Place(space: .head, stride: 4)
    case .captureScalar(let index):
      return index < operands.count
        ? FusedProgram.Place(space: .memory, base: operands[index].base, isScalar: true)
        : FusedProgram.Place(space: .head, stride: 4, isScalar: true)
    case .constant:
      return FusedProgram.Place(
        space: .memory, base: constants, offset: constantOffsets[source]!, isScalar: true)
    }
  }

  private func slotPlace(_ slot: Int) -> FusedProgram.Place {
    FusedProgram.Place(offset: slot * FusedProgram.registerByteCount)
  }

  private func memory(_ view: TensorView) -> FusedProgram.Place {
    FusedProgram.Place(space: .memory, base: view.base, stride: view.type.element.byteCount)
  }

  private mutating func layConstants() {
    for instruction in plan.instructions {
      for case .constant(let bits, let element) in instruction.sources {
        let source = FusedPlan.Source.constant(bits, element)
        if constantOffsets[source] == nil { constantOffsets[source] = 4 * constantOffsets.count }
      }
    }
    guard !constantOffsets.isEmpty else { return }
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: 4 * constantOffsets.count, alignment: 64)
    for (source, offset) in constantOffsets {
      guard case .constant(let bits, let element) = source else { continue }
      let value = Double(bitPattern: bits)
      if element == .bool {
        memory.storeBytes(of: value != 0, toByteOffset: offset, as: Bool.self)
      } else {
        memory.storeBytes(of: Float(value), toByteOffset: offset, as: Float.self)
      }
    }
    constants = memory
  }
}
