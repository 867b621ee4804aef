import RetortDriver
import RetortTensor
import RetortTestSupport
import RetortText
import Testing

/// Names that users give for the inputs of models.
@Suite struct ModelArgumentTests {
  @Test func twoNamesOfOneInputAreRefused() throws {
    let request = Request(path: "model.onnx", library: Repository.library)
    let tensor = HostTensor(Float(1))
    #expect(try request.arguments(["input.1": tensor]).keys.sorted() == ["input_1"])
    let error = #expect(throws: Diagnostics.self) {
      try request.arguments(["input.1": tensor, "input_1": tensor])
    }
    #expect(
      error?.description.contains(
        "'input.1' and 'input_1' both name the input 'input_1'") == true)
  }
}
