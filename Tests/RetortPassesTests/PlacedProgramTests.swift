import RetortIR
import RetortPasses
import RetortRuntime
import RetortTensor
import RetortTestSupport
import Testing

/// Programs whose inputs and results lie in memory of the caller's.
@Suite struct PlacedProgramTests {
  /// A tensor's bytes between guard words, at an address that is aligned to 8 and to no more.
  private final class Place {
    let type: TensorType
    private let room: UnsafeMutableRawBufferPointer
    var address: UnsafeMutableRawPointer { room.baseAddress! + 72 }

    init(_ type: TensorType) {
      self.type = type
      room = .allocate(byteCount: type.byteCount + 144, alignment: 64)
      for index in room.indices { room[index] = 0xA5 }
    }

    convenience init(_ tensor: HostTensor) {
      self.init(tensor.type)
      tensor.bytes.withUnsafeBytes {
        if let source = $0.baseAddress { address.copyMemory(from: source, byteCount: $0.count) }
      }
    }

    deinit { room.deallocate() }

    var tensor: HostTensor { HostTensor(copying: TensorView(type, address)) }

    var guardsAreWhole: Bool {
      room[..<72].allSatisfy { $0 == 0xA5 }
        && room[(72 + type.byteCount)...].allSatisfy { $0 == 0xA5 }
    }
  }

  @Test(arguments: 0..<12, [Backend.auto, .reference])
  func resultsAreTheSameBytesInTheCallersMemory(_ seed: Int, _ backend: Backend) throws {
    let graph = RandomGraph.make(seed: UInt64(seed), nodeCount: 40)
    let planned = try Pipeline.run(graph, through: .planned).graph
    let program = try Program(
      planned, options: ProgramOptions(backend: backend, pool: ThreadPool(threadCount: 2)))
    let values = planned.randomInputs(seed: UInt64(seed), in: -1...1)
    let named = Dictionary(uniqueKeysWithValues: zip(planned.inputs.map(\.name), values))
    try program.bind(weights: named)
    let expected = try program.run(inputs: named)

    for _ in 0..<2 {
      let inputs = named.filter { name, _ in
        planned.inputs.contains { $0.name == name && $0.role == .input }
      }.mapValues { Place($0) }
      let results = expected.mapValues { Place($0.type) }
      program.place(
        inputs: inputs.mapValues(\.address), results: results.mapValues(\.address))
      program.run()
      #expect(program.results == expected)
      for (name, view) in program.outputs where view.base == results[name]!.address {
        #expect(results[name]!.tensor == expected[name], "\(name)")
      }
      for (name, place) in inputs { #expect(place.tensor == named[name], "\(name) was changed") }
      for place in Array(inputs.values) + results.values { #expect(place.guardsAreWhole) }
    }
    program.placeAtHome()
    #expect(try program.run(inputs: named) == expected)
  }

  @Test func whatNodesComputeIsWrittenInPlace() throws {
    let planned = try Pipeline.run(
      TestDefinition(
        text: """
          graph f(x: f32[4]) -> (a: f32[4], b: f32[4], c: f32[4], d: f32[4]) {
            r = repeat i in 0..<3 with r = x { yield r + x }
            return 2.0 * x, x, r, square(r)
          }
          """
      ).graph(), through: .planned
    ).graph
    let program = try Program(planned, options: ProgramOptions(pool: ThreadPool(threadCount: 1)))
    let x = Place(HostTensor([4], [1, 2, 3, 4] as [Float]))
    let results = Dictionary(uniqueKeysWithValues: "abcd".map { (String($0), Place(x.type)) })
    program.place(inputs: ["x": x.address], results: results.mapValues(\.address))
    program.run()
    let placed = program.outputs.filter { results[$0.name]!.address == $0.view.base }
    // An input that is a result stays where it is.
    #expect(placed.map(\.name) == ["a", "c", "d"])
    #expect(results["a"]!.tensor.doubles == [2, 4, 6, 8])
    #expect(results["c"]!.tensor.doubles == [4, 8, 12, 16])
    #expect(results["d"]!.tensor.doubles == [16, 64, 144, 256])
    #expect(program.results["b"]?.doubles == [1, 2, 3, 4])
  }

  @Test func updatesFollowTheirValues() throws {
    let planned = try Pipeline.run(
      TestDefinition(
        text: """
          graph f(x: f32[2]) -> (next: f32[2]) {
            buffer total: f32[2]
            next = total + x
            update total = next
            return next
          }
          """
      ).graph(), through: .planned
    ).graph
    let program = try Program(planned, options: ProgramOptions(pool: ThreadPool(threadCount: 1)))
    try program.bind(weights: ["total": HostTensor([2], [10, 20] as [Float])])
    let x = Place(HostTensor([2], [1, 2] as [Float]))
    for turn in 1...3 {
      let next = Place(x.type)
      program.place(inputs: ["x": x.address], results: ["next": next.address])
      program.run()
      #expect(next.tensor.doubles == [10 + Double(turn), 20 + 2 * Double(turn)])
      #expect(program.weights["total"] == next.tensor)
    }
  }
}
