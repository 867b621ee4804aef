import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

@Suite struct RandomTests {
  private let zero = HostTensor(Key(0, 0))

  /// Source: the known answers of Random123 for threefry2x32 with 20 rounds.
  @Test func foldIsThreefry() throws {
    let key = try Fold().evaluate(zero, HostTensor(Int32(0)))[0].elements(as: Key.self)[0]
    #expect(key == Key(0x6B20_0159, 0x99BA_4EFE))
    let minusOne = try Fold().evaluate(zero, HostTensor(Int32(-1)))
    #expect(try minusOne == Fold().evaluate(zero, HostTensor(UInt32.max)))
  }

  /// Source: `jax.random` with key 0 and partitionable counters.
  @Test func firstDrawsAreThoseOfJAX() throws {
    let bits = try Bits([]).evaluate(zero)[0].elements(as: UInt32.self)
    #expect(bits == [0x6B20_0159 ^ 0x99BA_4EFE])
    #expect(abs(try Uniform([]).numbers(zero)[0] - 0.947667) < 5e-7)
    #expect(abs(try Normal([]).numbers(zero)[0] - 1.6226423) < 5e-7)
  }

  @Test func eachKeyDrawsByItself() throws {
    let keys = HostTensor([2], [Key(1, 2), Key(3, 4)])
    let both = try Bits([2, 5]).evaluate(keys)[0].elements(as: UInt32.self)
    let alone = try Bits([5]).evaluate(HostTensor(Key(3, 4)))[0].elements(as: UInt32.self)
    #expect(Array(both[5...]) == alone)
  }

  @Test func uniformNumbersLieInTheirRange() throws {
    let numbers = try Uniform([1000], low: -3, high: -1).numbers(zero)
    #expect(numbers.allSatisfy { (-3 ..< -1).contains($0) })
    #expect(abs(numbers.reduce(0, +) / 1000 + 2) < 0.1)
    #expect(try Uniform([3], low: 2, high: 2).numbers(zero) == [2, 2, 2])
  }

  @Test func roundingMayReachTheEndOfARange() throws {
    let numbers = try Uniform([1000], low: 16_777_216, high: 16_777_218).numbers(zero)
    #expect(Set(numbers) == [16_777_216, 16_777_218])
  }

  @Test func aRangeIsMeasuredInItsType() throws {
    let wide = Uniform([1000], low: -3e38, high: 3e38, type: .f64)
    #expect(try wide.numbers(zero).allSatisfy { (-3e38..<3e38).contains($0) })
  }

  @Test func normalNumbersAreTheSameInEveryPrecision() throws {
    let narrow = try Normal([1000]).numbers(zero)
    #expect(try Normal([1000], type: .f64).numbers(zero) == narrow)
    let variance = narrow.reduce(0) { $0 + $1 * $1 } / 1000
    #expect(abs(variance - 1) < 0.15)
  }

  @Test func permutationSortsTheBits() throws {
    let order = try Permutation(20).evaluate(zero)[0].elements(as: Int32.self).map(Int.init)
    let words = try Bits([20]).evaluate(zero)[0].elements(as: UInt32.self)
    #expect(order.sorted() == Array(0..<20))
    #expect(zip(order, order.dropFirst()).allSatisfy { words[$0] <= words[$1] })
  }

  @Test func oneKeyAndManyNumbersGiveManyKeys() {
    var b = GraphBuilder(name: "fold")
    let key = b.input("key", TensorType(.key, []))
    let numbers = b.iota([3])
    let keys = b.fold(key, numbers)
    let others = b.fold(keys, 7)
    #expect(b.type(of: keys) == TensorType(.key, [3]))
    #expect(b.type(of: others) == TensorType(.key, [3]))
  }
}
