#if os(Linux)
import Concerto
import ConcertoStreams
import ConcertoTesting
import Foundation
import TestSupport
import Testing

@Suite(.oneAtATime) struct CommandTests {
    private func shell(_ script: String) -> Command { Command("sh", ["-c", script]) }

    private func isAlive(_ number: pid_t) -> Bool { kill(number, 0) == 0 }

    @Test func `output comes in lines, also the last without LF, and the end comes last`() async throws {
        let seen = try await shell(#"printf 'a\r\n\nb'; printf 'c\nd' >&2"#).lines().toArray(limit: 9)
        #expect(
            seen.filter { $0 != .error("c") && $0 != .error("d") }.prefix(3) == [
                .output("a"), .output(""), .output("b"),
            ])
        #expect(seen.filter { $0 == .error("c") || $0 == .error("d") } == [.error("c"), .error("d")])
        #expect(seen.last == .ended(.exited(0)) && seen.count == 6)
    }

    @Test func `B16: a line comes when it is written, not when the program ends`() async throws {
        // It ends only when the loop has seen its first line and made the file.
        let mark = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { unlink(mark) }
        var seen: [CommandOutput<String>] = []
        let lines = try shell("echo a; while [ ! -e '\(mark)' ]; do sleep 0.02; done; echo b").lines()
        for try await line in lines {
            seen.append(line)
            if seen.count == 1 { try Data().write(to: URL(fileURLWithPath: mark)) }
        }
        #expect(seen == [.output("a"), .output("b"), .ended(.exited(0))])
    }

    @Test func `B16: bursts with pauses between them are complete`() async throws {
        let script = "for i in 1 2 3; do seq 1 20000; sleep 0.01; done"
        var count = 0
        for try await case .output in try shell(script).lines() { count += 1 }
        #expect(count == 60_000)
    }

    @Test func `more on either output than a pipe holds does not stop the other`() async throws {
        var bytes = (output: 0, error: 0)
        let script = "head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero; head -c 1000000 /dev/zero >&2"
        for try await piece in try shell(script).pieces() {
            switch piece {
            case .output(let piece): bytes.output += piece.count
            case .error(let piece): bytes.error += piece.count
            case .ended: break
            }
        }
        #expect(bytes.output == 1_000_000 && bytes.error == 2_000_000)
    }

    @Test func `what a grandchild holds open is not waited for`() async throws {
        var lines: [CommandOutput<String>] = []
        for try await line in try shell("sleep 60 & echo $!; exit 0").lines() { lines.append(line) }
        #expect(lines.count == 2 && lines.last == .ended(.exited(0)))
        guard case .output(let number) = lines[0], let grandchild = pid_t(number) else {
            Issue.record("no number: \(lines)")
            return
        }
        #expect(isAlive(grandchild))
        kill(grandchild, SIGKILL)
    }

    @Test func `an end that is not 0 is a failure after everything that was written, with its complaint`() async throws
    {
        var seen: [CommandOutput<String>] = []
        let error = await #expect(throws: CommandError.self) {
            for try await line in try shell("echo out; echo 'no such luck' >&2; exit 3").lines() { seen.append(line) }
        }
        #expect(Set(seen) == [.output("out"), .error("no such luck")])
        #expect(error == CommandError(program: "sh", status: .exited(3), complaint: "no such luck\n"))
        #expect("\(error!)" == "sh ended with exit status 3: no such luck\n")
        #expect(try await shell("exit 3").lines(checked: false).toArray(limit: 9) == [.ended(.exited(3))])
        #expect(try await shell("kill -9 $$").lines(checked: false).toArray(limit: 9) == [.ended(.signalled(SIGKILL))])
    }

    @Test func `a program that cannot be started says so at the first next`() async throws {
        let lines = try Command("no-such-program-here").lines()
        await #expect(throws: FileError(path: "no-such-program-here", operation: "start", code: ENOENT)) {
            try await lines.count()
        }
        #expect(throws: ArgumentError.self) { try Command("sh").pieces(of: 0) }
        #expect(throws: ArgumentError.self) { try Command("sh").lines(limit: 0) }
        var command = Command("sh")
        command.grace = .seconds(-1)
        #expect(throws: ArgumentError.self) { try command.pieces() }
    }

    /// The number of the program, which says that it is ready, after the loop has left it.
    private func leave(_ script: String, clock: any TimerClock = MonotonicClock()) async throws -> pid_t {
        for try await case .output(let number) in try shell(script).lines(clock: clock) {
            return try #require(pid_t(number))
        }
        throw FileError(path: "sh", operation: "read", code: 0)
    }

    @Test func `leaving the loop ends the program, and nothing of it stays behind`() async throws {
        let number = try await leave("echo $$; exec sleep 60")
        await until { !isAlive(number) }  // a zombie would be alive
    }

    @Test func `one that does not want to end is ended after its grace`() async throws {
        let clock = ManualClock()
        let number = try await leave("trap '' TERM; echo $$; while :; do sleep 0.05; done", clock: clock)
        await clock.sleepers()
        #expect(isAlive(number))
        clock.advance(by: .seconds(5))
        await until { !isAlive(number) }
        #expect(clock.pending == 0)
    }

    @Test func `forEach has waited for the program when it throws`() async throws {
        let number = Shared<pid_t>(0)
        await #expect(throws: CancellationError.self) {
            try await shell("echo $$; exec sleep 60").lines().forEach { line in
                guard case .output(let text) = line else { return }
                number.change { $0 = pid_t(text)! }
                throw CancellationError()
            }
        }
        #expect(number.value != 0 && !isAlive(number.value))
    }

    @Test func `cancellation ends the program`() async throws {
        let number = Shared<pid_t>(0)
        let task = Task {
            for try await case .output(let text) in try shell("echo $$; exec sleep 60").lines() {
                number.change { $0 = pid_t(text)! }
            }
        }
        await until { number.value != 0 }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        await until { !isAlive(number.value) }
    }

    @Test func `a program sees signals that its starter's thread blocks or ignores, and no descriptor of others`()
        async throws
    {
        signal(SIGUSR1, SIG_IGN)
        defer { signal(SIGUSR1, SIG_DFL) }
        let others = Pipe()
        defer { try? others.fileHandleForReading.close() }
        let script = "ls /proc/self/fd | wc -l; grep SigBlk /proc/self/status; grep SigIgn /proc/self/status"
        var status = try await shell(script).lines().toArray(limit: 9)
        // The C library ignores two signals of its own, 32 and 33, in what it starts.
        if let index = status.firstIndex(of: .output("SigIgn:\t0000000180000000")) {
            status[index] = .output("SigIgn:\t0000000000000000")
        }
        #expect(
            status == [
                // Three, and the directory that `ls` reads.
                .output("4"), .output("SigBlk:\t0000000000000000"), .output("SigIgn:\t0000000000000000"),
                .ended(.exited(0)),
            ], "\(status)")
    }

    @Test func `environment and directory are what they were told to be`() async throws {
        var command = shell("echo $ONE $TWO; pwd")
        command.environment = ["ONE": "1", "PATH": "/usr/bin:/bin"]
        command.directory = "/usr"
        #expect(try await command.lines().toArray(limit: 9) == [.output("1"), .output("/usr"), .ended(.exited(0))])
        let inherited = try await shell("cat; echo ${PATH:+set}").lines().toArray(limit: 9)
        #expect(inherited == [.output("set"), .ended(.exited(0))])
    }

    @Test func `a line over the limit is an error, and the program is ended`() async throws {
        let lines = try shell("yes | tr -d '\\n'").lines(limit: 10_000)
        await #expect(throws: LineTooLongError(line: 1, offset: 0, limit: 10_000)) { try await lines.count() }
    }
}
#endif
