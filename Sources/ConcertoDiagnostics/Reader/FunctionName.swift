import CConcerto

/// What a symbol of a Swift function is called by a person.
struct FunctionName: Sendable, Equatable {
    /// Short: without modules of the standard library, types of parameters, effects and generic clauses.
    let text: String
    /// Whether the compiler or the runtime made it, and nobody wrote it.
    let isPlumbing: Bool

    /// - Parameter symbol: As it stands in an image's table.
    init(symbol: String) {
        let mangled = Self.withoutResumeSuffix(symbol)
        self.init(demangled: Self.demangled(mangled) ?? mangled)
    }

    /// - Parameter demangled: In source form.
    init(demangled: String) {
        let text = Self.shortened(demangled)
        isPlumbing = Self.plumbing.contains { demangled.contains($0) } || Self.wrappers.contains { text.hasPrefix($0) }
        self.text = text
    }

    private static let plumbing = [
        "partial apply", "reabstraction thunk", "_resume_adapter", "future_adapter", "completeTask", "task_future_wait",
        "awaitAllRemainingTasks", "dispatch thunk", "protocol witness for",
    ]

    /// Functions of the standard library that only call what they are given. Some programs have them inlined.
    private static let wrappers = [
        "withUnsafeContinuation(", "withUnsafeThrowingContinuation(", "withCheckedContinuation(",
        "withCheckedThrowingContinuation(", "_unsafeInheritExecutor_with", "withTaskCancellationHandler(",
        "withTaskGroup(", "withThrowingTaskGroup(", "withDiscardingTaskGroup(", "withThrowingDiscardingTaskGroup(",
        "TaskLocal.withValue(",
    ]

    /// The parts that an async function is cut into differ in a suffix: `TY0_`, `TQ1_`, and a number behind a point.
    static func withoutResumeSuffix(_ symbol: String) -> String {
        var name = Substring(symbol)
        while true {
            if name.last == "_" {
                let digits = name.dropLast().reversed().prefix { $0.isNumber }.count
                let rest = name.dropLast(1 + digits)
                guard digits > 0, rest.hasSuffix("TY") || rest.hasSuffix("TQ") else { break }
                name = rest.dropLast(2)
            } else if let point = name.lastIndex(of: "."), name[name.index(after: point)...].allSatisfy(\.isNumber),
                name.hasPrefix("$s")
            {
                name = name[..<point]
            } else {
                break
            }
        }
        return String(name)
    }

    private static func demangled(_ name: String) -> String? {
        guard let source = concerto_demangle(name) else { return nil }
        defer { concerto_free(source) }
        return String(cString: source)
    }

    /// `closure #1 () async -> () in App.Shop.sell(Swift.Int) async throws -> ()` is `closure #1 in App.Shop.sell(_:)`.
    private static func shortened(_ name: String) -> String {
        var name = name
        for prefix in ["generic not re-abstracted specialization ", "generic specialization ", "merged "]
        where name.hasPrefix(prefix) {
            name.removeFirst(prefix.count)
            if name.hasPrefix("<"), let end = name.range(of: "> of ") { name.removeSubrange(..<end.upperBound) }
        }
        while let start = name.range(of: "function signature specialization <"),
            let end = name.range(of: "> of ", from: start.upperBound)
        {
            name.removeSubrange(start.lowerBound..<end.upperBound)
        }
        if name == "async_Main" || name == "main" { return "main" }
        return contexts(of: name).map(withoutDetails).joined(separator: " in ")
    }

    /// The function and those around it, as `in` parts them outside of all brackets.
    private static func contexts(of name: String) -> [Substring] {
        var parts: [Substring] = []
        var start = name.startIndex
        var depth = 0
        var index = name.startIndex
        while index < name.endIndex {
            switch name[index] {
            case "(", "<", "[": depth += 1
            case ")", "]": depth -= 1
            // An arrow ends no bracket.
            case ">" where index == name.startIndex || name[name.index(before: index)] != "-": depth -= 1
            case " " where depth == 0 && name[index...].hasPrefix(" in "):
                parts.append(name[start..<index])
                index = name.index(index, offsetBy: 4)
                start = index
                continue
            default: break
            }
            index = name.index(after: index)
        }
        return parts + [name[start...]]
    }

    private static func withoutDetails(_ part: Substring) -> String {
        var text = ""
        var rest = part
        for prefix in ["static ", "implicit "] where rest.hasPrefix(prefix) { rest.removeFirst(prefix.count) }
        if rest.hasPrefix("(extension in "), let end = rest.range(of: "):") { rest = rest[end.upperBound...] }
        let isClosure = rest.hasPrefix("closure #")
        var index = rest.startIndex
        scan: while index < rest.endIndex {
            switch rest[index] {
            case "<":
                // An operator is no bracket.
                guard let end = matching(rest, from: index) else {
                    text.append("<")
                    break
                }
                index = end
            case "(":
                guard let end = matching(rest, from: index) else { break scan }
                let inside = rest[rest.index(after: index)..<end]
                // What is private has its file in brackets.
                if inside.contains(" in _") {
                    text += inside.prefix { $0 != " " }
                } else if isClosure {
                    break scan
                } else {
                    text += "(" + labels(inside) + ")"
                    break scan
                }
                index = end
            case " ":
                let tail = rest[index...]
                if isClosure, tail.dropFirst().first != "#" { break scan }
                if tail.hasPrefix(" : ") || tail.hasPrefix(" async") || tail.hasPrefix(" throws")
                    || tail.hasPrefix(" -> ")
                {
                    break scan
                }
                text.append(" ")
            default: text.append(rest[index])
            }
            index = rest.index(after: index)
        }
        for accessor in [".getter", ".read", ".modify"] where text.hasSuffix(accessor) {
            text.removeLast(accessor.count)
        }
        for module in ["Swift.", "_Concurrency."] where text.hasPrefix(module) { text.removeFirst(module.count) }
        while text.last == " " { text.removeLast() }
        return text
    }

    /// `limit: Swift.Int, Swift.String` is `limit:_:`.
    private static func labels(_ parameters: Substring) -> String {
        if parameters.isEmpty { return "" }
        var text = ""
        var depth = 0
        var current = ""
        var isLabel = true
        var previous: Character = " "
        func flush() { text += (isLabel || current.isEmpty ? "_" : current) + ":" }
        for character in parameters {
            switch character {
            case "(", "<", "[": depth += 1
            case ")", "]": depth -= 1
            case ">" where previous != "-": depth -= 1
            case "," where depth == 0:
                flush()
                current = ""
                isLabel = true
            case ":" where depth == 0 && isLabel: isLabel = false
            case " " where current.isEmpty: break
            default: if isLabel { current.append(character) }
            }
            previous = character
        }
        flush()
        return text
    }

    private static func matching(_ text: Substring, from start: Substring.Index) -> Substring.Index? {
        var depth = 0
        var index = start
        var previous: Character = " "
        while index < text.endIndex {
            switch text[index] {
            case "(", "<", "[": depth += 1
            case ")", "]": depth -= 1
            case ">" where previous != "-": depth -= 1
            default: break
            }
            if depth == 0 { return index }
            previous = text[index]
            index = text.index(after: index)
        }
        return nil
    }
}

extension StringProtocol {
    /// Where `other` is for the first time at or after `start`.
    fileprivate func range(of other: String, from start: Index? = nil) -> Range<Index>? {
        var index = start ?? startIndex
        while index < endIndex {
            if self[index...].hasPrefix(other) {
                return index..<self.index(index, offsetBy: other.count)
            }
            index = self.index(after: index)
        }
        return nil
    }

    fileprivate func contains(_ other: String) -> Bool { range(of: other) != nil }
}
