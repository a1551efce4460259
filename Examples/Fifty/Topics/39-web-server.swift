import Concerto
import Foundation

func topic39() async throws {
    let server = try ThreadPool(.init(minThreads: 2, name: "server"))
    let database = DispatchSemaphore(value: 0)
    let requests = (1...32).map { _ in
        Task.run(on: server) { query(database) }  // handlers that call a blocking driver
    }
    print("GET /health: \(try await Task.run(on: server) { "200 OK" }.value)")
    for _ in requests { database.signal() }
    print("GET /orders: \(try await Task.whenAll(requests).count) answers")
    await server.shutdown()
}

private func query(_ database: DispatchSemaphore) -> Int {
    database.wait()
    return 200
}
