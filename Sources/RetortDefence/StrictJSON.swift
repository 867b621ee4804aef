import Foundation
import RetortFormats

/// JSON as the files of this module hold it: recipes, reports.
enum StrictJSON {
  /// The value that the bytes spell.
  ///
  /// - Parameters:
  ///   - kind: what the bytes should be, for messages about what does not fit: `a report`.
  ///   - hint: for those messages too.
  /// - Throws: for what is no JSON, by line and column; for what does not fit the type, by its key;
  ///   and the `FormatError` that the type itself throws, as it is.
  static func decode<Contents: Decodable>(
    _ type: Contents.Type, from bytes: [UInt8], as kind: String? = nil, hint: String? = nil
  ) throws(FormatError) -> Contents {
    // The strict reader first: it bounds the depth, refuses a key that comes twice and says where
    // in the text a mistake stands, none of which the decoder does.
    _ = try JSONParser.parse(bytes)
    do {
      return try JSONDecoder().decode(type, from: Data(bytes))
    } catch let error as FormatError {
      throw error
    } catch {
      let fact = (error as? DecodingError)?.sentence ?? error.localizedDescription
      throw FormatError(kind.map { "is not \($0): \(fact)" } ?? fact, hint: hint)
    }
  }
}
