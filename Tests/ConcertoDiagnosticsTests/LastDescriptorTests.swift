#if os(Linux)
import Foundation
import Testing

@testable import ConcertoDiagnostics

/// What happens where the system has nothing left to give.
@Suite(.timeLimit(.minutes(1))) struct LastDescriptorTests {
    private final class Place: Sendable {
        let path = "/tmp/concerto-test-\(UUID().uuidString.prefix(8))"
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// Limits the descriptors of another process.
    private func limit(_ pid: Int32, to count: Int) throws {
        typealias Call = @convention(c) (Int32, Int32, UnsafePointer<rlimit>?, UnsafeMutablePointer<rlimit>?) -> Int32
        let call = try #require(dlsym(nil, "prlimit"))
        var (limit, now) = (rlimit(), rlimit())
        // RLIMIT_NOFILE.
        try #require(unsafeBitCast(call, to: Call.self)(pid, 7, nil, &now) == 0)
        limit = rlimit(rlim_cur: min(rlim_t(count), now.rlim_max), rlim_max: now.rlim_max)
        try #require(unsafeBitCast(call, to: Call.self)(pid, 7, &limit, nil) == 0)
    }

    /// How often the socket's thread has waited for something, and ticks of a processor that it has used.
    private func thread(_ pid: Int32) async throws -> (waits: Int, ticks: Int) {
        func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
        while true {
            // Other threads come and go, and this one gives itself its name.
            for number in try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/task") {
                let folder = "/proc/\(pid)/task/\(number)"
                guard text(folder + "/comm") == "concerto-socket\n", let status = text(folder + "/status"),
                    let waits = status.firstMatch(of: /\nvoluntary_ctxt_switches:\s*(\d+)/)?.1,
                    // After the name: the state is the third field, and what it used the fourteenth and fifteenth.
                    let fields = text(folder + "/stat")?.split(separator: ")").last?.split(separator: " ")
                else { continue }
                return (Int(waits) ?? 0, (Int(fields[11]) ?? 0) + (Int(fields[12]) ?? 0))
            }
            try Task.checkCancellation()
            await Task.yield()
        }
    }

    @Test func `a process without a descriptor left lets nobody in, and does not spin`() async throws {
        let place = Place()
        try SocketPlace.prepare(place.path)
        let program = try RunningProgram("DiagnosticsProgram", ["open", place.path])
        #expect(await program.nextLine() == "ready")
        let path = try #require(Diagnostics.socketPath(of: program.pid, in: place.path))
        // The first that is not taken, so that there is none: a limit below what it has would fail it in `poll`.
        let taken = Set(try FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.pid)/fd"))
        try limit(program.pid, to: try #require((0...).first { !taken.contains("\($0)") }))
        let before = try await thread(program.pid)
        let visitor = try SocketVisitor(path)
        visitor.send("{\"hello\":1}")
        // It waits a tenth of a second after each time that it could not let the visitor in: who spins waits never.
        var now = before
        while now.waits < before.waits + 8 {
            now = try await thread(program.pid)
            try #require(now.ticks < before.ticks + 100, "it has spun for a second")
            try Task.checkCancellation()
            await Task.yield()
        }
        try limit(program.pid, to: 1_024)
        #expect(await visitor.line()?["hello"] as? Int == 1)
    }

    @Test func `a signal that cannot be handled leaves the choice of another`() {
        for _ in 0..<2 {
            #expect {
                try Diagnostics.dumpOnSignal(SIGKILL)
            } throws: { "\($0)".contains("signal 9 cannot be handled") }
        }
    }

    @Test func `patience may be longer than clocks go`() async throws {
        let place = Place()
        var options = DiagnosticsSocket.Options()
        options.folder = place.path
        options.patience = .seconds(Int64.max)
        let socket = try Diagnostics.listen(options)
        let visitor = try SocketVisitor(socket.path)
        visitor.send("{\"hello\":1}\n{\"subscribe\":\"stats\",\"interval_ms\":250}")
        #expect(await visitor.line()?["hello"] as? Int == 1)
    }
}
#endif
