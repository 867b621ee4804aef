import RetortFormats

extension EvaluationResults.Comparison: Codable {
  private enum Keys: String, CodingKey { case name, about, a, b, attack, kind, margin }
  /// What a report calls the two questions.
  private enum Kind: String { case greater, loss }

  package init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: Keys.self)
    name = try fields.decode(String.self, forKey: .name)
    about = try fields.decode(String.self, forKey: .about)
    a = try fields.decode(String.self, forKey: .a)
    b = try fields.decode(String.self, forKey: .b)
    attack = try fields.decode(String.self, forKey: .attack)
    margin = try fields.decodeIfPresent(Double.self, forKey: .margin)
    let kind = try fields.decode(String.self, forKey: .kind)
    let what = "the comparison \(ReportText.quoted(name))"
    guard let known = Kind(rawValue: kind) else {
      throw FormatError("\(what) is of kind \(ReportText.quoted(kind))")
    }
    guard (known == .loss) == boundsLoss else { throw FormatError("\(what) has a wrong margin") }
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Keys.self)
    try fields.encode(name, forKey: .name)
    try fields.encode(about, forKey: .about)
    try fields.encode(a, forKey: .a)
    try fields.encode(b, forKey: .b)
    try fields.encode(attack, forKey: .attack)
    try fields.encode((boundsLoss ? Kind.loss : .greater).rawValue, forKey: .kind)
    try fields.encodeIfPresent(margin, forKey: .margin)
  }
}
