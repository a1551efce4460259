#if Batch
extension RowParser {
    /// A parser of rows as the options have them read.
    init(_ options: BatchOptions, key: SipHash.Key = .zero) throws {
        self.init(substitution: options.substitution, secretHeaders: options.secretHeaders, key: key)
        stepColumns = options.laterColumns
        accounts = options.rateBy.map { ($0.lowercased(), AccountLabels()) }
        do throws(TemplateProblem) {
            template = try InputShape(options).objectTemplate()
        } catch {
            throw BatchError.configuration("\(error)")
        }
    }

    /// The row that a record of the input is, in whatever form that is written.
    func parse(_ record: InputRecord, number: Int) -> Result<BatchRow, InvalidRow> {
        switch record.content {
        case .object(let line): parse(line, number: number, lineNumber: record.line)
        case .cells(let cells, let template): parse(cells, template, number: number, line: record.line)
        }
    }

    private func parse(
        _ cells: [String], _ template: CellTemplate, number: Int, line: Int
    ) -> Result<BatchRow, InvalidRow> {
        var draft = Draft(identity: RowIdentity(number: number, line: line))
        do {
            if let fault = template.fault(cells) { throw Problem(fault) }
            draft.metadata = template.metadata(cells)
            if let id = template.id(cells) {
                guard !id.isEmpty else { throw Problem("the id is empty") }
                guard !id.utf8.contains(0) else { throw Problem("the id must not hold a NUL") }
                draft.identity = RowIdentity(number: number, line: line, token: .string(id))
            }
            let call = template.call
            func value(_ hole: TemplateText.Hole) -> TemplateValue { .text(cells[hole.column]) }
            try take(try call.render(secrets: true, value), into: &draft)
            try note(call.hasSecrets ? try call.render(secrets: false, value) : nil, call, in: &draft)
            draft.source = call.url?.source
            for name in stepColumns {
                if let index = template.columns.firstIndex(of: name) { draft.columns[name] = .text(cells[index]) }
            }
            draft.secrets = template.secretColumns.map { cells[$0] }.filter { !$0.isEmpty }
            return .success(try row(from: draft))
        } catch {
            return .failure(failed(draft, error, cells.joined(separator: "\u{1F}").utf8))
        }
    }

    /// Fills up what a row that is an object leaves open.
    func fill(_ draft: inout Draft, by template: CallTemplate) throws {
        let members = try Self.members(of: draft.metadata)
        let id = draft.identity
        func value(_ hole: TemplateText.Hole) throws(TemplateProblem) -> TemplateValue {
            if let value = members.last(where: { $0.key == hole.name })?.value { return .json(value) }
            if hole.name == "id" { return .json(id.token) }
            if hole.isOptional { return .text("") }
            throw TemplateProblem(
                "the metadata has no '\(Visible.text(hole.name))', which the command line names"
                    + (members.isEmpty
                        ? "" : "; it has \(members.prefix(10).map { Visible.text($0.key) }.joined(separator: ", "))"))
        }
        // What the row says itself goes before.
        var template = template
        if draft.url != nil { template.url = nil }
        if draft.method != nil { template.method = nil }
        if draft.body != nil { template.body = nil }
        let own = Set(draft.headers.map { $0.name.lowercased() })
        template.headers.removeAll { own.contains($0.name.lowercased()) }
        guard !template.texts.isEmpty else { return }
        if draft.url != nil || !draft.headers.isEmpty {
            // What the row says has its placeholders replaced before what the template makes, which has none, joins it.
            let url = draft.url
            draft.source = url
            draft.url = try url.map { try substitution.apply(to: $0) }
            draft.headers = try draft.headers.map { ($0.name, try substitution.apply(to: $0.value)) }
        }
        let before = draft
        try take(try template.render(secrets: true, value), into: &draft)
        let open = template.hasSecrets ? try template.render(secrets: false, value) : nil
        try note(open, template, in: &draft, ownHeaders: before.headers)
        if template.url != nil { draft.source = template.url?.source }
        try hideSecrets(members, of: &draft, template)
    }

    /// What further steps need of a row that is an object.
    func noteColumns(_ draft: inout Draft) throws {
        for (name, value) in try Self.members(of: draft.metadata) where stepColumns.contains(name) {
            draft.columns[name] = .json(value)
        }
    }

    /// Takes out of the metadata what the template has put where secrets stand, and passwords out of what begins a URL.
    private func hideSecrets(
        _ members: [(key: String, value: JSONText)], of draft: inout Draft, _ template: CallTemplate
    ) throws {
        var shown: [UInt8] = [UInt8(ascii: "{")]
        var isChanged = false
        for (name, value) in members {
            if template.secrets.contains(name) {
                isChanged = true
                let text = TemplateValue.json(value).text
                if !text.isEmpty { draft.secrets.append(text) }
                continue
            }
            if shown.count > 1 { shown.append(UInt8(ascii: ",")) }
            shown.appendJSONString(name.utf8)
            shown.append(UInt8(ascii: ":"))
            let text = template.addresses.contains(name) ? value.stringValue : nil
            if let text, URLSecrets.masked(text) != text {
                isChanged = true
                shown.appendJSONString(URLSecrets.masked(text).utf8)
            } else {
                shown += value.bytes
            }
        }
        guard isChanged else { return }
        shown.append(UInt8(ascii: "}"))
        draft.metadata = JSONText(compacted: shown)
        // Of secret values no store holds a trace.
        draft.fingerprint.note("metadata", shown, key: key)
    }

    private func take(_ parts: CallTemplate.Parts, into draft: inout Draft) throws {
        draft.url = parts.url ?? draft.url
        draft.method = parts.method ?? draft.method
        draft.headers += parts.headers
        if let body = parts.body { (draft.body, draft.bodyType) = (body, parts.bodyType) }
        draft.hasPlaceholders = false
    }

    /// Notes what the template has made, as if the row had said it.
    ///
    /// - Parameter open: What it is without what came from the environment; `nil` if nothing did.
    private func note(
        _ open: CallTemplate.Parts?, _ template: CallTemplate, in draft: inout Draft,
        ownHeaders: [(name: String, value: String)] = []
    ) throws {
        if template.url != nil, let url = open?.url ?? draft.url {
            draft.fingerprint.note("url", URLSecrets.masked(url, by: "").utf8, key: key)
        }
        if template.method != nil, let method = draft.method { draft.fingerprint.note("method", method.utf8, key: key) }
        if template.body != nil, let body = open?.body ?? draft.body { draft.fingerprint.note("body", body, key: key) }
        if !template.headers.isEmpty {
            let all = ownHeaders + (open?.headers ?? Array(draft.headers.dropFirst(ownHeaders.count)))
            let shown = all.map { "\($0.name): \(isSecret($0.name) ? "" : $0.value)\n" }
            draft.fingerprint.note("headers", shown.joined().utf8, key: key)
        }
        if let metadata = draft.metadata { draft.fingerprint.note("metadata", metadata.bytes, key: key) }
    }

    private static func members(of metadata: JSONText?) throws -> [(key: String, value: JSONText)] {
        guard let metadata, metadata.bytes.first == UInt8(ascii: "{") else { return [] }
        return try metadata.bytes.withUnsafeBufferPointer { buffer in
            var scanner = JSONScanner(buffer)
            return try scanner.members(of: metadata.bytes)
        }
    }
}
#endif
