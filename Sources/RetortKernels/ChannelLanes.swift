import COpenBLAS
import RetortTensor

/// What the transforms of Winograd convolutions compute with: several channels at once, or one.
///
/// Eight where vectors have 256 bits, since sixteen registers then hold six inputs, their sums and
/// the factors; sixteen with AVX-512; one where there are fewer than eight channels. All three
/// round alike, so that a channel's value does not depend on its neighbours.
protocol ChannelLanes {
  static var count: Int { get }
  static var zero: Self { get }
  static func load(_ p: UnsafePointer<Float>) -> Self
  func store(_ p: UnsafeMutablePointer<Float>)
  static func + (a: Self, b: Self) -> Self
  static func - (a: Self, b: Self) -> Self
  /// `self + factor · a`, rounded once.
  func adding(_ factor: Float, times a: Self) -> Self
}

extension Float: ChannelLanes {
  static var count: Int { 1 }

  @inline(__always)
  static func load(_ p: UnsafePointer<Float>) -> Self { p[0] }

  @inline(__always)
  func store(_ p: UnsafeMutablePointer<Float>) { p[0] = self }

  @inline(__always)
  func adding(_ factor: Float, times a: Self) -> Self { addingProduct(factor, a) }
}

extension SIMD8: ChannelLanes where Scalar == Float {
  static var count: Int { 8 }

  @inline(__always)
  static func load(_ p: UnsafePointer<Float>) -> Self {
    UnsafeRawPointer(p).loadUnaligned(as: Self.self)
  }

  @inline(__always)
  func store(_ p: UnsafeMutablePointer<Float>) {
    UnsafeMutableRawPointer(p).storeBytes(of: self, as: Self.self)
  }

  @inline(__always)
  func adding(_ factor: Float, times a: Self) -> Self {
    addingProduct(Self(repeating: factor), a)
  }
}

extension SIMD16: ChannelLanes where Scalar == Float {
  static var count: Int { 16 }

  @inline(__always)
  func adding(_ factor: Float, times a: Self) -> Self {
    addingProduct(Self(repeating: factor), a)
  }
}

/// A computation on each of a range of channels, whatever the number of lanes.
protocol ChannelLoop {
  /// Computes channels `first ..< first + L.count`.
  func body<L: ChannelLanes>(_ lanes: L.Type, first: Int)
}

extension ChannelLoop {
  /// Covers channels `0 ..< count` with the most lanes that fit; the last step overlaps the one
  /// before it where they do not divide the count, which costs less than single channels.
  @inline(__always)
  func run(count: Int) {
    if retort_built_for_avx512 != 0 && count >= LaneBlock.count {
      run(LaneBlock.self, count)
    } else if count >= SIMD8<Float>.count {
      run(SIMD8<Float>.self, count)
    } else {
      run(Float.self, count)
    }
  }

  @inline(__always)
  private func run<L: ChannelLanes>(_ lanes: L.Type, _ count: Int) {
    var first = 0
    while first < count {
      body(lanes, first: min(first, count &- L.count))
      first &+= L.count
    }
  }
}
