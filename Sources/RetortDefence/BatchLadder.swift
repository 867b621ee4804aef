import RetortDriver
import RetortText

/// One graph compiled for a batch and, when they are first needed, for its halves, so that few images
/// do not cost a whole batch.
package final class BatchLadder {
  /// The greatest batch.
  package let batch: Int
  private let request: Request
  private let weights: Weights
  private let height: Int
  private let width: Int
  private var runners: [Int: BatchRunner] = [:]

  /// - Parameter weights: the request's files are read if nil.
  package init(
    _ request: Request, batch: Int, height: Int, width: Int, weights: Weights? = nil
  ) throws {
    (self.request, self.batch, self.height, self.width) = (request, batch, height, width)
    self.weights = try weights ?? Weights(reading: request.weightPaths)
  }

  /// The program with the smallest batch that holds so many images, else the greatest.
  package func runner(for count: Int) throws -> BatchRunner {
    var size = batch
    while size > 1, (size + 1) / 2 >= count { size = (size + 1) / 2 }
    if let found = runners[size] { return found }
    let made = try BatchRunner(
      request, batch: size, height: height, width: width, weights: weights)
    runners[size] = made
    return made
  }
}
