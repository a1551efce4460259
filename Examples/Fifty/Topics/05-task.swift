import Concerto

func topic05() async throws {
    let gate = AsyncManualResetEvent()
    let report = Task.run(name: "report") { try await gate.wait() }
    print("\(report.name!): completed \(report.isCompleted)")
    report.cancel()
    _ = await report.outcome
    print("afterwards: \(report.status), completed \(report.isCompleted)")

    let export = Task.run(name: "export") { "done" }
    print("\(try await export.value): \(export.status)")
}
