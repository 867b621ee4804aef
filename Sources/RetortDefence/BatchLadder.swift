import RetortDriver
import RetortText

/// One graph compiled for a batch and, when they are first needed, for its halves, so that few images
/// do not cost a whole batch. A graph whose file fixes the batch is taken as it is.
package final class BatchLadder {
  /// The greatest batch.
  package let batch: Int
  private let request: Request
  /// With its file read, for the first program.
  private var opened: Request?
  private let weights: Weights?
  private let input: ImageInput
  private let height: Int
  private let width: Int
  private var runners: [Int: BatchRunner] = [:]

  /// - Parameter weights: what to compute with; nil for the request's files, or what a plan holds.
  package init(
    _ request: Request, batch: Int, height: Int, width: Int, weights: Weights? = nil
  ) throws {
    let opened = try request.opened()
    input = try ImageInput(of: opened)
    (self.request, self.height, self.width) = (request, height, width)
    self.opened = opened
    self.batch = input.batch ?? batch
    self.weights = weights
  }

  /// The program with the smallest batch that holds so many images, else the greatest.
  package func runner(for count: Int) throws -> BatchRunner {
    var size = batch
    if input.batch == nil {
      while size > 1, size - size / 2 >= count { size -= size / 2 }
    }
    if let found = runners[size] { return found }
    let made = try BatchRunner(
      opened ?? request, batch: size, height: height, width: width, weights: weights, input: input)
    opened = nil
    runners[size] = made
    return made
  }
}
