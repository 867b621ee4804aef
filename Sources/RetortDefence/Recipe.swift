import Foundation
import RetortDriver
import RetortFormats
import RetortText

/// What makes a training: which graph, settings, data and schedule. A JSON file; `Docs/recipes.md`
/// has the schema.
package struct Recipe: Sendable {
  /// A sentence for people.
  package var about = ""
  /// The training graph, relative to the library or to the recipe.
  package var graph = ""
  package var entry: String?
  /// As `--set` would spell them, sorted by name.
  package var settings: [(name: String, value: String)] = []
  /// Weights to start from, in the library's `weights`; `--weights` adds to them.
  package var weights: [String] = []
  /// How many of the images are used, the first ones; all by default.
  package var imageCount: Int?
  package var epochs = 1
  package var batch = 128
  package var rate = LearningRate(shape: .constant, peak: 0.1, rise: nil)
  package var seed: UInt64 = 0
  /// Only tensors whose name begins so are written, and none of the optimiser's.
  package var keep = ""
  /// How reals are stored in the result.
  package var storage = Storage.f32
  /// What is measured after each epoch.
  package var validate: Validation?
  /// What is run once when the training is done.
  package var finish: Finish?
  /// SHA-256 of the recipe's bytes: checkpoints of another recipe are not resumed.
  package private(set) var checksum = ""
  /// Of the file, for messages.
  package private(set) var path = ""

  package enum Storage: String, Sendable, CaseIterable {
    case f32, f16
  }

  /// A graph that measures the network on the images behind those that train it.
  package struct Validation: Sendable {
    /// In the library; `graphs/training/validation.graph` documents what it must give.
    package let graph: String
    package let settings: [(name: String, value: String)]
    package let images: Int
    /// An epoch is taken back when the first result's mean falls by more than this; 1 never does.
    package let fall: Double
  }

  /// A graph that updates weights from the first images, such as the bank of negatives.
  package struct Finish: Sendable {
    /// In the library.
    package let graph: String
    /// How many images it sees, as one batch.
    package let images: Int
  }

  /// - Throws: for a file that is not such JSON, with the key and what was expected.
  package init(reading path: String) throws(Diagnostics) {
    let file = try RecipeFile<Recipe>(reading: path)
    self = file.contents
    checksum = file.checksum
    self.path = path
  }

  /// Where the training graph is: in the library, else relative to the recipe's file.
  package func graphPath(in library: GraphLibrary, beside recipe: String) -> String {
    let inLibrary = library.path(graph)
    if !InputFile.isMissing(inLibrary) { return inLibrary }
    return URL(fileURLWithPath: recipe).deletingLastPathComponent()
      .appendingPathComponent(graph).path
  }

  /// Whether a tensor belongs into the result.
  package func keeps(_ name: String) -> Bool {
    name.hasPrefix(keep) && !name.hasPrefix("optimiser.")
  }
}
