#if os(Linux)
public import Concerto
public import ConcertoRuntime

/// What a program that runs brings.
public enum CommandOutput<Content: Sendable & Hashable>: Sendable, Hashable {
    /// Of its standard output.
    case output(Content)
    /// Of its standard error.
    case error(Content)
    /// It has ended; the last element.
    case ended(CommandStatus)
}

/// How a program ended.
public enum CommandStatus: Sendable, Hashable, CustomStringConvertible {
    /// With an exit status.
    case exited(CInt)
    /// By a signal.
    case signalled(CInt)
    /// Somebody else has waited for it, or told the system to forget children (`SIGCHLD` ignored).
    case unknown

    /// In words.
    public var description: String {
        switch self {
        case .exited(let code): "exit status \(code)"
        case .signalled(let number): "signal \(number)"
        case .unknown: "an end that nobody saw"
        }
    }
}

/// A program did not end with status 0.
public struct CommandError: Error, Hashable, CustomStringConvertible {
    /// Which program.
    public let program: String
    /// How it ended.
    public let status: CommandStatus
    /// The last of its standard error, 4 KiB at most.
    public let complaint: String

    /// Creates an error.
    public init(program: String, status: CommandStatus, complaint: String) {
        self.program = program
        self.status = status
        self.complaint = complaint
    }

    /// What happened.
    public var description: String {
        "\(program) ended with \(status)" + (complaint.isEmpty ? "" : ": \(complaint)")
    }
}

/// A program to run, whose output is a stream.
///
/// ```swift
/// for try await case .output(let line) in try Command("git", ["log", "--oneline"]).lines() { … }
/// ```
///
/// Nothing is started before the first `next`; each loop starts the program anew. Both outputs are read together, so that
/// neither can hold the program up while the other is waited for. Its input is empty. The stream ends when the program has
/// ended and what it wrote has been read: what a child of its own, which holds the pipes open, writes later is not waited for.
///
/// - Cancellation: asks the program to end (`SIGTERM`) and, after ``grace``, ends it (`SIGKILL`); so does leaving the loop. It
///   is always waited for, so that none stays behind as a zombie; the loop goes on before that, ``AsyncGenerator/forEach(_:)``
///   after it.
/// - Where it runs: the pipes are waited for without a thread; one thread waits for the program's end.
/// - Ordering: of each output; between the two, as they are read.
/// - Allocates: what ``merged(_:_:)`` does, and a piece for each output.
public struct Command: Sendable, Hashable {
    /// The program: a path, or a name to be looked up in `PATH`.
    public var program: String
    /// Its arguments, without its own name.
    public var arguments: [String]
    /// Its whole environment; `nil` for this process's.
    public var environment: [String: String]?
    /// Where it starts; `nil` for where this process is.
    public var directory: String?
    /// How long after `SIGTERM` it may still run before `SIGKILL` when it is not wanted any more.
    public var grace = Duration.seconds(5)

    /// Names a program; nothing is started.
    public init(_ program: String, _ arguments: [String] = []) {
        self.program = program
        self.arguments = arguments
    }

    /// What it writes, in pieces of `count` bytes at most, and how it ended.
    ///
    /// - Parameters:
    ///   - count: How many bytes a piece may have. Where a piece ends means nothing.
    ///   - checked: Whether an end that is not status 0 is a failure.
    ///   - clock: Measures ``grace``.
    /// - Throws: `ArgumentError` if `count` is below 1 or ``grace`` is negative; while it is read ``FileError`` if the program
    ///   cannot be started, ``CommandError``.
    public func pieces(
        of count: Int = 64 << 10, checked: Bool = true, clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> AsyncGenerator<CommandOutput<[UInt8]>> {
        guard count >= 1 else { throw ArgumentError("count", count, "it must be at least 1") }
        guard grace >= .zero else { throw ArgumentError("grace", grace, "it must not be negative") }
        return AsyncGenerator { [self] yield in
            let child = try ChildProcess(self)
            var complaint: [UInt8] = []
            do {
                for try await piece in merged(child.pieces(of: .output, count), child.pieces(of: .error, count)) {
                    if case .error(let bytes) = piece { complaint = (complaint + bytes).suffix(4 << 10) }
                    try await yield(piece)
                }
                let status = try await child.end()
                if checked, status != .exited(0) {
                    throw CommandError(
                        program: program, status: status, complaint: String(decoding: complaint, as: UTF8.self))
                }
                try await yield(.ended(status))
            } catch {
                child.stop(after: grace, on: clock)
                _ = try await withTaskCancellationShield { try await child.end() }
                throw error
            }
        }
    }

    /// What it writes, in lines, and how it ended; see ``LineSplitter`` for what a line is.
    ///
    /// What follows the last LF comes when the program has ended.
    /// - Parameters:
    ///   - limit: How many bytes a line may have.
    ///   - invalidText: What happens where a line is no UTF-8.
    ///   - checked: Whether an end that is not status 0 is a failure.
    ///   - clock: Measures ``grace``.
    /// - Throws: `ArgumentError` if `limit` is below 1 or ``grace`` is negative; while it is read what
    ///   ``pieces(of:checked:clock:)`` throws, ``LineTooLongError``, ``InvalidTextError``.
    public func lines(
        limit: Int = 16 << 20, invalidText: InvalidText = .repair, checked: Bool = true,
        clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> AsyncGenerator<CommandOutput<String>> {
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        let pieces = try pieces(checked: checked, clock: clock)
        return AsyncGenerator { yield in
            var (output, error) = (TextLines(limit, invalidText), TextLines(limit, invalidText))
            var status = CommandStatus.unknown
            var failure: (any Error)?
            // asynclint:ignore:next cancellation-shown-as-failure — thrown as it is, after the last half line
            do {
                // Not a loop: leaving one would not wait for the end of the program.
                try await pieces.forEach { piece in
                    switch piece {
                    case .output(let bytes):
                        output.append(bytes)
                        while let line = try output.next() { try await yield(.output(line)) }
                    case .error(let bytes):
                        error.append(bytes)
                        while let line = try error.next() { try await yield(.error(line)) }
                    case .ended(let end): status = end
                    }
                }
            } catch let end as CommandError {
                failure = end
            }
            if let line = try output.finish() { try await yield(.output(line)) }
            if let line = try error.finish() { try await yield(.error(line)) }
            if let failure { throw failure }
            try await yield(.ended(status))
        }
    }
}

/// A splitter whose lines are text.
private struct TextLines {
    private var splitter: LineSplitter
    private let invalidText: InvalidText

    init(_ limit: Int, _ invalidText: InvalidText) {
        splitter = LineSplitter(limit: limit)
        self.invalidText = invalidText
    }

    mutating func append(_ bytes: [UInt8]) { splitter.append(bytes) }

    mutating func next() throws -> String? {
        let offset = splitter.offset
        return try splitter.next().map { try text($0, invalidText, line: splitter.lineNumber, offset: offset) }
    }

    mutating func finish() throws -> String? {
        let offset = splitter.offset
        return try splitter.finish().map { try text($0, invalidText, line: splitter.lineNumber, offset: offset) }
    }
}
#endif
