#if CLI
import Concerto
import ConcertoBatch
import Foundation

/// Standard error, for people.
enum Terminal {
    /// Whether standard error is a terminal that draws.
    static let draws = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Whether colours are welcome (no-color.org).
    static let hasColor = draws && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    /// Whether a line that redraws itself stands on the terminal.
    private static let hasLine = Guarded(false)

    /// Writes a line, below what was written and in the place of a line that redraws itself.
    ///
    /// - Parameter label: Stands before it, in red.
    static func complain(_ text: String, label: String? = nil) {
        let label = label.map { red($0) + "  " } ?? ""
        hasLine.withLock { hasLine in
            write((hasLine ? erase : "") + label + Visible.lines(text) + "\n")
            hasLine = false
        }
    }

    /// Replaces the current line.
    static func redraw(_ text: String) {
        hasLine.withLock { hasLine in
            write(erase + String(Visible.text(text).prefix(room)))
            hasLine = true
        }
    }

    private static let erase = "\r\u{1B}[2K"

    /// Characters that fit into a line.
    static var room: Int { max(20, columns - 1) }

    static func clearLine() {
        hasLine.withLock { hasLine in
            if hasLine { write(erase) }
            hasLine = false
        }
    }

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
