import RetortFormats

/// What this module speaks of ONNX.
package enum OnnxOperators {
  /// The version of ONNX's operators that exports are written in: the first with bitwise
  /// operators on words, reductions over axes given as inputs, and groups in `Pad`.
  package static let exportedOpset: Int64 = 18
  /// The file format's version that came with it.
  package static let exportedIRVersion: Int64 = 8
  /// Versions that imports are read in.
  package static let importedOpsets: ClosedRange<Int64> = 13...28
}
