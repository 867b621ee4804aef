import RetortFormats
import RetortText

/// A recipe's file: JSON of known keys.
struct RecipeFile<Contents: Decodable> {
  let contents: Contents
  /// SHA-256 of the bytes.
  let checksum: String

  /// - Throws: for a file that is not such JSON, with the key and what was expected.
  init(reading path: String) throws(Diagnostics) {
    let bytes = try InputFile.read(path, limit: 1 << 20)
    contents = try naming(path) { () throws(FormatError) in
      try StrictJSON.decode(
        Contents.self, from: bytes, hint: "Docs/recipes.md has the schema")
    }
    checksum = SHA256.hexadecimal(bytes)
  }
}

/// Does what a recipe asks for. What is wrong with one of its settings is told as the recipe's, for
/// nobody typed it as `--set`; what names no file names the recipe.
///
/// - Parameters:
///   - part: whose settings they are, in the recipe.
///   - typed: names of settings that were typed, in the place of the recipe's.
package func naming<R>(
  recipe path: String, _ part: String? = nil, typed: Set<String> = [], _ body: () throws -> R
) throws -> R {
  let mark = "--set "
  return try Diagnostics.retelling(
    { problem in
      var told = problem
      // A value that does not parse has a place in a text of that name.
      guard let place = problem.path ?? problem.range?.file.path else {
        told.path = path
        return told
      }
      guard place.hasPrefix(mark) else { return problem }
      let setting = place.dropFirst(mark.count)
      guard !typed.contains(String(setting.prefix { $0 != "=" })) else { return problem }
      told.path = path
      told.range = nil
      told.message = "\(part.map { $0 + ", " } ?? "")\(setting): \(problem.message)"
      return told
    }, of: body)
}
