import RetortIR
import RetortOps
import RetortPasses
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Programs that compute values again to fit into a limit.
@Suite struct RecomputeTests {
  /// A deep chain of products and nonlinear functions, and its gradient: every layer's value is
  /// kept for the way back.
  private static func network(_ b: inout GraphBuilder, _ x: Value, depth: Int = 12) -> Value {
    let weight = b.input("w", TensorType([16, 16]), role: .parameter(nil))
    var y = x
    for _ in 0..<depth { y = b.tanh(b.matmul(b.exp(b.neg(y)), weight)) }
    return b.sum(b.square(y))
  }

  private static let straight = GraphBuilder.graph { b in
    let x = b.input("x", TensorType([32, 16]))
    return b.gradient(network(&b, x), x)
  }

  /// The same inside a loop, as purifiers have it.
  private static let looped = GraphBuilder.graph { b in
    let x = b.input("x", TensorType([32, 16]))
    return [
      b.loop(3, x) { b, _, r in
        b.sub(r, b.mul(b.gradient(network(&b, r), r)[0], b.fill(0.01, [32, 16])))
      }
    ]
  }

  private static func planned(_ graph: Graph, limit: Int? = nil) throws -> Graph {
    let options = PipelineOptions(verifiesPasses: true, memoryLimit: limit)
    return try Pipeline.run(graph, through: .planned, options: options).graph
  }

  @Test(arguments: [straight, looped]) func resultsAreBitwiseTheSame(graph: Graph) throws {
    let whole = try Self.planned(graph)
    let byteCount = try MemoryPlan(of: whole).arenaByteCount
    let inputs = graph.randomInputs(seed: 3, in: -1...1)
    for share in [0.8, 0.6] {
      let limit = Int(Double(byteCount) * share)
      let small = try Self.planned(graph, limit: limit)
      #expect(try MemoryPlan(of: small).arenaByteCount <= limit)
      #expect(small.nodeCount > whole.nodeCount)
      #expect(small.run(inputs) == whole.run(inputs), "\(share) of \(byteCount) bytes")
    }
  }

  /// A large value waits over the peak for its only reader, and what it is made from, a chain too
  /// long to copy, is a quarter of it: the value is made later, and nothing twice.
  @Test func aValueMovesToItsOnlyReader() throws {
    let graph = GraphBuilder.graph { b in
      let x = b.input("x", TensorType([32, 16]))
      let weight = b.input("v", TensorType([16, 16]), role: .parameter(nil))
      let wide = b.input("u", TensorType([16, 64]), role: .parameter(nil))
      var small = x
      for _ in 0..<30 { small = b.tanh(b.matmul(small, weight)) }
      let large = b.matmul(small, wide)
      let slope = b.gradient(Self.network(&b, x, depth: 4), x)
      return [b.sum(b.mul(large, large)), slope[0]]
    }
    let whole = try Self.planned(graph)
    let limit = try MemoryPlan(of: whole).arenaByteCount - 32 * 40 * 4
    let moved = try Self.planned(graph, limit: limit)
    #expect(try MemoryPlan(of: moved).arenaByteCount <= limit)
    #expect(moved.nodeCount == whole.nodeCount)
    let inputs = graph.randomInputs(seed: 3, in: -1...1)
    #expect(moved.run(inputs) == whole.run(inputs))
  }

  @Test func whatFitsIsLeftAlone() throws {
    let whole = try Self.planned(Self.straight)
    let limit = try MemoryPlan(of: whole).arenaByteCount
    #expect(try Self.planned(Self.straight, limit: limit) == whole)
  }

  @Test func copiesSayWhatTheyAre() throws {
    let byteCount = try MemoryPlan(of: try Self.planned(Self.straight)).arenaByteCount
    let small = try Self.planned(Self.straight, limit: byteCount * 3 / 4)
    #expect(small.body.nodes.contains { $0.origin.derivation?.hasSuffix("recomputed") == true })
  }

  /// What is said about a limit that is refused; empty where it is met.
  private static func complaint(_ graph: Graph, limit: Int) throws -> String {
    do {
      _ = try planned(graph, limit: limit)
      return ""
    } catch let error as Diagnostics {
      return error.description
    }
  }

  /// Three values of the network, each of 2048 bytes, are less than a product in the middle of the
  /// loop needs beside the loop's slots, but not less than what any step reads and writes.
  @Test func aLimitThatNothingReachesIsRefusedWithTheLeast() throws {
    let text = try Self.complaint(Self.looped, limit: 6144)
    let least = try #require(text.firstMatch(of: /needs (\d+) bytes of memory at least, 6144 are/))
    // The least that is told can be had.
    let limit = try #require(Int(least.1))
    let small = try Self.planned(Self.looped, limit: limit)
    #expect(try MemoryPlan(of: small).arenaByteCount <= limit)
  }

  /// By what one step needs alone a limit is refused before anything is tried.
  @Test func aLimitBelowASingleStepIsRefusedAtOnce() throws {
    let graph = try Pipeline.run(Self.straight, through: .fused).graph
    var record = PassRecord(name: Recompute.name)
    var text = ""
    do {
      _ = try Recompute(limit: 1000).run(graph, &record)
    } catch let error as Diagnostics {
      text = error.description
    }
    #expect(record.firedCount == 0)
    let alone = try #require(
      text.firstMatch(of: /memory, (\d+) of them for one step alone; 1000 are allowed/))
    // A product reads and writes 2048 bytes each.
    let byteCount = try #require(Int(alone.1))
    #expect(byteCount >= 2 * 2048)
    #expect(text.contains("--set n=N, in purify --batch N"))
  }

  @Test(arguments: 0..<4) func aSingleStepNeedsNoMoreThanTheLeast(seed: Int) throws {
    let graph = RandomGraph.make(seed: UInt64(seed), nodeCount: 40)
    let refusal = try Self.complaint(graph, limit: 1)
    let alone = try #require(refusal.firstMatch(of: /, (\d+) of them for one step alone; 1 are/))
    let byteCount = try #require(Int(alone.1))
    let whole = try Self.planned(graph)
    #expect(try byteCount <= MemoryPlan(of: whole).lowerBound)
    let text = try Self.complaint(graph, limit: byteCount)
    #expect(!text.contains("one step alone"))
    if let told = text.firstMatch(of: /needs (\d+) bytes of memory at least/) {
      let least = try #require(Int(told.1))
      #expect(least >= byteCount)
    }
  }

  @Test(arguments: 0..<12) func randomGraphsKeepTheirMeaning(seed: Int) throws {
    let graph = RandomGraph.make(seed: UInt64(seed), nodeCount: 40)
    let whole = try Self.planned(graph)
    let byteCount = try MemoryPlan(of: whole).arenaByteCount
    let inputs = graph.randomInputs(seed: UInt64(seed), in: -1...1)
    do {
      let small = try Self.planned(graph, limit: byteCount * 9 / 10)
      #expect(small.run(inputs) == whole.run(inputs))
    } catch is Diagnostics {
      // Some graphs have nothing to compute again.
    }
  }
}
