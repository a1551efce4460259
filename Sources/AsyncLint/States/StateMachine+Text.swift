#if Lint
extension StateMachine {
    /// The machine as text for a terminal.
    public var text: String {
        let count = suspensions.count
        var text = "\(signature)    \(path):\(line)\n"
        text +=
            "\(isolation) · \(count) suspension point\(count == 1 ? "" : "s") · \(states.count) state\(states.count == 1 ? "" : "s")\n"
        for state in states {
            text += "\nS\(state.number)\(state.number == 0 ? "  begins" : "")\n"
            for line in state.lines { text += "  \(Self.number(line.number))  \(line.text)\n" }
            if let suspension = state.suspension {
                text += "  \(Self.number(suspension.line))  ⏸ await \(suspension.text)\n"
                if let hop = suspension.hop { text += "          runs \(hop)\n" }
                text +=
                    "          lives across: \(suspension.live.isEmpty ? "nothing" : suspension.live.joined(separator: ", "))\n"
            }
            for transition in state.transitions {
                text += "        → \(transition.target.map { "S\($0)" } ?? "end")  \(transition.label)\n"
            }
        }
        if !deferred.isEmpty {
            text += "\nat the end, by defer\n"
            for line in deferred { text += "  \(Self.number(line.number))  \(line.text)\n" }
        }
        return text
    }

    /// The machine as a Mermaid state diagram, which GitHub draws.
    public var mermaid: String {
        var text = "stateDiagram-v2\n    [*] --> S0\n"
        for state in states {
            var lines = state.lines.map { "\($0.number): \($0.text)" }
            if let suspension = state.suspension { lines.append("\(suspension.line): await \(suspension.text)") }
            if lines.isEmpty { lines = ["(nothing)"] }
            text += "    S\(state.number): " + lines.map(Self.escaped).joined(separator: "<br/>") + "\n"
        }
        for state in states {
            for transition in state.transitions {
                let target = transition.target.map { "S\($0)" } ?? "[*]"
                var label = transition.label
                if label == "resumes", let suspension = state.suspension, !suspension.live.isEmpty {
                    label += " · lives: " + suspension.live.joined(separator: ", ")
                }
                text += "    S\(state.number) --> \(target): \(Self.escaped(label))\n"
            }
        }
        return text
    }

    private static func number(_ line: Int) -> String {
        let digits = String(line)
        return String(repeating: " ", count: max(0, 4 - digits.count)) + digits
    }

    /// Mermaid ends a label at a colon or semicolon, and reads `#` as the start of an entity.
    private static func escaped(_ text: String) -> String {
        text.map { character -> String in
            switch character {
            case "#": "#35;"
            case ";": "#59;"
            case ":": "#58;"
            case "\"": "#quot;"
            case "<": "#lt;"
            case ">": "#gt;"
            case "{": "#123;"
            case "}": "#125;"
            default: String(character)
            }
        }.joined()
    }
}
#endif
