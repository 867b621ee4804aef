import RetortRuntime
import Testing

@Test func theBuildFitsTheProcessorThatTestsIt() { #expect(Processor.complaint() == nil) }

@Test func aMissingInstructionSetIsASentence() {
  let sentence = Processor.complaint(flags: ["sse2", "avx2"], needsAVX512: true, needsAVX2: true)
  #expect(
    sentence == "this build needs AVX-512, FMA, which the processor lacks; "
      + "build again with RETORT_CPU=portable or RETORT_CPU=x86-64-v3")
  #expect(Processor.complaint(flags: ["sse2"], needsAVX512: false, needsAVX2: false) == nil)
  #expect(Processor.complaint(flags: [], needsAVX512: true, needsAVX2: true) == nil)
}

@Test func theFingerprintNamesFamilyAndBuild() {
  let description =
    "processor\t: 0\nvendor_id\t: Maker\ncpu family\t: 6\nmodel\t\t: 143\nmodel name\t: Some\n"
    + "flags\t\t: sse2 avx512f fma\n"
  #expect(Processor.fingerprint(description).hasSuffix("Maker family 6 model 143"))
  #expect(Processor.flags(description) == ["sse2", "avx512f", "fma"])
  #expect(Processor.fingerprint.hasSuffix("built for \(Processor.build)"))
}
