#if Batch
/// A place in a JSON text: `.a.b[0]["c d"]`, `.items[].id` for each of a list, `.x // "none"` for what stands there if
/// nothing does.
///
/// What is found comes out as it stands in the text: digits, escapes and the order of members are kept.
public struct JSONPath: Sendable {
    private enum Step: Sendable {
        case member(String)
        /// From the end if negative.
        case element(Int)
        case each
    }

    /// Why a text is no path.
    public struct Problem: Error, CustomStringConvertible, Sendable {
        /// What is wrong, and what a path looks like.
        public var description: String
    }

    private var steps: [Step] = []
    private var fallback: JSONText?
    /// What was written.
    public let source: String

    /// Whether it finds a list.
    var isPlural: Bool { steps.contains { if case .each = $0 { true } else { false } } }

    /// Reads a path.
    ///
    /// - Throws: ``Problem``.
    public init(_ text: String) throws(Problem) {
        source = text
        var rest = Substring(text).drop(while: \.isWhitespace)
        func problem(_ what: String) -> Problem {
            Problem(
                description:
                    "'\(Visible.text(text))' is no path: \(what); one looks like .items[0].name, .items[].id or .\"a b\" // \"none\""
            )
        }
        guard rest.first == "." || rest.first == "[" else { throw problem("it begins with neither . nor [") }
        while let first = rest.first, !first.isWhitespace {
            switch first {
            case ".":
                rest.removeFirst()
                guard let next = rest.first, next != "[", next != "/", !next.isWhitespace else { continue }
                if next == "\"" {
                    steps.append(.member(try Self.string(&rest) { problem($0) }))
                    continue
                }
                let name = rest.prefix { !".[\" \t\n/=!<>".contains($0) }
                guard !name.isEmpty else { throw problem("a name is missing behind a dot") }
                steps.append(.member(String(name)))
                rest = rest[name.endIndex...]
            case "[":
                rest.removeFirst()
                if rest.first == "\"" {
                    steps.append(.member(try Self.string(&rest) { problem($0) }))
                } else {
                    let inside = rest.prefix { $0 != "]" }
                    if inside.isEmpty {
                        steps.append(.each)
                    } else if let index = Int(inside) {
                        steps.append(.element(index))
                    } else {
                        throw problem("[\(Visible.text(inside))] holds neither a number nor a string")
                    }
                    rest = rest[inside.endIndex...]
                }
                guard rest.first == "]" else { throw problem("a bracket is not closed") }
                rest.removeFirst()
            case "/": throw problem("spaces go around //")
            default: throw problem("'\(first)' is not understood there")
            }
        }
        rest = rest.drop(while: \.isWhitespace)
        guard !rest.isEmpty else { return }
        guard rest.hasPrefix("//") else { throw problem("'\(Visible.text(rest.prefix(20)))' is not understood there") }
        do throws(JSONSyntaxError) {
            fallback = try JSONText(rest.dropFirst(2).utf8)
        } catch {
            throw problem("what stands behind // must be JSON, a string in quotes")
        }
    }

    private static func string(_ rest: inout Substring, _ problem: (String) -> Problem) throws(Problem) -> String {
        var end = rest.index(after: rest.startIndex)
        while end < rest.endIndex, rest[end] != "\"" {
            if rest[end] == "\\" { end = rest.index(after: end) }
            if end < rest.endIndex { end = rest.index(after: end) }
        }
        guard end < rest.endIndex else { throw problem("a quote is not closed") }
        let quoted = rest[...end]
        guard let text = (try? JSONText(quoted.utf8))?.stringValue else { throw problem("a string in it is no JSON") }
        rest = rest[quoted.endIndex...]
        return text
    }

    /// What stands there; `nil` if nothing does.
    ///
    /// - Parameter text: A JSON text that has been validated.
    func value(in text: [UInt8]) -> JSONText? {
        var found: [Range<Int>] = []
        text.withUnsafeBufferPointer { Self.find(steps[...], in: $0, at: 0, &found) }
        if isPlural {
            guard !found.isEmpty else { return fallback ?? JSONText(compacted: Array("[]".utf8)) }
            var list: [UInt8] = [UInt8(ascii: "[")]
            for range in found {
                if list.count > 1 { list.append(UInt8(ascii: ",")) }
                list += JSONText(validated: text[range]).bytes
            }
            return JSONText(compacted: list + [UInt8(ascii: "]")])
        }
        guard let range = found.first else { return fallback }
        let value = JSONText(validated: text[range])
        return value.text == "null" ? fallback ?? value : value
    }

    private static func find(
        _ steps: ArraySlice<Step>, in text: UnsafeBufferPointer<UInt8>, at start: Int, _ found: inout [Range<Int>]
    ) {
        var scanner = JSONScanner(text, at: start)
        guard let step = steps.first else {
            if let range = try? scanner.value() { found.append(range) }
            return
        }
        let rest = steps.dropFirst()
        switch (scanner.peek(), step) {
        case (UInt8(ascii: "{"), .member(let name)):
            // Of equal names the last one counts, as with most readers.
            var place: Int?
            scanner.eachMember { key, start in if key.matches(name, in: text) { place = start } }
            if let place { find(rest, in: text, at: place, &found) }
        case (UInt8(ascii: "{"), .each): scanner.eachMember { _, start in find(rest, in: text, at: start, &found) }
        case (UInt8(ascii: "["), .each): for start in scanner.elements() { find(rest, in: text, at: start, &found) }
        case (UInt8(ascii: "["), .element(let index)):
            let elements = scanner.elements()
            let place = index < 0 ? elements.count + index : index
            if elements.indices.contains(place) { find(rest, in: text, at: elements[place], &found) }
        default: break
        }
    }
}

extension Range<Int> {
    /// Whether the JSON string that stands there is `name`.
    fileprivate func matches(_ name: String, in text: UnsafeBufferPointer<UInt8>) -> Bool {
        let inside = text[(lowerBound + 1)..<(upperBound - 1)]
        if !inside.contains(UInt8(ascii: "\\")) { return inside.elementsEqual(name.utf8) }
        return JSONText(compacted: Array(text[self])).stringValue == name
    }
}

extension JSONScanner {
    /// Calls `body` with each member of the object that comes next: where its name, and where its value, stands. Ends early
    /// at what is no JSON.
    fileprivate mutating func eachMember(_ body: (Range<Int>, Int) -> Void) {
        guard consume(UInt8(ascii: "{")), peek() != UInt8(ascii: "}") else { return }
        repeat {
            skipWhitespace()
            guard let key = try? string(), consume(UInt8(ascii: ":")), let value = try? value() else { return }
            body(key, value.lowerBound)
        } while consume(UInt8(ascii: ","))
    }

    /// Where the elements of the array stand that comes next.
    fileprivate mutating func elements() -> [Int] {
        var starts: [Int] = []
        guard consume(UInt8(ascii: "[")), peek() != UInt8(ascii: "]") else { return starts }
        repeat {
            guard let value = try? value() else { return starts }
            starts.append(value.lowerBound)
        } while consume(UInt8(ascii: ","))
        return starts
    }
}
#endif
