import RetortDefence
import RetortFormats
import Testing

struct EvaluationMergeTests {
  private static let blockSize = 7
  private let whole: EvaluationResults
  private let checksums: [[String]]

  /// 60 images in nine blocks, of which the last has four; some attacks have 15 images, in three.
  init() {
    var results = EvaluationSample.results(images: 60)
    checksums = results.attacks.enumerated().map { index, attack in
      (0..<(attack.images + Self.blockSize - 1) / Self.blockSize).map {
        SHA256.hexadecimal("attack \(index), block \($0)".utf8)
      }
    }
    for index in results.attacks.indices {
      results.attacks[index].sha256 = EvaluationShard.checksum(ofBlocks: checksums[index])
      results.attacks[index].unperturbed = index % 3
      results.attacks[index].leastPixel = 0.25
    }
    whole = results
  }

  /// What the whole would be as shards.
  private func shards(_ count: Int) -> [EvaluationShard] {
    (0..<count).map { index in
      var shard = EvaluationShard(
        index: index, count: count, blockSize: Self.blockSize, imageCount: whole.labels.count,
        blockChecksums: [], results: whole)
      func mine<T>(_ values: [T]) -> [T] {
        shard.imageRanges(first: values.count).flatMap { values[$0] }
      }
      shard.results.labels = mine(whole.labels)
      shard.results.gallery = whole.gallery.filter { row in
        shard.imageRanges(first: 60).contains { $0.contains(row.image) }
      }
      for cell in whole.cells.indices {
        shard.results.cells[cell].answers = mine(whole.cells[cell].answers)
      }
      for loss in whole.losses.indices {
        shard.results.losses[loss].values = mine(whole.losses[loss].values)
      }
      for attack in whole.attacks.indices {
        let own = checksums[attack].enumerated().filter { $0.offset % count == index }.map(
          \.element)
        shard.blockChecksums.append(own)
        // The first shard has all of them, and only the last the extremes.
        if index > 0 { shard.results.attacks[attack].unperturbed = 0 }
        if index < count - 1 {
          shard.results.attacks[attack].greatestDistance /= 2
          shard.results.attacks[attack].leastPixel = 0.5
        }
        shard.results.attacks[attack].sha256 = "of the shard"
      }
      return shard
    }
  }

  @Test(arguments: [1, 2, 3, 4, 9, 12])
  func shardsInAnyOrderGiveWhatOneRunGives(_ count: Int) throws {
    let shards = shards(count)
    #expect(try EvaluationResults.merge(shards) == whole)
    #expect(try EvaluationResults.merge(shards.reversed()) == whole)
    let merged = try ReportJSON.bytes(try EvaluationResults.merge(shards))
    #expect(merged == (try ReportJSON.bytes(whole)))
  }

  @Test func shardsAreFiles() throws {
    let shards = try shards(3).map { try ReportJSON.shard(try ReportJSON.bytes($0)) }
    #expect(try EvaluationResults.merge(shards) == whole)
    let error = #expect(throws: FormatError.self) {
      try ReportJSON.shard(Array("{\"index\": 0}".utf8))
    }
    #expect(error?.message == "is not a report: lacks the key \"results\"")
  }

  private func refusal(_ shards: [EvaluationShard]) -> String {
    let error = #expect(throws: FormatError.self) { try EvaluationResults.merge(shards) }
    return error?.message ?? ""
  }

  private func refusal(_ change: (inout EvaluationShard) -> Void) -> String {
    var shards = shards(3)
    change(&shards[1])
    return refusal(shards)
  }

  @Test func missingAndDoubledShardsAreRefused() {
    let shards = shards(3)
    #expect(refusal([]) == "there are no shards to merge")
    #expect(refusal([shards[0], shards[2]]) == "of 3 shards 1 is missing: 2")
    #expect(refusal(shards + [shards[1]]) == "shard 2 of 3 comes twice")
    #expect(refusal { $0.index = 3 } == "shard 4 is not one of 1 to 3")
    #expect(refusal { $0.index = -1 } == "shard 0 is not one of 1 to 3")
    #expect(refusal { $0.count = 4 }.hasPrefix("shard 2 is one of 4, in blocks of 7 of 60 images"))
    #expect(refusal { $0.blockSize = 8 }.contains("in blocks of 8"))
    var odd = shards
    for index in odd.indices { odd[index].blockSize = 0 }
    #expect(refusal(odd).hasSuffix("are not an evaluation"))
  }

  @Test func shardsOfOtherEvaluationsAreRefused() {
    func sentence(_ what: String) -> String {
      "shard 2 is of \(what) than shard 1; only shards of one evaluation merge"
    }
    #expect(refusal { $0.results.recipe.sha256 = "" } == sentence("another recipe"))
    #expect(refusal { $0.results.data.sha256 = "" } == sentence("other data"))
    #expect(refusal { $0.results.weights = [] } == sentence("other weights"))
    #expect(refusal { $0.results.program = "2" } == sentence("another program (2)"))
    #expect(refusal { $0.results.seeds = [7] } == sentence("other arms, attacks or descriptions"))
  }

  @Test func shardsThatDoNotHoldTheirBlocksAreRefused() {
    #expect(refusal { $0.results.labels.removeLast() }.hasPrefix("the labels do not fit: shard 2"))
    #expect(
      refusal { $0.results.cells[0].answers.append(1) }
        .hasPrefix("the answers of none on clean do not fit"))
    #expect(refusal { $0.results.losses[0].values = [] }.contains("losses of contrastive on clean"))
    #expect(refusal { $0.blockChecksums[1].removeLast() }.contains("checksums of FGSM"))
    #expect(refusal { $0.blockChecksums = [] }.contains("checksums of 0 attacks"))
  }

  /// The text of two checksums behind one another, hashed by another program.
  @Test func theJointChecksumIsThatOfTheBlocksText() {
    let blocks = ["a", "b"].map { SHA256.hexadecimal($0.utf8) }
    #expect(
      EvaluationShard.checksum(ofBlocks: blocks)
        == "62af5c3cb8da3e4f25061e829ebeea5c7513c54949115b1acc225930a90154da")
  }
}
