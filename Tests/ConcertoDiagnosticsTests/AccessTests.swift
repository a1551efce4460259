#if os(Linux)
import Concerto
import ConcertoRuntime
import Foundation
import Testing

@testable import ConcertoDiagnostics

/// The cases D15–D24, D26 and D33, and the wire.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AccessTests {
    private final class Place: Sendable {
        let path = "/tmp/concerto-test-\(UUID().uuidString.prefix(8))"
        deinit { try? FileManager.default.removeItem(atPath: path) }
        var options: DiagnosticsSocket.Options {
            var options = DiagnosticsSocket.Options()
            options.folder = path
            return options
        }
    }

    private func mode(_ path: String) -> (bits: UInt32, owner: UInt32) {
        var status = stat()
        lstat(path, &status)
        return (status.st_mode & 0o777, status.st_uid)
    }

    @Test func `D15: the socket is this user's alone, and so is its folder`() throws {
        let place = Place()
        let socket = try Diagnostics.listen(place.options)
        #expect(mode(socket.path) == (0o600, geteuid()))
        #expect(mode(place.path) == (0o700, geteuid()))
        #expect(Diagnostics.listeningProcesses(in: place.path) == [getpid()])
        #expect(Diagnostics.socketPath(of: getpid(), in: place.path) == socket.path)
    }

    @Test func `D15: a folder that others may use, and a link, are refused`() throws {
        let place = Place()
        try FileManager.default.createDirectory(atPath: place.path, withIntermediateDirectories: false)
        chmod(place.path, 0o755)
        #expect { try Diagnostics.listen(place.options) } throws: { "\($0)".contains("chmod 700") }
        chmod(place.path, 0o700)
        let link = Place()
        symlink(place.path, link.path)
        #expect { try Diagnostics.listen(link.options) } throws: { "\($0)".contains("not a folder") }
        let long = Place()
        var options = long.options
        options.folder = long.path + String(repeating: "x", count: 90)
        defer { rmdir(options.folder!) }
        #expect { try Diagnostics.listen(options) } throws: { "\($0)".contains("shorter") }
    }

    @Test func `D17: another user may not look, root may`() {
        #expect(SocketLoop.mayLook(user: 1000, own: 1000))
        #expect(SocketLoop.mayLook(user: 0, own: 1000))
        #expect(!SocketLoop.mayLook(user: 1001, own: 1000))
        #expect(!SocketLoop.mayLook(user: .max, own: 1000))
        #expect(!SocketLoop.mayLook(user: 1000, own: 0))
    }

    @Test func `D18: sockets of processes that are gone are removed, also if another has their number`() throws {
        let place = Place()
        try SocketPlace.prepare(place.path)
        for name in ["2147483632-5.sock", "\(getpid())-1.sock", "notes.txt"] {
            _ = FileManager.default.createFile(atPath: place.path + "/" + name, contents: nil)
        }
        let socket = try Diagnostics.listen(place.options)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
        #expect(names == [URL(fileURLWithPath: socket.path).lastPathComponent, "notes.txt"].sorted())
    }

    @Test func `a greeting comes first, and another version is told apart`() async throws {
        let place = Place()
        let socket = try Diagnostics.listen(place.options)
        let good = try SocketVisitor(socket.path)
        good.send("{\"hello\":1,\"client\":\"test\",\"later\":[{\"a\":null}]}")
        let greeting = await good.line()
        #expect(greeting?["hello"] as? Int == 1)
        #expect(greeting?["pid"] as? Int == Int(getpid()))
        for (request, code) in [
            ("{\"subscribe\":\"stats\"}", "hello"), ("{\"hello\":2}", "version"), ("[1]", "malformed"),
            ("{\"hello\":1", "malformed"), (String(repeating: "[", count: 100), "malformed"),
        ] {
            let visitor = try SocketVisitor(socket.path)
            visitor.send(request)
            let answer = await visitor.line()
            #expect((answer?["error"] as? [String: any Sendable])?["code"] as? String == code, "\(request)")
            await visitor.end()
        }
    }

    @Test func `D33: no interval is shorter than the shortest, whatever is asked for`() async throws {
        let place = Place()
        let socket = try Diagnostics.listen(place.options)
        let visitor = try SocketVisitor(socket.path)
        visitor.send("{\"hello\":1}\n{\"subscribe\":\"stats\",\"interval_ms\":1}")
        _ = await visitor.line()
        #expect(await visitor.line()?["interval_ms"] as? Int == 250)
    }

    @Test func `samples have their rows, and numbers without a gap`() async throws {
        let place = Place()
        let socket = try Diagnostics.listen(place.options)
        let shown = Diagnostics.show {
            [DiagnosticsRow(.circuit, "shop \"1\"", state: "open", numbers: ["waiting": 3, "lost": .nan])]
        }
        defer { shown.remove() }
        let visitor = try SocketVisitor(socket.path)
        visitor.send("{\"hello\":1}\n{\"subscribe\":\"stats\",\"interval_ms\":250}")
        for _ in 0..<2 { _ = await visitor.line() }
        var numbers: [Int] = []
        for _ in 0..<3 {
            let line = await visitor.line()
            let data = try JSONSerialization.data(withJSONObject: try #require(line?["stats"]))
            let sample = try JSONDecoder().decode(DiagnosticsSample.self, from: data)
            numbers.append(sample.sequence)
            #expect(sample.memory > 1_000_000)
            #expect(
                sample.rows.filter { $0.kind == .circuit } == [
                    DiagnosticsRow(.circuit, "shop \"1\"", state: "open", numbers: ["waiting": 3])
                ])
        }
        #expect(numbers == [1, 2, 3])
    }

    @Test func `late beats are missed, and the ones after them keep their times`() {
        var beat = SampleBeat(every: .seconds(1), now: 0)
        let second: Int64 = 1_000_000_000
        #expect(beat.beat(now: 0)! == (1, 0))
        #expect(beat.beat(now: second - 1) == nil)
        #expect(beat.beat(now: second)! == (2, 0))
        #expect(beat.beat(now: 2 * second + 900_000_000)! == (3, 0))
        #expect(beat.beat(now: 6 * second + 1)! == (4, 3))
        #expect(beat.due == 7 * second)
    }

    @Test func `D22: who never reads is dropped, and the others get their samples`() async throws {
        let place = Place()
        var options = place.options
        options.patience = .seconds(3)
        let socket = try Diagnostics.listen(options)
        let rows = (0..<3_000).map { DiagnosticsRow(.host, "host \($0)", state: String(repeating: "x", count: 100)) }
        let shown = Diagnostics.show { rows }
        defer { shown.remove() }
        let silent = try SocketVisitor(socket.path)
        silent.send("{\"hello\":1}\n{\"subscribe\":\"stats\",\"interval_ms\":250}")
        let reader = try SocketVisitor(socket.path)
        reader.send("{\"hello\":1}\n{\"subscribe\":\"stats\",\"interval_ms\":250}")
        for _ in 0..<2 { _ = await reader.line() }
        // Who is late in reading would be dropped too.
        let isGone = Guarded(false)
        async let gone: Void = {
            await silent.hangUp()
            isGone.withLock { $0 = true }
        }()
        var read = 0
        while !isGone.withLock({ $0 }) || read < 3 {
            try #require(await reader.line()?["stats"] != nil)
            read += 1
        }
        await gone
    }

    @Test func `further clients than there is room for are closed without a byte`() async throws {
        let place = Place()
        var options = place.options
        options.maxClients = 1
        let socket = try Diagnostics.listen(options)
        let first = try SocketVisitor(socket.path)
        first.send("{\"hello\":1}")
        #expect(await first.line() != nil)
        let second = try SocketVisitor(socket.path)
        #expect(await second.line() == nil)
    }

    @Test func `a dump comes over the socket, and one asked for at once after it waits`() async throws {
        let place = Place()
        let socket = try Diagnostics.listen(place.options)
        let visitor = try SocketVisitor(socket.path)
        visitor.send("{\"hello\":1}\n{\"tasks\":{\"group\":true}}\n{\"tasks\":{}}")
        _ = await visitor.line()
        let answers = [await visitor.line(), await visitor.line()]
        let busy = answers.compactMap { ($0?["error"] as? [String: any Sendable])?["code"] as? String }
        #expect(busy == ["busy"])
        let dump = answers.compactMap { $0?["tasks"] as? [[String: any Sendable]] }.first
        #expect(dump?.first?["type"] as? String == "dump")
    }

    @Test func `D23: nothing listens in a program that has not asked for it`() async throws {
        let program = try RunningProgram("DiagnosticsProgram", ["stock-idle"])
        #expect(await program.nextLine() == "ready")
        #expect(Diagnostics.socketPath(of: program.pid) == nil)
        // Who starts a process may leave it descriptors of its own: what counts is what listens.
        let own = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.pid)/fd").compactMap {
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(program.pid)/fd/\($0)")
        }
        var listening: Set<String> = []
        // The inode, and the state "listens", of sockets of each kind.
        for (file, inode, column, value) in [("tcp", 9, 3, "0A"), ("tcp6", 9, 3, "0A"), ("unix", 6, 3, "00010000")] {
            let text = (try? String(contentsOfFile: "/proc/\(program.pid)/net/\(file)", encoding: .utf8)) ?? ""
            for line in text.split(separator: "\n") {
                let fields = line.split(separator: " ")
                if fields.count > inode, fields[column] == value { listening.insert("socket:[\(fields[inode])]") }
            }
        }
        let sockets = own.filter(listening.contains)
        #expect(sockets == [])
    }

    @Test func `the beat goes on while every worker is blocked, and tells how long a task waits`() async throws {
        let place = Place()
        setenv("CONCERTO_TEST_FOLDER", place.path, 1)
        let program = try RunningProgram("DiagnosticsProgram", ["stock-blocked-open"])
        #expect(await program.nextLine() == "ready")
        let path = try #require(Diagnostics.socketPath(of: program.pid, in: place.path))
        let visitor = try SocketVisitor(path)
        visitor.send("{\"hello\":1}\n{\"subscribe\":\"stats\",\"interval_ms\":250}\n{\"report\":{\"ms\":500}}")
        for _ in 0..<2 { _ = await visitor.line() }
        var (waits, verdict): ([Double], String?) = ([], nil)
        while waits.count < 4 || verdict == nil {
            guard let line = await visitor.line() else { break }
            if let stats = line["stats"] as? [String: any Sendable] {
                if let wait = stats["queue_wait_s"] as? Double { waits.append(wait) }
            } else if let report = line["report"] as? [String: any Sendable] {
                verdict = report["verdict"] as? String
            }
        }
        #expect(verdict == "blockedWorkers")
        #expect(waits == waits.sorted() && waits.count >= 4 && Set(waits).count == waits.count, "\(waits)")
    }

    @Test func `D24: ten signals in a moment make two dumps at most, in files of this user`() async throws {
        let place = Place()
        try SocketPlace.prepare(place.path)
        setenv("CONCERTO_TEST_FOLDER", place.path, 1)
        let program = try RunningProgram("DiagnosticsProgram", ["stock-blocked-signal"])
        #expect(await program.nextLine() == "ready")
        for _ in 0..<10 { kill(program.pid, SIGUSR1) }
        // The second comes a second after the first if there is one: a third signal then is a dump of its own.
        let first = "\(place.path)/concerto-\(program.pid)-1.txt"
        var text = ""
        while !text.contains("Groups") {
            text = (try? String(contentsOfFile: first, encoding: .utf8)) ?? ""
            try Task.checkCancellation()
            await Task.yield()
        }
        #expect(text.contains("blockForEver"))
        #expect(mode(first).bits == 0o600)
        let names = try FileManager.default.contentsOfDirectory(atPath: place.path)
        #expect(names.count <= 2, "\(names)")
    }
}
#endif
