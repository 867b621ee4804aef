import RetortDriver
import RetortText

extension Request {
  /// Checks the images' size against the one that the entry's `x: f32[n, 3, 32, 32]` writes down,
  /// so that a mismatch is told in pixels. Sizes with names, and plans, are the compiler's affair.
  package func requireImages(height: Int, width: Int) throws {
    guard !Artifact.isArtifact(path) else { return }
    let entries = try Compiler(library: library).load(path).entries
    guard let taker = entry == nil ? entries.first : entries.first(where: { $0.name == entry }),
      let type = taker.arguments.first(where: { $0.name == "x" && $0.isTensor })?.kind
    else { return }
    let extents = type.dropLast().split(separator: ",").suffix(2).map {
      Int($0.filter { !$0.isWhitespace })
    }
    guard extents.count == 2, let wantedHeight = extents[0], let wantedWidth = extents[1],
      (wantedHeight, wantedWidth) != (height, width)
    else { return }
    throw Diagnostics(
      "'\(taker.name)' takes images of \(wantedWidth)x\(wantedHeight) pixels, these are"
        + " \(width)x\(height)", path: path,
      hint: "scale the images to \(wantedWidth)x\(wantedHeight) pixels")
  }
}
