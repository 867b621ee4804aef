import Foundation

/// The learning rate over a training.
package struct LearningRate: Sendable, Equatable {
  package enum Shape: String, Sendable, CaseIterable {
    case constant
    /// Half a cosine from the peak to 0.
    case cosine
    /// A straight line from 0 to the peak over the first `rise` of the training, and one back to 0.
    case cyclic
  }

  package var shape: Shape
  package var peak: Double
  /// The share of the training that `cyclic` rises for.
  package var rise: Double?

  package init(shape: Shape, peak: Double, rise: Double?) {
    self.shape = shape
    self.peak = peak
    self.rise = rise
  }

  /// The rate of step `step` of `count`.
  package func rate(step: Int, of count: Int) -> Double {
    let t = (Double(step) + 0.5) / Double(max(1, count))
    switch shape {
    case .constant: return peak
    case .cosine: return peak * 0.5 * (1 + cos(Double.pi * t))
    case .cyclic:
      let top = rise ?? 0.4
      return t < top ? peak * t / top : peak * (1 - t) / (1 - top)
    }
  }
}
