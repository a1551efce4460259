#if os(Linux)
import CConcerto
import Concerto
import ConcertoRuntime

#if canImport(Glibc)
@preconcurrency import Glibc  // `environ`
#elseif canImport(Musl)
import Musl
#endif

// The C library's headers show it to GNU sources only.
@_silgen_name("posix_spawn_file_actions_addchdir_np")
private func changeDirectory(
    _ actions: UnsafeMutablePointer<posix_spawn_file_actions_t>, _ path: UnsafePointer<CChar>
) -> CInt

/// Closes all descriptors from the given one on in the program that is started; `nil` before glibc 2.34, where descriptors that
/// somebody has opened without `O_CLOEXEC` stay open in it.
private let closeFrom: CloseFrom? =
    dlsym(nil, "posix_spawn_file_actions_addclosefrom_np").map { unsafeBitCast($0, to: CloseFrom.self) }
private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, CInt) -> CInt

/// A program that runs, and the reading ends of its two outputs.
final class ChildProcess: Sendable {
    enum Channel: Sendable {
        case output
        case error
    }

    private struct State {
        /// Set once it has been reaped: its number may be somebody else's from then on.
        var status: CommandStatus?
        var killer: (any ScheduledTimer)?
    }

    private let number: pid_t
    private let output: CInt
    private let error: CInt
    private let state = Guarded(State())
    private let hasEnded = AsyncManualResetEvent()
    /// Ends the waits for the pipes when the program has ended: a child of its own may hold them open for ever.
    private let ending = CancellationTokenSource()

    /// Starts `command`.
    ///
    /// - Throws: ``FileError``.
    init(_ command: Command) throws {
        let output = try Pipe(command.program)
        let error = try Pipe(command.program)
        number = try withBlocking { try Self.start(command, output: output.write, error: error.write) }
        self.output = output.takeReadingEnd()
        self.error = error.takeReadingEnd()
        watch()
    }

    deinit {
        close(output)
        close(error)
    }

    /// A pipe of which both ends are closed unless they are taken; a program that is started gets neither by accident.
    private final class Pipe {
        private(set) var read: CInt
        let write: CInt

        init(_ program: String) throws {
            var ends: [CInt] = [-1, -1]
            let code = concerto_pipe(&ends)
            guard code == 0 else { throw FileError(path: program, operation: "make a pipe for", code: code) }
            (read, write) = (ends[0], ends[1])
        }

        func takeReadingEnd() -> CInt {
            defer { read = -1 }
            _ = fcntl(read, F_SETFL, O_NONBLOCK)
            return read
        }

        deinit {
            if read >= 0 { close(read) }
            close(write)
        }
    }

    private static func start(_ command: Command, output: CInt, error: CInt) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, error, 2)
        _ = closeFrom?(&actions, 3)
        if let directory = command.directory { _ = changeDirectory(&actions, directory) }
        // A thread of a pool may block signals that the program must see, and this process may ignore some.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let arguments = ([command.program] + command.arguments).map { strdup($0) } + [nil]
        let variables = command.environment.map { $0.map { strdup("\($0.key)=\($0.value)") } + [nil] }
        defer { for text in arguments + (variables ?? []) { free(text) } }
        var number: pid_t = 0
        let code = posix_spawnp(
            &number, command.program, &actions, &attributes, arguments, variables ?? Self.environment())
        guard code == 0 else { throw FileError(path: command.program, operation: "start", code: code) }
        return number
    }

    /// This process's environment, as the system has it.
    private static func environment() -> [UnsafeMutablePointer<CChar>?] {
        var variables: [UnsafeMutablePointer<CChar>?] = []
        var next = environ
        while let variable = next.pointee {
            variables.append(variable)
            next += 1
        }
        return variables + [nil]
    }

    // MARK: Its end

    /// Waits for the end in a thread of its own.
    private func watch() {
        let result = concerto_thread_start(
            { Unmanaged<ChildProcess>.fromOpaque($0!).takeRetainedValue().waitForEnd() },
            Unmanaged.passRetained(self).toOpaque(), "concerto-child", 0)
        guard result == 0 else {
            fatalError("no thread to wait for a program: \(String(cString: strerror(result)))")
        }
    }

    private func waitForEnd() {
        var info = siginfo_t()
        // It is left to be reaped under the lock: until then its number is its own, and a signal to it meets nobody else.
        while waitid(P_PID, id_t(number), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let killer = state.withLock { state -> (any ScheduledTimer)? in
            var status: CInt = 0
            let isOurs = waitpid(number, &status, 0) == number
            let signal = status & 0x7F
            state.status = !isOurs ? .unknown : signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
            return state.killer.take()
        }
        _ = killer?.cancel()
        ending.cancel()
        hasEnded.set()
    }

    /// How it ended, when it has.
    nonisolated(nonsending)
        func end() async throws -> CommandStatus
    {
        try await hasEnded.wait()
        return state.withLock { $0.status ?? .unknown }
    }

    /// Asks it to end, and ends it after `grace`.
    func stop(after grace: Duration, on clock: any TimerClock) {
        guard signal(SIGTERM) else { return }
        let killer = clock.schedule(at: clock.now.advanced(by: grace)) { _ = self.signal(SIGKILL) }
        let hasEnded = state.withLock { state in
            if state.status == nil { state.killer = killer }
            return state.status != nil
        }
        if hasEnded { _ = killer.cancel() }
    }

    private func signal(_ signal: CInt) -> Bool {
        state.withLock { state in state.status == nil && kill(number, signal) == 0 }
    }

    // MARK: Its output

    /// What it writes to `channel`, until it has ended or closed that.
    func pieces(of channel: Channel, _ count: Int) -> AsyncGenerator<CommandOutput<[UInt8]>> {
        AsyncGenerator { [self] yield in
            let descriptor = channel == .output ? output : error
            while true {
                // Before the read: whatever it wrote itself is in the pipe when it has ended.
                let isLast = state.withLock { $0.status != nil }
                switch try read(descriptor, count) {
                case .some(let piece) where piece.isEmpty: return
                case .some(let piece): try await yield(channel == .output ? .output(piece) : .error(piece))
                case nil where isLast: return
                case nil:
                    do {
                        try await FileDescriptorReadiness.wait(
                            for: descriptor, limit: WaitLimit(cancellation: ending.token))
                    } catch is CancellationError {
                        try Task.checkCancellation()
                    }
                }
            }
        }
    }

    /// - Returns: Nothing at the end, `nil` if there is nothing yet.
    private func read(_ descriptor: CInt, _ count: Int) throws -> [UInt8]? {
        while true {
            var code: CInt = 0
            let piece = [UInt8](unsafeUninitializedCapacity: count) { memory, size in
                let got = systemRead(descriptor, memory.baseAddress, count)
                (size, code) = got < 0 ? (0, errno) : (got, 0)
            }
            switch code {
            case 0: return piece
            case EINTR: continue
            case EAGAIN: return nil
            default: throw FileError(path: "the output of process \(number)", operation: "read", code: code)
            }
        }
    }
}
#endif
