import RetortDriver
import RetortText

/// Does what graphs are given images for. What they do not fit names their file.
package func naming<R>(images path: String, _ body: () throws -> R) throws -> R {
  try Diagnostics.retelling(
    { problem in
      guard let input = problem.input else { return problem }
      var told = problem
      told.path = path
      if let graph = problem.path { told.notes.append(.note("'\(input)' is declared in \(graph)")) }
      return told
    }, of: body)
}

/// Where a graph takes images, as its file declares it: a definition in `x: f32[n, 3, 32, 32]`, a plan
/// or a model of ONNX in its input `x` or else in the only input of four axes.
struct ImageInput {
  let name: String
  /// How many images the graph takes at a time, where its file fixes that.
  let batch: Int?
  /// Nil where an extent has a name, which the compiler binds.
  private let height: Int?
  private let width: Int?
  private let path: String
  private let entry: String?

  init(of request: Request) throws {
    path = request.path
    if let inputs = try request.declaredInputs() {
      let images = inputs.filter { $0.extents.count == 4 }
      let input = inputs.first { $0.name == "x" } ?? (images.count == 1 ? images[0] : nil)
      guard let input, input.extents.count == 4, input.extents[0] != 0 else {
        throw Diagnostics(
          "takes no images: there is no input 'x' of four axes and one image or more", path: path,
          hint: "its inputs: retort inspect \(path)")
      }
      (name, batch, entry) = (input.name, input.extents[0], nil)
      (height, width) = (input.extents[2], input.extents[3])
      return
    }
    let taker = try request.declaredEntry()
    let extents = taker?.arguments.first { $0.name == "x" }?.extents
    if let taker, extents == nil {
      throw Diagnostics(
        "takes no images: '\(taker.name)' has no input 'x'", path: path,
        hint: "name it so: x: f32[n, 3, 32, 32]")
    }
    let size = Array((extents ?? []).suffix(2))
    (name, batch, entry) = ("x", nil, taker?.name)
    (height, width) = size.count == 2 ? (size[0], size[1]) : (nil, nil)
  }

  /// Checks the images' size against the one that is written down, so that a mismatch is told in
  /// pixels.
  func require(height: Int, width: Int) throws(Diagnostics) {
    guard let wantedHeight = self.height, let wantedWidth = self.width,
      (wantedHeight, wantedWidth) != (height, width)
    else { return }
    throw Diagnostics(
      (entry.map { "'\($0)' takes" } ?? "takes")
        + " images of \(wantedWidth)x\(wantedHeight) pixels, these are \(width)x\(height)",
      path: path, hint: "scale the images to \(wantedWidth)x\(wantedHeight) pixels")
  }
}
