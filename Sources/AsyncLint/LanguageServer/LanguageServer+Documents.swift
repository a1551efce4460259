#if Lint
import Foundation

/// Documents that come, change and go, and the checks that follow.
extension LanguageServer {
    func initialize(_ parameters: JSONValue) -> JSONValue {
        client = ClientAbilities(parameters["capabilities"])
        if let named = parameters["workspaceFolders"]?.array {
            folders = named.compactMap { Self.folder($0["uri"]) }
        } else if let root = Self.folder(parameters["rootUri"]) ?? parameters["rootPath"]?.string {
            folders = [root]
        }
        return [
            "capabilities": [
                "positionEncoding": "utf-16",
                // 2: changes come as edits.
                "textDocumentSync": ["openClose": true, "change": 2, "save": true],
                "codeActionProvider": ["codeActionKinds": ["quickfix", .string(Self.fixAll)]],
                "hoverProvider": true,
                "workspace": ["workspaceFolders": ["supported": true, "changeNotifications": true]],
            ],
            "serverInfo": ["name": "asynclint", "version": .string(AsyncLintVersion.current)],
        ]
    }

    private static func folder(_ uri: JSONValue?) -> String? {
        guard let text = uri?.string, let url = URL(string: text), url.isFileURL else { return nil }
        return url.standardizedFileURL.path
    }

    func changeFolders(_ parameters: JSONValue) {
        let event = parameters["event"]
        let gone = (event?["removed"]?.array ?? []).compactMap { Self.folder($0["uri"]) }
        let new = (event?["added"]?.array ?? []).compactMap { Self.folder($0["uri"]) }
        folders = folders.filter { !gone.contains($0) } + new
    }

    func open(_ parameters: JSONValue) {
        guard let item = parameters["textDocument"], let uri = item["uri"]?.string, let text = item["text"]?.string
        else { return }
        if let language = item["languageId"]?.string, language != "swift" { return }
        documents[uri]?.checking?.cancel()
        documents[uri] = EditorDocument(
            uri: uri, place: EditorDocument.Place(uri: uri, folders: folders), text: EditorText(Array(text.utf8)),
            version: item["version"]?.integer)
        startChecking(uri)
    }

    func change(_ parameters: JSONValue) {
        guard let uri = parameters["textDocument"]?["uri"]?.string, var document = documents[uri],
            let changes = parameters["contentChanges"]?.array
        else { return }
        for change in changes {
            guard let text = change["text"]?.string else { continue }
            guard let range = change["range"] else {
                document.text.replace(nil, with: text)
                continue
            }
            guard let start = EditorText.Position(range["start"]), let end = EditorText.Position(range["end"]) else {
                continue
            }
            document.text.replace(min(start, end)..<max(start, end), with: text)
        }
        document.version = parameters["textDocument"]?["version"]?.integer
        document.revision += 1
        documents[uri] = document
        startChecking(uri)
    }

    func close(_ parameters: JSONValue) {
        guard let uri = parameters["textDocument"]?["uri"]?.string, let document = documents.removeValue(forKey: uri)
        else { return }
        document.checking?.cancel()
        publish(uri, version: nil, [])
    }

    /// Files changed, or the configuration: every open document is looked at again.
    func refresh() {
        generation += 1
        told = []
        for uri in documents.keys.sorted() {
            documents[uri]?.revision += 1
            startChecking(uri)
        }
    }

    /// The findings of a document's newest text; nil when it is not open.
    func checked(_ uri: String) async -> EditorDocument.Checked? {
        while let document = documents[uri] {
            if let checked = document.checked, checked.revision == document.revision { return checked }
            guard let checking = document.checking else { return nil }
            await checking.value
        }
        return nil
    }

    private func startChecking(_ uri: String) {
        guard let document = documents[uri], document.checking == nil else { return }
        documents[uri]?.checking = Task { await self.check(uri) }
    }

    /// Checks a document until what was found belongs to its newest text. One task a document runs it.
    private func check(_ uri: String) async {
        while !Task.isCancelled, let document = documents[uri], document.checked?.revision != document.revision {
            let findings = await findings(of: document)
            // The document may be closed by now, or open anew with a task of its own.
            if Task.isCancelled { return }
            let checked = EditorDocument.Checked(
                revision: document.revision, text: document.text, findings: findings)
            documents[uri]?.checked = checked
            guard let newest = documents[uri], newest.revision == document.revision else { continue }
            publish(uri, version: newest.version, findings.map { diagnostic($0, in: checked.text, uri) })
        }
        if !Task.isCancelled { documents[uri]?.checking = nil }
    }

    private func findings(of document: EditorDocument) async -> [Finding] {
        let place = document.place
        let setup: Setup
        do { setup = try settings(place.folder, place.root ?? place.folder) } catch {
            tell("\(error)")
            return []
        }
        if setup.configuration.excludes(place.path) { return [] }
        guard let root = place.root else {
            return await EditorIndex(root: place.folder, configuration: setup.configuration)
                .findings(in: place.path, document.text.bytes, open: [:])
        }
        let index = await index(of: root, setup).value
        if Task.isCancelled { return [] }
        let open = documents.values.filter { $0.place.root == root }
        let texts = Dictionary(open.map { ($0.place.path, $0.text.bytes) }) { $1 }
        return await index.findings(in: place.path, document.text.bytes, open: texts)
    }

    /// The declarations below a folder: one task reads them, whoever asks.
    private func index(of root: String, _ setup: Setup) -> Task<EditorIndex, Never> {
        let key = root + "\u{0}" + setup.identity
        if let known = indexes[key], known.generation == generation { return known.task }
        let before = indexes[key]?.task
        // Indexes of configurations that hold no longer are of no use to anybody.
        indexes = indexes.filter { $0.value.generation + 1 >= generation }
        let task = Task {
            let index = await before?.value ?? EditorIndex(root: root, configuration: setup.configuration)
            return await index.updated()
        }
        indexes[key] = Index(generation: generation, task: task)
        return task
    }

    private func tell(_ problem: String) {
        guard told.insert(problem).inserted else { return }
        // 1: an error.
        notify("window/showMessage", ["type": 1, "message": .string("asynclint: \(problem)")])
    }

    private func publish(_ uri: String, version: Int?, _ diagnostics: [JSONValue]) {
        var parameters: [String: JSONValue] = ["uri": .string(uri), "diagnostics": .array(diagnostics)]
        if let version { parameters["version"] = .integer(version) }
        notify("textDocument/publishDiagnostics", .object(parameters))
    }

    func diagnostic(_ finding: Finding, in text: EditorText, _ uri: String) -> JSONValue {
        let level =
            switch finding.severity {
            case .error: 1
            case .warning: 2
            case .info: 3
            }
        var members: [String: JSONValue] = [
            "range": range(finding.start.offset, finding.end.offset, in: text), "severity": .integer(level),
            "code": .string(finding.rule), "source": "asynclint", "message": .string(finding.message),
        ]
        if client.showsRelatedPlaces, !finding.notes.isEmpty {
            members["relatedInformation"] = .array(
                finding.notes.map { note in
                    let place = range(note.position.offset, note.position.offset, in: text)
                    return [
                        "location": ["uri": .string(uri), "range": place], "message": .string(note.message),
                    ]
                })
        }
        return .object(members)
    }

    func range(_ start: Int, _ end: Int, in text: EditorText) -> JSONValue {
        ["start": text.position(start).json, "end": text.position(end).json]
    }
}
#endif
