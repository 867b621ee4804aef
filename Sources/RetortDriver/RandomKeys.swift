import Foundation
import RetortKernels
import RetortTensor

/// Keys for what happens outside graphs: key inputs, shuffles, fresh weights.
package enum RandomKeys {
  /// The key of a seed: its two 32-bit halves.
  package static func root(_ seed: UInt64) -> Key { Key(words: seed) }

  package static func fold(_ key: Key, _ data: UInt32) -> Key { Threefry.fold(key, data) }

  /// The key of a name under a seed.
  package static func named(_ name: String, seed: UInt64) -> Key {
    let hash = hash(name)
    let half = Threefry.fold(root(seed), UInt32(truncatingIfNeeded: hash >> 32))
    return Threefry.fold(half, UInt32(truncatingIfNeeded: hash))
  }

  /// FNV-1a over a name's bytes.
  package static func hash(_ name: String) -> UInt64 {
    name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
  }

  /// A key input: `key[]` is the seed's key, element `i` of others is `fold(that, i)`.
  package static func input(_ shape: Shape, seed: UInt64) -> HostTensor {
    input(shape, root: root(seed))
  }

  /// The same from another key than a seed's.
  package static func input(_ shape: Shape, root: Key) -> HostTensor {
    if shape.rank == 0 { return HostTensor(root) }
    return HostTensor(
      shape, (0..<shape.elementCount).map { fold(root, UInt32(truncatingIfNeeded: $0)) })
  }

  /// Number `index` of the uniform numbers in [0, 1) that a key gives.
  package static func uniform(_ key: Key, _ index: Int) -> Double {
    Double(Threefry.bits(key, index) >> 9) * 0x1p-23
  }

  /// Number `index` of the standard normal numbers, by Box and Muller (1958).
  package static func normal(_ key: Key, _ index: Int) -> Double {
    let radius = (-2 * log(1 - uniform(key, 2 * index))).squareRoot()
    return radius * cos(2 * Double.pi * uniform(key, 2 * index + 1))
  }

  /// The order that sorts `count` draws of the key, ties by index.
  package static func permutation(_ key: Key, _ count: Int) -> [Int] {
    let draws = (0..<count).map { Threefry.bits(key, $0) }
    return (0..<count).sorted { (draws[$0], $0) < (draws[$1], $1) }
  }
}
