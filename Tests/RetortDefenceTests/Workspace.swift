import Foundation
import RetortDefence
import RetortDriver
import RetortFormats
import RetortTensor
import RetortText

/// A folder of a test's own, removed when the test lets go of it.
final class Workspace: Sendable {
  let folder: String

  init() {
    folder = FileManager.default.temporaryDirectory.path + "/retort-test-\(UUID().uuidString)"
    try! FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  func path(_ name: String) -> String { folder + "/" + name }

  /// Writes a file and gives its path.
  @discardableResult
  func write(_ text: String, to name: String) -> String {
    write(Array(text.utf8), to: name)
  }

  @discardableResult
  func write(_ bytes: [UInt8], to name: String) -> String {
    try! Data(bytes).write(to: URL(fileURLWithPath: path(name)))
    return path(name)
  }

  @discardableResult
  func write(_ tensors: [(name: String, tensor: HostTensor)], to name: String) throws -> String {
    try TensorFile.write(tensors, to: path(name))
    return path(name)
  }

  func bytes(_ name: String) throws -> [UInt8] { try InputFile.read(path(name)) }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// What lies in the folder, sorted.
  var names: [String] { try! InputFile.names(inFolder: folder) }
}

/// The checkout that the tests were built from.
enum Checkout {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path
  static let library = try! GraphLibrary.locate(root + "/graphs")
}

/// Remembers what it is told, and does something at each line.
final class Listener: ProgressObserver {
  private(set) var lines: [String] = []
  private(set) var reports: [ProgressReport] = []
  private let atLine: (String) -> Void

  init(atLine: @escaping (String) -> Void = { _ in }) { self.atLine = atLine }

  func advanced(_ progress: ProgressReport) { reports.append(progress) }

  func said(_ line: String) {
    lines.append(line)
    atLine(line)
  }

  /// The mean loss of every finished epoch.
  var losses: [Double] {
    lines.compactMap { line in
      let words = line.split(separator: " ")
      guard words.first == "epoch", let place = words.firstIndex(of: "loss") else { return nil }
      return Double(words[place + 1])
    }
  }
}

/// The text of the diagnostics that `body` fails with; empty when it does not fail.
func complaint(_ body: () throws -> Void) throws -> String {
  do {
    try body()
    return ""
  } catch let error as Diagnostics {
    return error.description
  }
}

/// Definitions that are small enough to be run in the blink of an eye.
enum SmallGraphs {
  /// A linear classifier on images with a little noise, so that keys matter too.
  static let training = """
    import "blocks/linear.graph"
    import "blocks/loss.graph"
    import "blocks/optimiser.graph"

    graph fit(
      x: f32[n, 3, h, w], y: i32[n], key: key[n], rate: f32[], iteration: f32[],
      optimiser: String = "sgd", noise: Float = 0.05
    ) -> (loss: f32[], accuracy: f32[]) {
      seen = x - 0.5 + uniform(key, shape: [n, 3, h, w], low: -noise, high: noise)
      logits = linear(reshape(seen, [n, -1]), features: 10) as "head"
      loss = optimise(mean(cross_entropy(logits, y)), rate, iteration, optimiser: optimiser)
      return loss, accuracy(logits, y)
    }
    """

  /// Noise of strength 1/4 as purifier, a linear classifier beside it.
  static let purifier = """
    import "blocks/linear.graph"

    graph purify(
      x: f32[n, 3, 32, 32], key: key[n], strength: Float = 0.25
    ) -> (purified: f32[n, 3, 32, 32]) {
      noise = uniform(key, shape: [n, 3, 32, 32], low: -1, high: 1)
      return min(max(x + strength * noise, 0), 1)
    }

    graph classify(x: f32[n, 3, 32, 32]) -> (logits: f32[n, 10]) {
      return linear(reshape(x, [n, -1]), features: 10) as "head"
    }
    """

  /// One affine map; small enough to be computed by hand.
  static let affine = """
    import "blocks/linear.graph"

    graph affine(x: f32[n, 4]) -> (y: f32[n, 2]) {
      return linear(x, features: 2)
    }
    """
}
