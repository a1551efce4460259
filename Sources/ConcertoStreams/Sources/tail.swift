public import Concerto
public import ConcertoRuntime

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Where a tail begins.
public enum TailStart: Sendable, Hashable {
    /// With the first line of the file.
    case beginning
    /// With what is written from now on.
    case end
    /// With the last lines that are there.
    case last(Int)
}

extension File {
    /// The lines of a file that is being written, as they are completed; it never ends by itself.
    ///
    /// It looks at the file every `interval`. A line comes when its LF is there. A file that has become shorter is read from its
    /// beginning; one that was renamed away is read to its end, also its last half line, and then the file that has its name
    /// now. While there is none with that name it waits.
    ///
    /// - Cancellation: ends the wait.
    /// - Where it runs: as a generator's body; reads are declared as blocking.
    /// - Parameters:
    ///   - start: Where to begin.
    ///   - interval: How often to look.
    ///   - limit: How many bytes a line may have.
    ///   - clock: Measures `interval`.
    /// - Throws: `ArgumentError` for an interval that is not positive, a limit below 1 or a negative number of lines;
    ///   while it is read ``FileError`` and ``LineTooLongError``.
    public func tail(
        from start: TailStart = .end, every interval: Duration = .milliseconds(250), limit: Int = 16 << 20,
        clock: any TimerClock = MonotonicClock()
    ) throws(ArgumentError) -> AsyncGenerator<String> {
        guard interval > .zero else { throw ArgumentError("interval", interval, "it must be positive") }
        guard limit >= 1 else { throw ArgumentError("limit", limit, "it must be at least 1") }
        if case .last(let count) = start, count < 0 {
            throw ArgumentError("start", count, "the number of lines must not be negative")
        }
        return AsyncGenerator { [path] yield in
            var followed = try FollowedFile(path: path, limit: limit)
            try followed.seek(to: start)
            while true {
                while let line = try followed.nextLine() { try await yield(line) }
                if try followed.isReplaced() {
                    if let rest = try followed.finish() { try await yield(rest) }
                    followed = try FollowedFile(path: path, limit: limit)
                    continue
                }
                if try followed.restartIfShorter() { continue }
                try await clock.sleep(for: interval)
            }
        }
    }
}

/// A file that somebody else writes.
private struct FollowedFile {
    let path: String
    let limit: Int
    let reader: FileReader
    var splitter: LineSplitter
    var position: off_t = 0

    init(path: String, limit: Int) throws {
        self.path = path
        self.limit = limit
        reader = try FileReader(path: path)
        splitter = LineSplitter(limit: limit)
    }

    private func status() throws -> stat {
        var status = stat()
        guard fstat(reader.descriptor, &status) == 0 else {
            throw FileError(path: path, operation: "stat", code: errno)
        }
        return status
    }

    mutating func seek(to start: TailStart) throws {
        switch start {
        case .beginning: return
        case .end: position = try status().st_size
        case .last(let count): position = try startOfLast(count)
        }
        lseek(reader.descriptor, position, SEEK_SET)
    }

    /// Where the last `count` lines begin: from the end backwards, so that a large file costs what is asked of it.
    private func startOfLast(_ count: Int) throws -> off_t {
        var end = try status().st_size
        guard count > 0 else { return end }
        var left = count
        var isLastByte = true
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while end > 0 {
            let length = Swift.min(off_t(block.count), end)
            let got = withBlocking { pread(reader.descriptor, &block, Int(length), end - length) }
            guard got > 0 else { throw FileError(path: path, operation: "read", code: errno) }
            for index in stride(from: got - 1, through: 0, by: -1) where block[index] == 0x0A {
                // The one at the very end closes the last line.
                if isLastByte, index == got - 1 {
                    isLastByte = false
                    continue
                }
                left -= 1
                if left == 0 { return end - length + off_t(index) + 1 }
            }
            isLastByte = false
            end -= length
        }
        return 0
    }

    /// The next line that is complete; `nil` if there is none yet.
    mutating func nextLine() throws -> String? {
        while true {
            if let line = try splitter.next() { return String(decoding: line, as: UTF8.self) }
            var failure: FileError?
            let count = splitter.append(upTo: 64 << 10) { memory in
                switch reader.read(into: memory) {
                case .success(let count): return count ?? 0
                case .failure(let error):
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            if count == 0 { return nil }
            position += off_t(count)
        }
    }

    /// What stands after the last LF.
    mutating func finish() throws -> String? {
        try splitter.finish().map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether another file has the name now.
    func isReplaced() throws -> Bool {
        var named = stat()
        guard stat(path, &named) == 0 else { return false }
        let own = try status()
        return named.st_ino != own.st_ino || named.st_dev != own.st_dev
    }

    /// Begins anew if the file has become shorter than what has been read.
    mutating func restartIfShorter() throws -> Bool {
        guard try status().st_size < position else { return false }
        lseek(reader.descriptor, 0, SEEK_SET)
        position = 0
        splitter = LineSplitter(limit: limit)
        return true
    }
}
