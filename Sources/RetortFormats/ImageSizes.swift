import RetortText

/// How many images of which sizes the PNG files of a folder are. Only images of one size can be
/// read together, so a folder of several is worth being told of.
package struct ImageSizes: Sendable {
  package struct Size: Sendable, Equatable {
    package let width: Int
    package let height: Int
    package var count: Int
  }

  /// In the order of the first image of each.
  package private(set) var list: [Size] = []
  /// Names in the folder that do not end in `.png`.
  package let others: [String]

  package var count: Int { list.reduce(0) { $0 + $1.count } }

  /// Decodes every file, so that a damaged one is found.
  init(of folder: ImageFolder) throws(Diagnostics) {
    others = folder.others
    for name in folder.pictures {
      let path = folder.path + "/" + name
      let bytes = try InputFile.read(path)
      let image = try naming(path) { () throws(FormatError) in try PNG.decode(bytes) }
      let (width, height) = (image.width, image.height)
      if let index = list.firstIndex(where: { $0.width == width && $0.height == height }) {
        list[index].count += 1
      } else {
        list.append(Size(width: width, height: height, count: 1))
      }
    }
  }

  var json: JSONValue {
    .object([
      "format": .string("png"), "images": .number(count),
      "sizes": .array(
        list.map { size in
          .object([
            "width": .number(size.width), "height": .number(size.height),
            "images": .number(size.count),
          ])
        }),
      "others": .array(others.map { .string($0) }),
    ])
  }

  var text: String {
    var table = TextTable(["size", "images"])
    for size in list { table.add(["\(size.width)x\(size.height)", String(size.count)]) }
    var text = "folder of PNG files, \(count) image\(count == 1 ? "" : "s")\n\n" + table.text
    if let first = others.first {
      text += "\nno PNG files: \(quoted(first))"
      text += others.count > 1 ? " and \(others.count - 1) more\n" : "\n"
    }
    return text
  }
}
