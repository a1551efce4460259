#if os(Linux)
import CConcerto
import Concerto
import ConcertoRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The thread that listens, answers and sends samples. What takes long (a dump, a report) runs on another, so that the
/// beat is kept.
final class SocketLoop: @unchecked Sendable {
    // Sendable: constants but for `clients`, `accepted`, `acceptsAgain` and `lastWork`, which are the thread's own.
    let path: String
    private let listener: Int32
    private let wake: Int32
    private let options: DiagnosticsSocket.Options
    /// In nanoseconds, which leave room to reckon with.
    private let patience: Int64
    private let shared = Guarded(Shared())
    private var clients: [Int32: SocketClient] = [:]
    private var lastWork = Int64.min / 2
    private var accepted = 0
    /// Nobody is let in before: the system had no descriptor left.
    private var acceptsAgain = Int64.min

    private struct Shared {
        var isStopped = false
        var isWorking = false
        /// What is done, and for whom.
        var answers: [(client: Int, key: String, value: String)] = []
    }

    init(_ options: DiagnosticsSocket.Options) throws(DiagnosticsError) {
        self.options = options
        patience = min(max(0, options.patience.saturatingNanoseconds), .max / 4)
        let folder = options.folder ?? SocketPlace.folder
        try SocketPlace.prepare(folder)
        if SocketPlace.processes(in: folder).contains(getpid()) {
            throw DiagnosticsError("this process listens in \(folder) already: keep that socket")
        }
        guard let name = SocketPlace.name(of: getpid()) else {
            throw DiagnosticsError("/proc does not tell when this process began: mount it")
        }
        let path = folder + "/" + name
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard path.utf8.count < room else {
            throw DiagnosticsError("\(path) is longer than \(room - 1) bytes: choose a shorter folder")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        // SOCK_STREAM and its flags, which are an enumeration in one C library and numbers in the other.
        let listener = socket(AF_UNIX, 1 | Int32(O_CLOEXEC) | Int32(O_NONBLOCK), 0)
        guard listener >= 0 else { throw DiagnosticsError("no socket: \(SocketPlace.describe(errno))") }
        // Before it has a name: nobody can connect to a socket that others may use.
        fchmod(listener, 0o600)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, chmod(path, 0o600) == 0, listen16(listener) == 0 else {
            let code = errno
            closeFile(listener)
            throw DiagnosticsError("\(path) cannot be listened on: \(SocketPlace.describe(code))")
        }
        self.path = path
        self.listener = listener
        wake = concerto_signal_create()
        guard wake >= 0, OwnThread.start("concerto-socket", { self.run() }) else {
            closeFile(listener)
            unlink(path)
            throw DiagnosticsError("the system refuses a thread for \(path)")
        }
    }

    func stop() {
        shared.withLock { shared in
            // Raised under the lock, and once: the thread closes the descriptor when it has seen it.
            if shared.isStopped { return }
            shared.isStopped = true
            unlink(path)
            concerto_signal_raise(wake)
        }
    }

    // MARK: The thread

    private func run() {
        while !shared.withLock({ $0.isStopped }) {
            let order = Array(clients.keys)
            // Who waits to be let in stays: the listener would be ready again at once.
            var polls = [
                pollfd(fd: concerto_now() < acceptsAgain ? -1 : listener, events: Int16(POLLIN), revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            ]
            for key in order {
                let events = POLLIN | (clients[key]!.wantsToWrite ? POLLOUT : 0)
                polls.append(pollfd(fd: key, events: Int16(events), revents: 0))
            }
            poll(&polls, nfds_t(polls.count), timeout)
            let now = concerto_now()
            if polls[1].revents != 0 { _ = concerto_signal_wait(wake, -1, 0) }
            for (key, poll) in zip(order, polls.dropFirst(2)) where poll.revents != 0 {
                let client = clients[key]!
                client.write(now: now)
                for line in client.read() where !client.closes {
                    if let request = client.request(line, now: now) { answer(request, client, now) }
                }
            }
            deliver(now)
            sample(now)
            clients = clients.filter { !$0.value.closes && $0.value.stuck(now: now) < patience }
            if polls[0].revents != 0 { accept(now) }
        }
        clients = [:]
        closeFile(listener)
        closeFile(wake)
    }

    /// Milliseconds until something is due.
    private var timeout: Int32 {
        let now = concerto_now()
        var dues = clients.values.flatMap { client in
            [client.beat?.due, client.wantsToWrite ? now + patience - client.stuck(now: now) : nil].compactMap(\.self)
        }
        if now < acceptsAgain { dues.append(acceptsAgain) }
        guard let due = dues.min() else { return -1 }
        return Int32(min(60_000, max(0, (due - now + 999_999) / 1_000_000)))
    }

    private func accept(_ now: Int64) {
        while true {
            let descriptor = acceptedFile(listener)
            if descriptor < 0 {
                switch errno {
                case EAGAIN: return
                // Of the one who wanted to be let in, or nobody: the next one can be.
                case EINTR, ECONNABORTED: continue
                // None is left, or no memory.
                default:
                    acceptsAgain = now + 100_000_000
                    return
                }
            }
            // Closed without a byte: who may not look need not know who listens.
            guard clients.count < options.maxClients, Self.mayLook(descriptor) else {
                closeFile(descriptor)
                continue
            }
            accepted += 1
            clients[descriptor] = SocketClient(descriptor, number: accepted)
        }
    }

    /// Whether the other side is this user, or root.
    private static func mayLook(_ descriptor: Int32) -> Bool {
        // struct ucred: process, user, group. SO_PEERCRED is 17.
        var peer: (Int32, UInt32, UInt32) = (0, .max, .max)
        var length = socklen_t(MemoryLayout.size(ofValue: peer))
        guard getsockopt(descriptor, SOL_SOCKET, 17, &peer, &length) == 0, length == 12 else { return false }
        return mayLook(user: peer.1, own: geteuid())
    }

    static func mayLook(user: UInt32, own: UInt32) -> Bool { user == 0 || user == own }

    private func sample(_ now: Int64) {
        for client in clients.values {
            if let sample = client.beat?.sample(now: now) {
                client.send(JSONObject { $0["stats"] = .object(sample.object) }.text, now: now)
            }
        }
    }

    private func deliver(_ now: Int64) {
        let answers = shared.withLock { shared in
            defer { shared.answers = [] }
            return shared.answers
        }
        for (key, name, value) in answers {
            guard let client = clients.values.first(where: { $0.number == key }) else { continue }
            if value.utf8.count > SocketClient.longestLine {
                client.fail("too_large", "the answer has \(value.utf8.count) bytes: ask for groups", now: now)
            } else {
                client.send("{\"\(name)\":\(value)}", now: now)
            }
        }
    }

    // MARK: Requests

    private func answer(_ request: JSONObject, _ client: SocketClient, _ now: Int64) {
        if request["hello"] != nil { return client.send(Self.greeting, now: now) }
        if case .string("stats")? = request["subscribe"] {
            var milliseconds = 1_000
            if case .number(let asked)? = request["interval_ms"] { milliseconds = min(max(asked, 0), 1_000_000) }
            let beat = SampleBeat(every: .milliseconds(milliseconds), now: now)
            client.beat = beat
            return client.send(
                JSONObject {
                    $0["subscribed"] = .string("stats")
                    $0["interval_ms"] = .number(Int(beat.interval / 1_000_000))
                }.text, now: now)
        }
        if case .object(let tasks)? = request["tasks"] {
            var limit = 1_000_000
            if case .number(let asked)? = tasks["limit"], asked > 0 { limit = min(asked, limit) }
            var listsTasks = true
            if case .bool(true)? = tasks["group"] { listsTasks = false }
            return work(for: client, "tasks", now) { [limit, listsTasks] in
                let lines = TaskDump.capture(limit: limit).jsonLines(listsTasks: listsTasks)
                return "[" + lines.split(separator: "\n").joined(separator: ",") + "]"
            }
        }
        if case .object(let report)? = request["report"] {
            var milliseconds = 10_000
            if case .number(let asked)? = report["ms"] { milliseconds = min(max(asked, 100), 60_000) }
            return work(for: client, "report", now) { [milliseconds] in
                do { return try BottleneckReport.measureHere(for: .milliseconds(milliseconds)).jsonLine } catch {
                    return JSONObject { $0["error"] = .string("\(error)") }.text
                }
            }
        }
        // Later versions ask for more.
        client.fail("unknown", "no such request", now: now)
    }

    private static let greeting = JSONObject {
        $0["hello"] = .number(1)
        $0["pid"] = .number(Int(getpid()))
        $0["features"] = .strings(["stats", "tasks", "report"])
    }.text

    /// Does what takes long: one at a time, a second apart, so that asking cannot slow the process down.
    private func work(
        for client: SocketClient, _ name: String, _ now: Int64, _ body: @escaping @Sendable () -> String
    ) {
        let isFree = shared.withLock { shared in
            guard !shared.isWorking, now - lastWork >= 1_000_000_000 else { return false }
            shared.isWorking = true
            return true
        }
        guard isFree else {
            return client.fail("busy", "one dump or report at a time, a second apart: ask again", now: now)
        }
        lastWork = now
        let key = client.number
        let starts = OwnThread.start("concerto-work") {
            let value = String(body().drop { $0 == "\n" }.prefix { $0 != "\n" })
            self.shared.withLock { shared in
                shared.isWorking = false
                shared.answers.append((key, name, value))
                // Under the lock: who stops closes the descriptor afterwards.
                if !shared.isStopped { concerto_signal_raise(self.wake) }
            }
        }
        if !starts {
            shared.withLock { $0.isWorking = false }
            client.fail("busy", "the system refuses a thread", now: now)
        }
    }
}

/// Inside of a type with methods of these names they are hidden.
private func closeFile(_ descriptor: Int32) { _ = close(descriptor) }
private func acceptedFile(_ listener: Int32) -> Int32 {
    let descriptor = accept(listener, nil, nil)
    if descriptor >= 0 {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }
    return descriptor
}
private func listen16(_ descriptor: Int32) -> Int32 { listen(descriptor, 16) }
#endif
