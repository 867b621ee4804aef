import RetortIR
import RetortOps
import RetortTensor
import RetortTestSupport
import Testing

/// One operation's constraint, operands that break it, and what is said.
struct ViolationCase: CustomTestStringConvertible, Sendable {
  let code: String
  let op: any TensorOp
  let operands: [TensorType]
  let message: String

  init(_ code: String, _ op: any TensorOp, _ operands: [TensorType], _ message: String) {
    self.code = code
    self.op = op
    self.operands = operands
    self.message = message
  }

  var testDescription: String { code }
}

@Suite struct ViolationTests {
  private static let x = TensorType([2, 3])
  private static let flags = TensorType(.bool, [2, 3])
  private static let whole = TensorType(.i32, [2, 3])

  @Test(arguments: families() + choices + sources + reductions + shaping + random)
  func brokenConstraintIsNamed(_ broken: ViolationCase) {
    do {
      _ = try broken.op.resultTypes(broken.operands, regions: []) { _ in fatalError() }
      Issue.record("\(broken.code) was not noticed")
    } catch {
      #expect("\(type(of: broken.op).name)/\(error.label)" == broken.code)
      #expect(error.message == broken.message)
    }
  }

  /// The constraints that whole families share, for every member in the catalogue.
  static func families() -> [ViolationCase] {
    OpCatalog.standard.all.flatMap { op -> [ViolationCase] in
      let name = op.name
      switch op.init() {
      case let op as any IntegerUnaryElementwise:
        return [.init("\(name)/C1", op, [flags], "takes numbers, got \(flags)")]
      case let op as any UnaryElementwise:
        return [.init("\(name)/C1", op, [whole], "takes reals, got \(whole)")]
      case let op as any BinaryElementwise:
        let isWhole = op is any IntegerBinaryElementwise
        return pairs(op, isWhole ? flags : whole, isWhole ? "takes numbers" : "takes reals")
      case let op as any Comparison: return pairs(op, flags, "takes numbers")
      case let op as any BinaryLogic: return pairs(op, x, "takes bool")
      case let op as any BinaryBits: return pairs(op, x, "takes u32")
      case let op as any Extremum: return extrema(op)
      default: return []
      }
    }
  }

  private static func pairs(
    _ op: any TensorOp, _ refused: TensorType, _ fact: String
  ) -> [ViolationCase] {
    let name = type(of: op).name
    let turned = TensorType([3, 2])
    return [
      .init("\(name)/C1", op, [x, turned], "takes operands of one shape, got \(x) and \(turned)"),
      .init("\(name)/C2", op, [x, whole], "takes operands of one element type, got f32 and i32"),
      .init("\(name)/C3", op, [refused, refused], "\(fact), got \(refused)"),
    ]
  }

  private static func extrema(_ op: any Extremum) -> [ViolationCase] {
    var beyond = op
    beyond.axis = 2
    let name = type(of: op).name
    return [
      .init("\(name)/C1", op, [flags], "takes numbers, got \(flags)"),
      .init("\(name)/C2", beyond, [x], "axis 2 is outside f32[2, 3]"),
      .init("\(name)/C3", op, [TensorType([0, 3])], "axis 0 of f32[0, 3] has no element"),
    ]
  }

  static let choices: [ViolationCase] = [
    .init("add/C0", Add(), [x], "takes 2 operands, got 1"),
    .init("not/C1", Not(), [x], "takes bool, got f32[2, 3]"),
    .init("shift_left/C1", ShiftLeft(1), [whole], "takes u32, got i32[2, 3]"),
    .init(
      "shift_left/C2", ShiftLeft(32), [TensorType(.u32, [])],
      "shifts by 0 to 31 places, not by 32"),
    .init("shift_right/C1", ShiftRight(1), [whole], "takes u32, got i32[2, 3]"),
    .init(
      "shift_right/C2", ShiftRight(-1), [TensorType(.u32, [])],
      "shifts by 0 to 31 places, not by -1"),
    .init(
      "select/C1", Select(), [TensorType(.bool, [3]), x, x],
      "takes operands of one shape, got bool[3] and f32[2, 3]"),
    .init(
      "select/C2", Select(), [flags, x, whole],
      "chooses between one element type, got f32 and i32"),
    .init("select/C3", Select(), [x, x, x], "takes a condition of bool, got f32[2, 3]"),
    .init(
      "clamp/C1", Clamp(), [x, x, TensorType([])],
      "takes operands of one shape, got f32[2, 3] and f32[]"),
    .init(
      "clamp/C2", Clamp(), [x, whole, x], "takes operands of one element type, got f32 and i32"),
    .init("clamp/C3", Clamp(), [flags, flags, flags], "takes numbers, got bool[2, 3]"),
    .init(
      "convert/C1", Convert(.f32), [TensorType(.key, [])], "converts numbers and bool, got key[]"),
    .init("convert/C2", Convert(.f16), [x], "converts to numbers and bool, not to f16"),
  ]

  static let sources: [ViolationCase] = [
    .init("fill/C1", Fill(0, [-1]), [], "[-1] is not the shape of a tensor"),
    .init("fill/C2", Fill(0, [], .bf16), [], "bf16 is for stored weights only"),
    .init("fill/C3", Fill(0.5, [], .i32), [], "0.5 is not of type i32"),
    .init("constant/C1", Constant([], [-2]), [], "[-2] is not the shape of a tensor"),
    .init("constant/C2", Constant([1], [1], .f16), [], "f16 is for stored weights only"),
    .init("constant/C3", Constant([1, 2], [3]), [], "f32[3] has 3 elements, got 2 values"),
    .init("constant/C4", Constant([1, 2], [2], .bool), [], "2.0 is not of type bool"),
    .init(
      "iota/C1", Iota([.max, 3]), [], "[9223372036854775807, 3] is not the shape of a tensor"),
    .init("iota/C2", Iota([2], .bool), [], "counts in numbers, not in bool"),
    .init("iota/C3", Iota([2], axis: 1), [], "axis 1 is outside i32[2]"),
  ]

  static let reductions: [ViolationCase] = [
    .init("sum/C1", Sum(axes: []), [flags], "takes numbers, got bool[2, 3]"),
    .init("sum/C2", Sum(axes: [2]), [x], "axis 2 is outside f32[2, 3]"),
    .init("sum/C3", Sum(axes: [1, -1]), [x], "axis -1 of f32[2, 3] is named twice"),
    .init("mean/C1", Mean(axes: []), [whole], "takes reals, got i32[2, 3]"),
    .init("mean/C2", Mean(axes: [-3]), [x], "axis -3 is outside f32[2, 3]"),
    .init("mean/C3", Mean(axes: [0, 0]), [x], "axis 0 of f32[2, 3] is named twice"),
  ]

  private static let key = TensorType(.key, [2])

  static let random: [ViolationCase] =
    [
      .init("uniform/C4", Uniform([2], type: .i32), [key], "draws reals, not i32"),
      .init("uniform/C5", Uniform([2], low: 1, high: 0), [key], "draws from 1.0 to 0.0"),
      .init(
        "uniform/C5", Uniform([2], low: -3e38, high: 3e38), [key],
        "draws from -3e+38 to 3e+38, a range that f32 does not hold"),
      .init(
        "uniform/C5", Uniform([2], low: 0, high: .infinity, type: .f64), [key],
        "draws from 0.0 to inf, a range that f64 does not hold"),
      .init("normal/C4", Normal([2], type: .u32), [key], "draws reals, not u32"),
      .init("permutation/C1", Permutation(3), [x], "draws from a key, got f32[2, 3]"),
      .init(
        "permutation/C2", Permutation(-1), [key],
        "cannot put -1 numbers in order for each key of key[2]"),
      .init(
        "fold/C1", Fold(), [key, TensorType(.i32, [])],
        "takes operands of one shape, got key[2] and i32[]"),
      .init("fold/C2", Fold(), [x, whole], "folds into a key, got f32[2, 3]"),
      .init("fold/C3", Fold(), [key, TensorType(.i64, [2])], "folds in i32 or u32, got i64[2]"),
    ] + draws(Bits.init) + draws { Uniform($0) } + draws { Normal($0) }

  private static func draws<D: KeyedDraw>(_ make: (Shape) -> D) -> [ViolationCase] {
    [
      .init("\(D.name)/C1", make([2]), [x], "draws from a key, got f32[2, 3]"),
      .init("\(D.name)/C2", make([-4]), [key], "[-4] is not the shape of a tensor"),
      .init("\(D.name)/C3", make([3, 2]), [key], "[3, 2] does not begin with the shape of key[2]"),
    ]
  }

  static let shaping: [ViolationCase] = [
    .init("reshape/C1", Reshape([-2, 3]), [x], "[-2, 3] is not the shape of a tensor"),
    .init("reshape/C1", Reshape([-1, -1]), [x], "[-1, -1] is not the shape of a tensor"),
    .init("reshape/C2", Reshape([4]), [x], "cannot reshape f32[2, 3], 6 elements, to [4]"),
    .init("reshape/C2", Reshape([4, -1]), [x], "cannot reshape f32[2, 3], 6 elements, to [4, -1]"),
    .init(
      "transpose/C1", Transpose([0, 0]), [x], "[0, 0] does not name every axis of f32[2, 3] once"),
    .init("broadcast/C1", Broadcast([-1]), [x], "[-1] is not the shape of a tensor"),
    .init("broadcast/C2", Broadcast([4, 3]), [x], "cannot broadcast f32[2, 3] to [4, 3]"),
    .init(
      "slice/C1", Slice([0], start: [0], stop: []), [x],
      "names 1 axes, 1 starts, 0 stops and 0 steps"),
    .init("slice/C2", Slice([2], start: [0], stop: [1]), [x], "axis 2 is outside f32[2, 3]"),
    .init(
      "slice/C3", Slice([0, 0], start: [0, 0], stop: [1, 1]), [x],
      "axis 0 of f32[2, 3] is named twice"),
    .init(
      "slice/C4", Slice([1], start: [1], stop: [4]), [x], "1..<4 is outside axis 1 of f32[2, 3]"),
    .init(
      "slice/C5", Slice([1], start: [0], stop: [3], step: [0]), [x],
      "steps by at least 1, not by 0"),
    .init(
      "pad/C1", Pad([0], low: [], high: [1]), [x],
      "names 1 axes, 0 low, 1 high and 0 interior numbers"),
    .init("pad/C2", Pad([5], low: [0], high: [1]), [x], "axis 5 is outside f32[2, 3]"),
    .init(
      "pad/C3", Pad([1, -1], low: [0, 0], high: [1, 1]), [x],
      "axis -1 of f32[2, 3] is named twice"),
    .init(
      "pad/C4", Pad([0], low: [-1], high: [1]), [x],
      "pads with 0 to 2147483648 elements, not -1"),
    .init(
      "pad/C5", Pad([0], low: [1], high: [1], value: 0.5), [whole], "0.5 is not of type i32"),
    .init("reverse/C1", Reverse([2]), [x], "axis 2 is outside f32[2, 3]"),
    .init("reverse/C2", Reverse([0, -2]), [x], "axis -2 of f32[2, 3] is named twice"),
    .init("concatenate/C0", Concatenate(axis: 0), [], "takes at least 1 operand, got 0"),
    .init("concatenate/C1", Concatenate(axis: 2), [x], "axis 2 is outside f32[2, 3]"),
    .init(
      "concatenate/C2", Concatenate(axis: 0), [x, whole],
      "joins one element type, got f32 and i32"),
    .init(
      "concatenate/C3", Concatenate(axis: 0), [x, TensorType([2, 4])],
      "cannot join f32[2, 3] and f32[2, 4] along axis 0"),
  ]

  @Test func shapesThatDoNotBroadcastAreBothShown() {
    var b = GraphBuilder(name: "broken")
    let x = b.input("x", TensorType([2, 3])), y = b.input("y", TensorType([4, 3]))
    let error = #expect(throws: Violation.self) { try b.appendBroadcasting(Add(), [x, y]) }
    #expect(error?.label == "C1")
    #expect(error?.operand == 1)
    #expect(error?.message == "cannot broadcast f32[2, 3] with f32[4, 3]")
  }
}
