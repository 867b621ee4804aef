/// The version of Retort: what `retort --version` and the library say.
package enum RetortVersion {
  package static let text = "0.1.0"
}
