#if Lint
import Testing

@testable import AsyncLint

@Suite("Positions of an editor")
struct EditorTextTests {
    private func text(_ string: String) -> EditorText { EditorText(Array(string.utf8)) }

    private func at(_ line: Int, _ column: Int) -> EditorText.Position { .init(line: line, column: column) }

    @Test func `a column counts UTF-16 units: an emoji is two, a letter with an accent one`() {
        let text = text("a\u{E9}\u{1F600}中b\n😀x")
        #expect(text.position(0) == .init(line: 0, column: 0))
        #expect(text.position(1) == .init(line: 0, column: 1))
        #expect(text.position(3) == .init(line: 0, column: 2))
        #expect(text.position(7) == .init(line: 0, column: 4))
        #expect(text.position(10) == .init(line: 0, column: 5))
        #expect(text.position(12) == .init(line: 1, column: 0))
        #expect(text.position(16) == .init(line: 1, column: 2))
    }

    @Test func `every boundary of a character comes back from its position`() {
        let string = "let 😀 = \"中\u{301}é\"\r\n\tx\r// lone\n\n🇩🇪 end"
        let text = text(string)
        var offset = 0
        for scalar in string.unicodeScalars {
            let position = text.position(offset)
            // `\r\n` ends a line before it begins another: its middle is no place for an editor.
            if scalar != "\n" || offset == 0 || text.bytes[offset - 1] != 0x0D {
                #expect(text.offset(position) == offset, "\(scalar) at \(offset)")
            }
            offset += String(scalar).utf8.count
        }
        #expect(text.offset(text.position(offset)) == offset)
    }

    @Test func `a place outside the text is its nearest end`() {
        let text = text("ab\r\n😀")
        #expect(text.offset(.init(line: 0, column: 99)) == 2)
        #expect(text.offset(.init(line: 9, column: 0)) == 8)
        #expect(text.offset(.init(line: 1, column: 1)) == 4)
        #expect(text.position(99) == .init(line: 1, column: 2))
        #expect(text.position(-1) == .init(line: 0, column: 0))
        #expect(EditorText([]).offset(.init(line: 0, column: 3)) == 0)
    }

    @Test func `edits change what lies between two places, also over lines and behind the end`() {
        var text = text("one\ntwo\nthree")
        text.replace(at(0, 1)..<at(2, 2), with: "😀\n")
        #expect(String(decoding: text.bytes, as: UTF8.self) == "o😀\nree")
        text.replace(at(7, 0)..<at(8, 0), with: "!")
        #expect(String(decoding: text.bytes, as: UTF8.self) == "o😀\nree!")
        #expect(text.line(1) == "ree!")
        text.replace(nil, with: "")
        #expect(text.bytes.isEmpty)
    }
}
#endif
