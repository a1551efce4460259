#if Lint
/// SARIF 2.1.0 (OASIS, 2020), as GitHub and editors read it: end positions, fixes, fingerprints and silenced findings included.
enum SARIFReporter {
    static func render(_ report: Linter.Report) -> String {
        let pages = RuleCatalog.pages
        let index = Dictionary(uniqueKeysWithValues: pages.enumerated().map { ($1.id, $0) })
        return ReportFormat.json([
            "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",
            "version": "2.1.0",
            "runs": [
                [
                    "tool": [
                        "driver": [
                            "name": "asynclint",
                            "semanticVersion": AsyncLintVersion.current,
                            "rules": pages.map(descriptor),
                        ] as [String: Any]
                    ],
                    "columnKind": "unicodeCodePoints",
                    "originalUriBaseIds": ["%SRCROOT%": ["description": ["text": "The root of the run."]]],
                    "invocations": [
                        [
                            "executionSuccessful": report.failures.isEmpty,
                            "toolExecutionNotifications": report.failures.map { failure in
                                var location: [String: Any] = ["artifactLocation": artifact(failure.path)]
                                if let position = failure.position {
                                    location["region"] = [
                                        "startLine": position.line, "startColumn": position.characterColumn,
                                    ]
                                }
                                return [
                                    "level": "error", "message": ["text": failure.message],
                                    "locations": [["physicalLocation": location]],
                                ] as [String: Any]
                            },
                        ] as [String: Any]
                    ],
                    "results": report.findings.map { result($0, index: index[$0.rule] ?? 0) },
                ] as [String: Any]
            ],
        ])
    }

    private static func descriptor(_ page: RulePage) -> [String: Any] {
        [
            "id": page.id,
            "name": page.id.split { $0 == "-" || $0 == "/" }.map { $0.prefix(1).uppercased() + $0.dropFirst() }
                .joined(),
            "shortDescription": ["text": page.summary],
            "fullDescription": ["text": page.why],
            "help": ["text": page.plainText, "markdown": page.markdown],
            "defaultConfiguration": ["enabled": !page.optIn, "level": level(page.severity)] as [String: Any],
            "properties": ["tags": ["concurrency", "swift"], "precision": page.optIn ? "medium" : "high"]
                as [String: Any],
        ]
    }

    private static func result(_ finding: Finding, index: Int) -> [String: Any] {
        var result: [String: Any] = [
            "ruleId": finding.rule,
            "ruleIndex": index,
            "level": level(finding.severity),
            "message": ["text": finding.message],
            "locations": [["physicalLocation": physical(finding.path, finding.start, finding.end)]],
            "partialFingerprints": ["primaryLocationLineHash": finding.fingerprint],
        ]
        if !finding.notes.isEmpty {
            result["relatedLocations"] = finding.notes.enumerated().map { number, note in
                [
                    "id": number, "message": ["text": note.message],
                    "physicalLocation": physical(finding.path, note.position, note.position),
                ] as [String: Any]
            }
        }
        if !finding.fixes.isEmpty {
            result["fixes"] = finding.fixes.map { fix in
                [
                    "description": ["text": fix.title],
                    "artifactChanges": [
                        [
                            "artifactLocation": artifact(finding.path),
                            "replacements": fix.edits.map { edit in
                                [
                                    "deletedRegion": ["byteOffset": edit.start, "byteLength": edit.end - edit.start],
                                    "insertedContent": ["text": edit.text],
                                ] as [String: Any]
                            },
                        ] as [String: Any]
                    ],
                ] as [String: Any]
            }
        }
        if let reason = finding.suppression {
            result["suppressions"] = [["kind": "inSource", "justification": reason]]
        }
        return result
    }

    private static func physical(_ path: String, _ start: SourcePosition, _ end: SourcePosition) -> [String: Any] {
        [
            "artifactLocation": artifact(path),
            "region": [
                "startLine": start.line, "startColumn": start.characterColumn,
                "endLine": end.line, "endColumn": end.characterColumn,
            ],
        ]
    }

    private static func artifact(_ path: String) -> [String: Any] {
        let safe = path.utf8.map { byte -> String in
            let character = Character(UnicodeScalar(byte))
            let plain =
                byte < 0x80 && (character.isLetter || character.isNumber || "-._~/+@!$&'()*,;=:".contains(character))
            if plain { return String(character) }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
        return path.hasPrefix("/") ? ["uri": "file://" + safe] : ["uri": safe, "uriBaseId": "%SRCROOT%"]
    }

    private static func level(_ severity: Severity) -> String {
        switch severity {
        case .info: "note"
        case .warning: "warning"
        case .error: "error"
        }
    }
}
#endif
