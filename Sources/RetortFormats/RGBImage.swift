/// A picture of 8-bit red, green and blue, pixel by pixel, rows from the top.
package struct RGBImage: Sendable, Hashable {
  package let width: Int
  package let height: Int
  /// `height · width · 3` bytes.
  package let bytes: [UInt8]

  package init(width: Int, height: Int, bytes: [UInt8]) {
    precondition(bytes.count == 3 * width * height, "an image of another size than its bytes")
    self.width = width
    self.height = height
    self.bytes = bytes
  }
}
