// swift-tools-version: 6.0
import Foundation
import PackageDescription

// The processor the build is for: `native` (default), any name that clang's `-march` takes
// (`RETORT_CPU=x86-64-v3`), or `portable` for the compiler's own baseline. Only `portable` has no flags
// that the package manager calls unsafe and refuses in a dependency with a version number.
let processor = ProcessInfo.processInfo.environment["RETORT_CPU"] ?? "native"
let processorFlags = processor == "portable" ? [] : ["-Xcc", "-march=\(processor)"]

/// Targets that compute or rewrite graphs are optimised in debug builds too, so that tests are fast;
/// but for `portable`, as the flag for it is one of the unsafe.
let computes: [SwiftSetting] =
  processorFlags.isEmpty ? [] : [.unsafeFlags(["-O"] + processorFlags)]
/// The others only need to agree on the processor wherever lane loops are instantiated.
let plain: [SwiftSetting] = processorFlags.isEmpty ? [] : [.unsafeFlags(processorFlags)]

func layer(
  _ name: String, _ dependencies: [String] = [], settings: [SwiftSetting] = plain
) -> Target {
  .target(name: name, dependencies: dependencies.map { .byName(name: $0) }, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [String], exclude: [String] = []) -> Target {
  .testTarget(
    name: name, dependencies: dependencies.map { .byName(name: $0) }, exclude: exclude,
    swiftSettings: plain)
}

let package = Package(
  name: "retort",
  products: [
    .executable(name: "retort", targets: ["retort"]),
    .library(name: "Retort", targets: ["RetortAPI"]),
    .library(name: "RetortC", type: .dynamic, targets: ["RetortC"]),
  ],
  targets: [
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    layer("RetortText"),
    layer("RetortTensor", settings: computes),
    layer("RetortIR", ["RetortText", "RetortTensor"], settings: computes),
    layer("RetortKernels", ["RetortTensor", "COpenBLAS"], settings: computes),
    layer("RetortOps", ["RetortIR", "RetortKernels"], settings: computes),
    layer("RetortSyntax", ["RetortOps"], settings: computes),
    layer("RetortPasses", ["RetortOps"], settings: computes),
    layer("RetortRuntime", ["RetortOps", "RetortKernels"], settings: computes),
    layer("RetortFormats", ["RetortText", "RetortTensor"], settings: computes),
    layer("RetortOnnx", ["RetortPasses", "RetortFormats"], settings: computes),
    layer(
      "RetortDriver",
      ["RetortSyntax", "RetortPasses", "RetortRuntime", "RetortFormats", "RetortOnnx"]),
    layer("RetortDefence", ["RetortDriver"], settings: computes),
    layer("RetortAPI", ["RetortDriver"]),
    .systemLibrary(name: "CRetort"),
    layer("RetortC", ["RetortAPI", "CRetort"]),
    .executableTarget(
      name: "retort", dependencies: ["RetortDefence"], swiftSettings: plain),

    .target(
      name: "RetortTestSupport", dependencies: ["RetortDriver"],
      path: "Tests/RetortTestSupport", swiftSettings: plain),
    .target(
      name: "RetortFuzzing", dependencies: ["RetortDefence", "RetortTestSupport"],
      path: "Tests/RetortFuzzing", swiftSettings: plain),
    .executableTarget(
      name: "retort-fuzz", dependencies: ["RetortFuzzing"], path: "Tests/RetortFuzz",
      swiftSettings: plain),
    tests("RetortTextTests", ["RetortText", "RetortTestSupport"]),
    tests("RetortTensorTests", ["RetortTensor"]),
    tests("RetortIRTests", ["RetortIR", "RetortOps"]),
    tests("RetortKernelsTests", ["RetortKernels"]),
    tests("RetortOpsTests", ["RetortOps", "RetortTestSupport"]),
    tests("RetortSyntaxTests", ["RetortSyntax", "RetortTestSupport"]),
    tests("RetortPassesTests", ["RetortPasses", "RetortTestSupport"]),
    tests("RetortRuntimeTests", ["RetortRuntime", "RetortTestSupport"]),
    tests("RetortFormatsTests", ["RetortFormats", "RetortTestSupport"]),
    tests("RetortOnnxTests", ["RetortOnnx", "RetortTestSupport"]),
    tests("RetortDriverTests", ["RetortDriver", "RetortTestSupport"]),
    tests("RetortDefenceTests", ["RetortDefence", "RetortTestSupport"]),
    tests("RetortAPITests", ["RetortAPI", "RetortTestSupport"]),
    tests("RetortCTests", ["RetortC", "RetortTestSupport"]),
    tests("FuzzTests", ["RetortFuzzing", "RetortTestSupport"], exclude: ["Found"]),
    tests("RepositoryTests", ["RetortDefence", "RetortTestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)
