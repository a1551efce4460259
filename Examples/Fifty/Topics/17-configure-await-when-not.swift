import Concerto

func topic17() async throws {
    struct Lost: Error {}
    let save = Task.run { () async throws -> Int in throw Lost() }
    try await save.settled(.suppressThrowing)
    print("the task has ended: \(save.status)")

    let load = Task.run { 7 }
    _ = try await load.value
    try await load.settled([.forceYielding, .suppressThrowing])
    print("and so has the other: \(load.status)")
}
