import RetortFormats
import Testing

@Suite struct ChecksumTests {
  @Test func crc32HasItsCheckValue() {
    #expect(Checksum.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
    #expect(Checksum.crc32([]) == 0)
  }

  @Test func adler32MatchesItsDefinition() {
    #expect(Checksum.adler32(Array("Wikipedia".utf8)) == 0x11E6_0398)
    #expect(Checksum.adler32([]) == 1)
    // All ones: low = 1 + 255 n, high = n + 255 n (n + 1) / 2.
    let n = 20_000
    let low = (1 + 255 * n) % 65521
    let high = (n + 255 * n * (n + 1) / 2) % 65521
    #expect(Checksum.adler32([UInt8](repeating: 255, count: n)) == UInt32(high << 16 | low))
  }

  /// Source: FIPS 180-4, examples of NIST.
  @Test func sha256MatchesThePublishedExamples() {
    #expect(
      SHA256.hexadecimal(Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.hexadecimal([] as [UInt8])
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      SHA256.hexadecimal([UInt8](repeating: 0x61, count: 1_000_000))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func sha256DoesNotDependOnThePieces() {
    let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    for step in [1, 3, 63, 64, 65, 200] {
      var hash = SHA256()
      for start in stride(from: 0, to: bytes.count, by: step) {
        hash.update(Array(bytes[start..<min(start + step, bytes.count)]))
      }
      var whole = SHA256()
      whole.update(bytes)
      #expect(hash.finalized() == whole.finalized())
    }
  }

  /// Source: xxHash's published values for seed 0.
  @Test func contentHashMatchesItsSpecification() {
    #expect(ContentHash.hash([]) == 0xEF46_DB37_51D8_E999)
    #expect(ContentHash.hash(Array("abc".utf8)) == 0x44BC_2CF5_AD77_0999)
    let long = Array("Nobody inspects the spammish repetition".utf8)
    #expect(ContentHash.hash(long) == 0xFBCE_A83C_8A37_8BF1)
  }
}
