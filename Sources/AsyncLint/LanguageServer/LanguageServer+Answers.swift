#if Lint
/// What is answered about a place in a document.
extension LanguageServer {
    static let fixAll = "source.fixAll.asynclint"

    /// The fixes of the findings that touch a range; nil when the parameters make no sense.
    func codeActions(_ parameters: JSONValue) async -> JSONValue? {
        guard let uri = parameters["textDocument"]?["uri"]?.string,
            let start = EditorText.Position(parameters["range"]?["start"]),
            let end = EditorText.Position(parameters["range"]?["end"])
        else { return nil }
        // Without literals an action would have to be a command.
        guard client.takesActionLiterals, let checked = await checked(uri) else { return [] }
        let only = parameters["context"]?["only"]?.array?.compactMap(\.string)
        let wants = { (kind: String) in
            only?.contains { $0.isEmpty || kind == $0 || kind.hasPrefix($0 + ".") } ?? true
        }
        let version = documents[uri]?.version
        var actions: [JSONValue] = []
        if wants("quickfix") {
            let first = checked.text.offset(start)
            let last = checked.text.offset(end)
            for finding in checked.findings where finding.start.offset <= last && first <= finding.end.offset {
                for fix in finding.fixes {
                    let isSafe = fix.safety == .safe
                    actions.append([
                        "title": .string(isSafe ? fix.title : "\(fix.title) (a suggestion: changes what happens)"),
                        "kind": "quickfix", "isPreferred": .bool(isSafe),
                        "diagnostics": [diagnostic(finding, in: checked.text, uri)],
                        "edit": edit(fix.edits, of: uri, version, checked.text),
                    ])
                }
            }
        }
        if wants(Self.fixAll) {
            let outcome = Fixer.apply(checked.findings, to: checked.text.bytes)
            if outcome.count > 0 {
                let edits = outcome.applied.flatMap { $0.fix.edits }.sorted { $0.start < $1.start }
                actions.append([
                    "title": .string("fix what asynclint can fix safely (\(outcome.count))"),
                    "kind": .string(Self.fixAll), "edit": edit(edits, of: uri, version, checked.text),
                ])
            }
        }
        return .array(actions)
    }

    private func edit(_ edits: [Fix.Edit], of uri: String, _ version: Int?, _ text: EditorText) -> JSONValue {
        let list = JSONValue.array(
            edits.map { ["range": range($0.start, $0.end, in: text), "newText": .string($0.text)] })
        guard client.takesVersionedEdits else { return ["changes": .object([uri: list])] }
        let document: JSONValue = ["uri": .string(uri), "version": version.map { .integer($0) } ?? .null]
        return ["documentChanges": [["textDocument": document, "edits": list]]]
    }

    /// The pages of the rules that found something at a place, or that are named there by a comment; nil when the parameters make no
    /// sense.
    func hover(_ parameters: JSONValue) async -> JSONValue? {
        guard let uri = parameters["textDocument"]?["uri"]?.string,
            let position = EditorText.Position(parameters["position"])
        else { return nil }
        guard let checked = await checked(uri) else { return .null }
        let offset = checked.text.offset(position)
        let here = checked.findings.filter { $0.start.offset <= offset && offset <= $0.end.offset }
        var pages: [RulePage] = []
        for page in here.compactMap({ RuleCatalog.page(of: $0.rule) })
        where !pages.contains(where: { $0.id == page.id }) {
            pages.append(page)
        }
        if let named = ruleNamed(at: offset, in: checked.text, position.line) { pages.append(named) }
        guard !pages.isEmpty else { return .null }
        let texts = pages.map { client.showsMarkdown ? $0.hoverMarkdown : $0.plainText }
        var members: [String: JSONValue] = [
            "contents": [
                "kind": client.showsMarkdown ? "markdown" : "plaintext",
                "value": .string(texts.joined(separator: client.showsMarkdown ? "\n\n---\n\n" : "\n\n")),
            ]
        ]
        if here.count == 1 {
            members["range"] = range(here[0].start.offset, here[0].end.offset, in: checked.text)
        }
        return .object(members)
    }

    /// The rule whose id stands at an offset, in a comment that silences it.
    private func ruleNamed(at offset: Int, in text: EditorText, _ line: Int) -> RulePage? {
        guard text.line(line).contains("asynclint:ignore") else { return nil }
        let isPart = { (byte: UInt8) in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "/"): true
            default: false
            }
        }
        var start = offset
        while start > 0, isPart(text.bytes[start - 1]) { start -= 1 }
        var end = offset
        while end < text.bytes.count, isPart(text.bytes[end]) { end += 1 }
        return RuleCatalog.page(of: String(decoding: text.bytes[start..<end], as: UTF8.self))
    }
}

extension RulePage {
    /// The page without its examples but for the first: a hover has little room.
    var hoverMarkdown: String {
        var text = "**\(id)** (\(severity.rawValue)): \(summary)\n\n\(why)\n\n**Instead.** \(instead)\n"
        if !limits.isEmpty { text += "\n**Limits.** \(limits)\n" }
        if let example = reported.first {
            let code = example.code.filter { $0 != "↓" }
            text += "\n**Reported:** \(example.name)\n\n```swift\n\(code)\n```\n"
        }
        return text
    }
}
#endif
