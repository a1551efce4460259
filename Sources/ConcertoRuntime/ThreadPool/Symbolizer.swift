import CConcerto

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Asks `llvm-symbolizer`, which reads DWARF, for files and lines. A process of its own: it may take seconds and hundreds of
/// megabytes for a large program, and must not end this one.
enum Symbolizer {
    /// `frames` with what is known of their lines. Waits for the other process: for threads of their own only.
    static func located(_ frames: [ThreadPool.BlockingReport.Frame]) -> [ThreadPool.BlockingReport.Frame] {
        let program = getenv("CONCERTO_SYMBOLIZER").map { String(cString: $0) } ?? "llvm-symbolizer"
        guard !program.isEmpty else { return frames }
        var frames = frames
        // The images of systems' libraries are large, and have no lines as a rule.
        let wanted = frames.indices.filter { frames[$0].fileAddress != 0 && !frames[$0].isInfrastructure }
        for image in Set(wanted.map { frames[$0].image }) {
            let indices = wanted.filter { frames[$0].image == image }
            let file = image == "/proc/self/exe" ? "/proc/\(getpid())/exe" : image
            let arguments =
                [program, "--obj=\(file)", "--functions=none", "--no-inlines", "--basenames", "--output-style=GNU"]
                + indices.map { "0x" + String(frames[$0].fileAddress, radix: 16) }
            let lines = output(of: arguments).split(separator: "\n")
            guard lines.count == indices.count else { continue }
            for (index, line) in zip(indices, lines) where line.first != "?" && !line.hasSuffix(":0") {
                frames[index].location = String(line.prefix { $0 != " " })
            }
        }
        return frames
    }

    /// What a program writes to its standard output; empty if it cannot be started.
    private static func output(of arguments: [String]) -> String {
        #if os(Linux)
        var ends: [Int32] = [0, 0]
        guard concerto_pipe(&ends) == 0 else { return "" }
        defer { close(ends[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var pointers = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process: pid_t = 0
        let error = posix_spawnp(&process, arguments[0], &actions, nil, &pointers, environ)
        close(ends[1])
        guard error == 0 else { return "" }
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(ends[0], &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            text += part[..<count]
        }
        while waitpid(process, nil, 0) < 0, errno == EINTR {}
        return String(decoding: text, as: UTF8.self)
        #else
        return ""
        #endif
    }
}
