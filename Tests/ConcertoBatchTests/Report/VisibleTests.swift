#if Batch
import Testing

@testable import ConcertoBatch

struct VisibleTests {
    // S3: an id set the terminal's title, and one with a line break broke the list of failures.
    @Test(arguments: [
        ("plain é 😀", "plain é 😀"), ("\u{1B}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"), ("a\nb\tc", "a\\u{a}b\\u{9}c"),
        ("\u{9B}31m", "\\u{9b}31m"), ("\u{202E}gpj", "\\u{202e}gpj"), ("\u{2028}", "\\u{2028}"), ("", ""),
    ])
    func `control characters are spelt out`(text: String, shown: String) { #expect(Visible.text(text) == shown) }

    @Test func `line breaks of a text of lines stay`() {
        #expect(Visible.lines("a\n\tb\u{1B}[2K\r\n") == "a\n\tb\\u{1b}[2K\\u{d}\n")
    }
}
#endif
