import RetortDefence
import RetortTestSupport
import Testing

/// The suites are AutoAttack's versions as DEFENCE 5 lists them.
struct AttackSuiteTests {
  /// Each stage on a line: name, graph, settings.
  private func stages(_ suite: AttackSuite) -> [String] { lines(suite.stages) }

  private func lines(_ stages: [AttackSuite.Stage]) -> [String] {
    stages.map { stage in
      let settings = stage.settings.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
      return "\(stage.name): \(stage.graph)" + settings.joined()
    }
  }

  private static let targeted = [
    "APGD-T1: attacks/apgd_targeted.graph rank=1",
    "APGD-T2: attacks/apgd_targeted.graph rank=2",
    "APGD-T3: attacks/apgd_targeted.graph rank=3",
    "APGD-T4: attacks/apgd_targeted.graph rank=4",
    "APGD-T5: attacks/apgd_targeted.graph rank=5",
    "APGD-T6: attacks/apgd_targeted.graph rank=6",
    "APGD-T7: attacks/apgd_targeted.graph rank=7",
    "APGD-T8: attacks/apgd_targeted.graph rank=8",
    "APGD-T9: attacks/apgd_targeted.graph rank=9",
    "FAB-T1: attacks/fab_targeted.graph rank=1",
    "FAB-T2: attacks/fab_targeted.graph rank=2",
    "FAB-T3: attacks/fab_targeted.graph rank=3",
    "FAB-T4: attacks/fab_targeted.graph rank=4",
    "FAB-T5: attacks/fab_targeted.graph rank=5",
    "FAB-T6: attacks/fab_targeted.graph rank=6",
    "FAB-T7: attacks/fab_targeted.graph rank=7",
    "FAB-T8: attacks/fab_targeted.graph rank=8",
    "FAB-T9: attacks/fab_targeted.graph rank=9",
  ]

  @Test func suitesHaveTheirPublishedNames() {
    #expect(
      AttackSuite.allCases.map(\.rawValue)
        == ["autoattack-standard", "autoattack-rand", "autoattack-plus"])
  }

  @Test func standardHasFourAttacksInOrder() {
    #expect(
      stages(.standard)
        == ["APGD-CE: attacks/apgd.graph loss=ce"] + Self.targeted
        + ["Square: attacks/square.graph"])
  }

  @Test func randAveragesTwentyDraws() {
    #expect(
      stages(.rand)
        == [
          "APGD-CE: attacks/apgd.graph eot=20 loss=ce",
          "APGD-DLR: attacks/apgd.graph eot=20 loss=dlr",
        ])
  }

  /// As long as without a purifier, whatever the graph's own default is.
  @Test func randGoesThroughAPurifier() {
    #expect(
      lines(AttackSuite.rand.stagesThrough)
        == [
          "APGD-CE: attacks/bpda.graph eot=20 loss=ce steps=100",
          "APGD-DLR: attacks/bpda.graph eot=20 loss=dlr steps=100",
        ])
  }

  @Test func plusRestartsTheUntargetedAttacks() {
    #expect(
      stages(.plus)
        == [
          "APGD-CE: attacks/apgd.graph loss=ce restarts=5",
          "APGD-DLR: attacks/apgd.graph loss=dlr restarts=5",
          "FAB: attacks/fab.graph restarts=5", "Square: attacks/square.graph",
        ] + Self.targeted)
  }

  private static let defaults = [
    "apgd": ["steps": "100", "norm": "\"linf\"", "restarts": "1", "eot": "1"],
    "apgd_targeted": ["steps": "100", "norm": "\"linf\"", "restarts": "1", "eot": "1"],
    "fab": ["steps": "100", "alpha_max": "0.1", "eta": "1.05", "beta": "0.9"],
    "fab_targeted": [
      "steps": "100", "restarts": "1", "alpha_max": "0.1", "eta": "1.05", "beta": "0.9",
    ],
    "square": ["queries": "5000"],
  ]

  /// What the stages leave to their graphs (DEFENCE 5.4, 5.6, 5.7).
  @Test func stagesAreAsLongAsPublished() throws {
    for (attack, expected) in Self.defaults.sorted(by: { $0.key < $1.key }) {
      let arguments = try TestDefinition(file: "graphs/attacks/\(attack).graph").definition
        .entries[0].arguments
      for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
        let found = arguments.first { $0.name == name }?.defaultValue
        #expect(found == value, "\(name) of \(attack)")
      }
    }
  }
}
