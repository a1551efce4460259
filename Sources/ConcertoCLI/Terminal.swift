#if CLI
import Foundation

/// Standard error, for people.
enum Terminal {
    /// Whether standard error is a terminal that draws.
    static let draws = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Whether colours are welcome (no-color.org).
    static let hasColor = draws && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    static func complain(_ text: String) { write(text + "\n") }

    /// Replaces the current line.
    static func redraw(_ text: String) {
        write("\r\u{1B}[2K" + String(text.prefix(max(20, columns - 1))))
    }

    static func clearLine() { if draws { write("\r\u{1B}[2K") } }

    static func bold(_ text: String) -> String { hasColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

    static func red(_ text: String) -> String { hasColor ? "\u{1B}[31m\(text)\u{1B}[0m" : text }

    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    private static func write(_ text: String) {
        // Standard error may be gone; then there is nobody to tell.
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }
}
#endif
