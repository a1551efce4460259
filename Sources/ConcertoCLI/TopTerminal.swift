#if CLI
import Foundation

/// A terminal that a whole screen is drawn on.
struct TopTerminal {
    enum Key: Equatable { case quit, pause, help, up, down, pageUp, pageDown, home }

    let hasColor: Bool
    private var saved = termios()
    private var drawn: [TopScreen.Line] = []
    private var columns = 0
    private(set) var rows = 0

    init(hasColor: Bool) { self.hasColor = hasColor }

    /// Takes the screen: the other one, so that what stood there comes back.
    mutating func enter() {
        tcgetattr(STDIN_FILENO, &saved)
        var raw = saved
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO | ISIG)
        tcsetattr(STDIN_FILENO, TCSANOW, &raw)
        write("\u{1B}[?1049h\u{1B}[?25l")
    }

    /// Gives it back as it was.
    mutating func leave() {
        write("\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(STDIN_FILENO, TCSANOW, &saved)
    }

    /// Draws the lines that have changed.
    mutating func draw(_ state: TopScreen.State) {
        var size = winsize()
        let isKnown = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 && size.ws_row > 0
        let (columns, rows) = isKnown ? (Int(size.ws_col), Int(size.ws_row)) : (80, 24)
        var text = ""
        if (columns, rows) != (self.columns, self.rows) {
            text += "\u{1B}[2J"
            drawn = []
            (self.columns, self.rows) = (columns, rows)
        }
        let lines = TopScreen.lines(state, columns: columns, rows: rows)
        for (row, line) in lines.enumerated() where row >= drawn.count || drawn[row] != line {
            text += "\u{1B}[\(row + 1);1H" + styled(line) + "\u{1B}[K"
        }
        drawn = lines
        write(text)
    }

    private func styled(_ line: TopScreen.Line) -> String {
        switch line.style {
        case .plain: line.text
        case .title: "\u{1B}[1m\(line.text)\u{1B}[0m"
        case .alarm: hasColor ? "\u{1B}[31m\(line.text)\u{1B}[0m" : line.text
        }
    }

    /// The keys that have been pressed; `nil` if there is no keyboard any more.
    func keys() -> [Key]? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        return count > 0 ? Self.keys(Array(bytes[..<count])) : nil
    }

    static func keys(_ bytes: [UInt8]) -> [Key] {
        let sequences: [(String, Key)] = [
            ("\u{1B}[A", .up), ("\u{1B}[B", .down), ("\u{1B}OA", .up), ("\u{1B}OB", .down), ("\u{1B}[5~", .pageUp),
            ("\u{1B}[6~", .pageDown), ("\u{1B}[H", .home), ("q", .quit), ("Q", .quit), ("\u{03}", .quit), ("p", .pause),
            (" ", .pause), ("h", .help), ("?", .help), ("j", .down), ("k", .up), ("d", .pageDown), ("u", .pageUp),
            ("g", .home),
        ]
        var keys: [Key] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            if let (text, key) = sequences.first(where: { rest.starts(with: $0.0.utf8) }) {
                keys.append(key)
                rest = rest.dropFirst(text.utf8.count)
            } else if rest.starts(with: "\u{1B}[".utf8) {
                // Some other key: its sequence ends with a letter or a tilde, which is no key of its own.
                rest = rest.dropFirst(2).drop { $0 < 0x40 }.dropFirst()
            } else {
                rest = rest.dropFirst()
            }
        }
        return keys
    }

    private func write(_ text: String) { try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8)) }
}
#endif
