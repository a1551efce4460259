import Concerto
import ConcertoStreams
import Foundation

func topic38() async throws {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("fifty-\(getpid()).txt").path
    defer { unlink(path) }
    let text = (1...1_000).map { "line \($0)\n" }.joined()
    try withBlocking { try Data(text.utf8).write(to: URL(fileURLWithPath: path)) }  // blocks, and says so
    var lines = 0
    for try await _ in try File(path).lines() { lines += 1 }
    print("\(lines) lines")
}
