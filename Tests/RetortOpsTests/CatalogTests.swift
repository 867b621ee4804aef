import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

/// Walks the catalogue: an operation is not finished until all of this holds for it.
@Suite struct CatalogTests {
  @Test func everyOperationIsDescribed() {
    for op in OpCatalog.standard.all {
      #expect((1...80).contains(op.summary.count) && !op.summary.hasSuffix("."), "\(op.name)")
      let words = [op.name] + op.attributeSummaries.map(\.name)
      #expect(
        words.allSatisfy { $0.allSatisfy { $0.isLowercase || $0.isNumber || $0 == "_" } },
        "\(op.name) is not snake_case")
      #expect(!Keyword.isReserved(op.name), "\(op.name) is a word of the language")
      for attribute in op.attributeSummaries {
        #expect(!attribute.summary.isEmpty, "\(op.name).\(attribute.name)")
      }
    }
  }

  @Test func everyOperationHasSamplesThatFit() throws {
    for op in OpCatalog.standard.all {
      #expect(!op.samples.isEmpty, "\(op.name) has no samples")
      for sample in op.samples {
        #expect(type(of: sample.op).name == op.name)
        #expect(op.operandCounts.contains(sample.operands.count), "\(op.name)")
        let types = try sample.op.inferTypes(sample.operands.map(\.type))
        #expect(!types.isEmpty)
        #expect(sample.op.cost(sample.operands.map(\.type), types).flops >= 0)
      }
    }
  }

  @Test func everyDifferentiableOperationHasRealSamples() throws {
    for op in OpCatalog.standard.all where !op.operandNames.isEmpty {
      guard case .differentiable = op.differentiability else { continue }
      #expect(
        op.samples.contains { sample in
          sample.operands.contains { $0.type.element.isReal && $0.type.elementCount > 1 }
        }, "\(op.name)")
    }
  }

  @Test func attributesRebuildTheOperation() {
    for op in OpCatalog.standard.all {
      for sample in op.samples {
        var copy: any TensorOp = op.init()
        for (name, value) in sample.op.attributeValues {
          let isSet = copy.setAttribute(name, to: value)
          #expect(isSet, "\(op.name).\(name)")
        }
        #expect(copy.signature == sample.op.signature)
      }
    }
  }

  @Test func referencesAgreeInBothPrecisions() throws {
    for op in OpCatalog.standard.all {
      for (index, sample) in op.samples.enumerated() {
        let narrow = try sample.op.evaluate(sample.tensors(seed: UInt64(index)))
        let wide = try sample.op.evaluate(sample.wideTensors(seed: UInt64(index)))
        for (a, b) in zip(narrow, wide) {
          if a.type.element.isReal {
            #expect(relativeError(a, b) <= 1e-5, "\(sample.op.signature), sample \(index)")
          } else {
            #expect(a == b, "\(sample.op.signature), sample \(index)")
          }
        }
      }
    }
  }
}
