import RetortText
import RetortTensor

/// A name with its place.
package struct Identifier: Sendable {
  package let text: String
  package let range: SourceRange
}

/// One expression. Trees are at most `Parser.heightLimit` high, so that walking them is safe.
package struct Expression: Sendable {
  package indirect enum Kind: Sendable {
    case integer(Int)
    case number(Double)
    case flag(Bool)
    case string([TextPart])
    case name(String)
    case list([Expression])
    /// `...list` inside a list.
    case spread(Expression)
    case unary(UnaryOperator, Expression)
    case binary(BinaryOperator, Expression, Expression)
    /// `first..<end`
    case range(Expression, Expression)
    case ternary(Expression, Expression, Expression)
    case index(Expression, Expression)
    case call(CallSyntax)
    /// With what a stage recorded, `@(name: value)`.
    case annotated(Expression, [AnnotationSyntax])
  }

  package let kind: Kind
  package let range: SourceRange
  package let height: Int
}

package enum UnaryOperator: String, Sendable {
  case negate = "-"
  case not = "!"
}

package enum BinaryOperator: String, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case remainder = "%"
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case equal = "=="
  case notEqual = "!="
  case and = "&&"
  case or = "||"
}

/// A stretch of a string: literal, or a value to be put in.
package enum TextPart: Sendable {
  case literal(String)
  case value(Expression)
}

/// `callee(1, label: 2) as "path"`
package struct CallSyntax: Sendable {
  package let callee: Identifier
  package let arguments: [ArgumentValueSyntax]
  package let path: PathSyntax?
}

package struct ArgumentValueSyntax: Sendable {
  package let label: Identifier?
  package let value: Expression
}

/// The string behind `as`.
package struct PathSyntax: Sendable {
  package let parts: [TextPart]
  package let range: SourceRange
}

package struct AnnotationSyntax: Sendable {
  package let name: Identifier
  package let value: Expression
}

/// A type as written.
package struct TypeSyntax: Sendable {
  package enum Kind: Sendable {
    case tensor(ElementType, [DimensionSyntax])
    case value(ValueKind)
  }

  package let kind: Kind
  package let range: SourceRange
}

package enum DimensionSyntax: Sendable {
  case extent(Expression)
  /// `...s`: any number of dimensions.
  case rest(Expression)
}

/// The kinds of compile-time values that arguments can have.
package enum ValueKind: String, CaseIterable, Sendable {
  case integer = "Int"
  case number = "Float"
  case flag = "Bool"
  case text = "String"
  case graph = "Graph"
  case integers = "[Int]"
  case numbers = "[Float]"
  case texts = "[String]"
  case graphs = "[Graph]"

  /// The kind of a list's elements; nil for what is not a list.
  package var element: ValueKind? {
    switch self {
    case .integers: .integer
    case .numbers: .number
    case .texts: .text
    case .graphs: .graph
    default: nil
    }
  }

  /// Whether its values are graphs or lists of them.
  var holdsGraphs: Bool { self == .graph || self == .graphs }
}

/// One statement.
package struct Statement: Sendable {
  package indirect enum Kind: Sendable {
    case binding([TargetSyntax], BindingValue)
    /// A call for its updates alone.
    case call(Expression)
    case declaration(DeclarationSyntax)
    case update(Expression, Expression)
    case choice(Expression, [Statement], [Statement])
    case loop(Identifier, Expression, [Statement])
    case require(Expression, Expression)
    case result([Expression])
    case yield([Expression], collected: [Expression])
  }

  package let kind: Kind
  package let range: SourceRange
}

package struct TargetSyntax: Sendable {
  package let name: Identifier
  package let type: TypeSyntax?
}

/// What can stand to the right of `=`.
package enum BindingValue: Sendable {
  case expression(Expression)
  case `repeat`(RepeatSyntax)
  case region(RegionSyntax)
}

/// `parameter w: f32[3] as "path" init normal(0.1)`
package struct DeclarationSyntax: Sendable {
  package let isBuffer: Bool
  package let name: Identifier
  package let type: TypeSyntax
  package let path: PathSyntax?
  package let initialiser: (name: Identifier, value: Expression)?
}

/// `repeat i in range with carried @(notes) { body }`
package struct RepeatSyntax: Sendable {
  package let index: Identifier
  package let turns: Expression
  package let carried: [(target: TargetSyntax, start: Expression)]
  package let annotations: [AnnotationSyntax]
  package let body: [Statement]
  package let range: SourceRange
}

/// `prepare @(notes) { body }` or `fused`.
package struct RegionSyntax: Sendable {
  package let isPrepare: Bool
  package let annotations: [AnnotationSyntax]
  package let body: [Statement]
  package let range: SourceRange
}

package struct ArgumentSyntax: Sendable {
  package let name: Identifier
  package let type: TypeSyntax
  package let defaultValue: Expression?
}

package struct ResultSyntax: Sendable {
  package let name: String
  package let type: TypeSyntax
}

/// One graph as written.
package final class GraphSyntax: Sendable {
  package let name: Identifier
  package let arguments: [ArgumentSyntax]
  package let results: [ResultSyntax]
  package let body: [Statement]

  package init(
    name: Identifier, arguments: [ArgumentSyntax], results: [ResultSyntax], body: [Statement]
  ) {
    self.name = name
    self.arguments = arguments
    self.results = results
    self.body = body
  }
}

package struct ImportSyntax: Sendable {
  package let path: String
  package let range: SourceRange
}

/// One file as written.
package struct FileSyntax: Sendable {
  package let file: SourceFile
  package let imports: [ImportSyntax]
  package let graphs: [GraphSyntax]
}
