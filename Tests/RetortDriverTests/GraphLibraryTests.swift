import RetortDriver
import Testing

@Suite struct GraphLibraryTests {
  @Test func theNearestLibraryIsTaken() {
    #expect(
      GraphLibrary.places(program: "/opt/retort/bin", current: "/home/a") == [
        "/opt/retort/bin/graphs", "/opt/retort/share/retort/graphs", "/opt/retort/graphs",
        "/opt/graphs", "/graphs", "/home/a/graphs", "/home/graphs", "/graphs",
      ])
    #expect(
      GraphLibrary.places(program: "/bin", current: "/") == [
        "/bin/graphs", "/share/retort/graphs", "/graphs", "/graphs",
      ])
  }
}
