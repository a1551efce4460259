#if CLI
import ConcertoDiagnostics
import Foundation

/// Looks at a process for `concerto top`: over its socket if it has one, and at its memory.
struct TopWatch {
    /// It cannot go on.
    struct Ended: Error {
        var text: String
    }

    var state: TopScreen.State
    private let interval: Double
    private var descriptor: Int32 = -1
    private var input: [UInt8] = []
    private var looks: [TaskDump] = []
    private var due: Int64 = 0

    /// So many looks back go the findings, and samples the rates.
    private static let kept = 5

    init(pid: Int32, interval: Double) {
        state = TopScreen.State(pid: pid)
        self.interval = interval
    }

    /// Connects to the socket of the process, if it has one.
    mutating func connect() throws {
        guard let path = Diagnostics.socketPath(of: state.pid) else { return }
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { return disconnect() }
        let milliseconds = Int(interval * 1_000)
        let hello = "{\"hello\":1,\"client\":\"concerto top\"}\n"
        let subscribe = "{\"subscribe\":\"stats\",\"interval_ms\":\(milliseconds)}\n"
        let bytes = Array((hello + subscribe).utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private mutating func disconnect() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
    }

    /// Reads the tasks.
    mutating func look() throws {
        do throws(TaskDumpError) {
            let dump = try TaskDump.capture(process: state.pid, limit: 200_000)
            looks = (looks + [dump]).suffix(Self.kept)
            state.dump = dump
            state.notes = dump.notes
            // From one look nobody can tell what stays.
            state.findings = TaskFinding.search(looks)
        } catch {
            // With its own numbers there is something to show; and a process may end between two looks.
            if descriptor < 0 || error.kind == .noProcess { throw Ended(text: error.description) }
            state.notes = ["No tasks: \(error.description)"]
        }
    }

    /// Waits for the first sample of a process that gives some, a second at most.
    mutating func waitForSample() {
        let end = MonotonicTime.now + 1_000_000_000
        while descriptor >= 0, state.samples.isEmpty {
            let left = (end - MonotonicTime.now) / 1_000_000
            guard left > 0 else { return }
            var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            poll(&wait, 1, Int32(left))
            if wait.revents != 0 { try? receive() }
        }
    }

    /// Draws until somebody wants no more.
    mutating func run(on terminal: inout TopTerminal) throws {
        due = MonotonicTime.now + Int64(interval * 1e9)
        terminal.draw(state)
        while true {
            var waits = [pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)]
            if descriptor >= 0 { waits.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
            // No longer than 250 ms: the terminal may have another size.
            poll(&waits, nfds_t(waits.count), Int32(min(250, max(0, (due - MonotonicTime.now) / 1_000_000))))
            if waits[0].revents != 0 {
                guard let keys = terminal.keys() else { return }
                // Also by a key that means nothing.
                if keys.isEmpty { state.showsHelp = false }
                for key in keys where !handle(key, terminal.rows) { return }
            }
            if waits.count > 1, waits[1].revents != 0 { try receive() }
            if MonotonicTime.now >= due {
                due = MonotonicTime.now + Int64(interval * 1e9)
                if !state.isPaused { try look() }
            }
            terminal.draw(state)
        }
    }

    /// - Returns: Whether to go on.
    private mutating func handle(_ key: TopTerminal.Key, _ rows: Int) -> Bool {
        if state.showsHelp {
            state.showsHelp = false
            return key != .quit
        }
        switch key {
        case .quit: return false
        case .pause: state.isPaused.toggle()
        case .help: state.showsHelp = true
        case .down: state.scroll += 1
        case .up: state.scroll = max(0, state.scroll - 1)
        case .pageDown: state.scroll += max(1, rows / 2)
        case .pageUp: state.scroll = max(0, state.scroll - max(1, rows / 2))
        case .home: state.scroll = 0
        }
        return true
    }

    private mutating func receive() throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &chunk, chunk.count, Int32(MSG_DONTWAIT))
        if count <= 0 {
            if count == 0 { disconnect() }
            return
        }
        input += chunk[..<count]
        while let end = input.firstIndex(of: 0x0A) {
            try take(Data(input[..<end]))
            input.removeSubrange(...end)
        }
    }

    private struct Message: Decodable {
        var stats: DiagnosticsSample?
        var error: Failure?

        struct Failure: Decodable {
            var code: String
            var text: String
        }
    }

    /// A line of the process.
    mutating func take(_ line: Data) throws {
        // What is not understood is of a later version, and not asked for.
        guard let message = try? JSONDecoder().decode(Message.self, from: line) else { return }
        if let error = message.error {
            if error.code == "version" {
                throw Ended(text: "\(error.text); use a `concerto` of the program's version")
            }
            state.notes = ["The process says: \(error.text)"]
        }
        if let stats = message.stats, !state.isPaused { state.samples = (state.samples + [stats]).suffix(Self.kept) }
    }
}
#endif
