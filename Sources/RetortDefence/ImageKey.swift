import RetortDriver
import RetortFormats
import RetortTensor

/// What decides an image's draws, besides the seed.
package struct ImageKey: Sendable, Equatable {
  /// What is folded into the seed's key, in turn.
  private let words: [UInt32]

  /// The image's place in its set: `fold(seed, index)`, as key inputs are filled elsewhere.
  package init(index: Int) { words = [UInt32(truncatingIfNeeded: index)] }

  /// The image's pixels, so that the same image gets the same draws wherever it stands: the first 8
  /// bytes of their SHA-256.
  package init(content pixels: some Collection<UInt8>) {
    var hash = SHA256()
    hash.update(Array(pixels))
    let digest = hash.finalized()
    func word(_ start: Int) -> UInt32 {
      digest[start..<start + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }
    words = [word(0), word(4)]
  }

  package func key(seed: UInt64) -> Key {
    words.reduce(RandomKeys.root(seed)) { RandomKeys.fold($0, $1) }
  }
}
