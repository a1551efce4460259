#if Lint
import Foundation
import Testing

@testable import AsyncLint

/// What the schema of SARIF 2.1.0 (OASIS, errata 01) demands of the objects that are written, restated here so that no network is
/// needed: which properties an object may have, and which it must have. The schema forbids all others.
@Suite("SARIF keeps to its schema")
struct SARIFShapeTests {
    private struct Shape {
        let required: Set<String>
        let optional: Set<String>
        /// The shape of a property's object, or of the objects in its array.
        let parts: [String: String]
    }

    private static let shapes: [String: Shape] = [
        "log": Shape(required: ["version", "runs"], optional: ["$schema"], parts: ["runs": "run"]),
        "run": Shape(
            required: ["tool"], optional: ["columnKind", "originalUriBaseIds", "invocations", "results"],
            parts: ["tool": "tool", "invocations": "invocation", "results": "result"]),
        "tool": Shape(required: ["driver"], optional: [], parts: ["driver": "driver"]),
        "driver": Shape(
            required: ["name"], optional: ["semanticVersion", "informationUri", "rules"],
            parts: ["rules": "descriptor"]),
        "descriptor": Shape(
            required: ["id"],
            optional: [
                "name", "shortDescription", "fullDescription", "help", "helpUri", "defaultConfiguration", "properties",
            ],
            parts: [
                "shortDescription": "text", "fullDescription": "text", "help": "text",
                "defaultConfiguration": "configuration",
            ]),
        "configuration": Shape(required: [], optional: ["enabled", "level"], parts: [:]),
        "text": Shape(required: ["text"], optional: ["markdown"], parts: [:]),
        "invocation": Shape(
            required: ["executionSuccessful"], optional: ["toolExecutionNotifications"],
            parts: ["toolExecutionNotifications": "notification"]),
        "notification": Shape(
            required: ["message"], optional: ["level", "locations"],
            parts: ["message": "text", "locations": "location"]),
        "result": Shape(
            required: ["message"],
            optional: [
                "ruleId", "ruleIndex", "level", "locations", "relatedLocations", "partialFingerprints", "fixes",
                "suppressions",
            ],
            parts: [
                "message": "text", "locations": "location", "relatedLocations": "location", "fixes": "fix",
                "suppressions": "suppression",
            ]),
        "location": Shape(
            required: [], optional: ["id", "message", "physicalLocation"],
            parts: ["message": "text", "physicalLocation": "physical"]),
        "physical": Shape(
            required: ["artifactLocation"], optional: ["region"],
            parts: ["artifactLocation": "artifact", "region": "region"]),
        "artifact": Shape(required: [], optional: ["uri", "uriBaseId"], parts: [:]),
        "region": Shape(
            required: [], optional: ["startLine", "startColumn", "endLine", "endColumn", "byteOffset", "byteLength"],
            parts: [:]),
        "fix": Shape(
            required: ["artifactChanges"], optional: ["description"],
            parts: ["description": "text", "artifactChanges": "change"]),
        "change": Shape(
            required: ["artifactLocation", "replacements"], optional: [],
            parts: ["artifactLocation": "artifact", "replacements": "replacement"]),
        "replacement": Shape(
            required: ["deletedRegion"], optional: ["insertedContent"],
            parts: ["deletedRegion": "region", "insertedContent": "text"]),
        "suppression": Shape(required: ["kind"], optional: ["justification", "status"], parts: [:]),
    ]

    private static let values: [String: Set<String>] = [
        "level": ["none", "note", "warning", "error"], "kind": ["inSource", "external"], "version": ["2.1.0"],
        "columnKind": ["utf16CodeUnits", "unicodeCodePoints"],
    ]

    private func check(_ value: Any, _ name: String, at place: String, _ problems: inout [String]) {
        if let list = value as? [Any] {
            for (index, element) in list.enumerated() { check(element, name, at: "\(place)[\(index)]", &problems) }
            return
        }
        guard let object = value as? [String: Any], let shape = Self.shapes[name] else {
            problems.append("\(place) is no \(name)")
            return
        }
        let keys = Set(object.keys)
        for key in shape.required.subtracting(keys) { problems.append("\(place) has no \(key)") }
        for key in keys.subtracting(shape.required.union(shape.optional)) {
            problems.append("\(place) may not have \(key)")
        }
        for (key, element) in object {
            if let part = shape.parts[key] { check(element, part, at: "\(place).\(key)", &problems) }
            if let allowed = Self.values[key], !allowed.contains(element as? String ?? "") {
                problems.append("\(place).\(key) may not be \(element)")
            }
            if name == "region", let number = element as? Int {
                let least = key.hasPrefix("byte") ? 0 : 1
                if number < least { problems.append("\(place).\(key) is \(number)") }
            }
        }
    }

    @Test("with findings of every rule, notes, fixes, suppressions and files that do not parse")
    func shape() async throws {
        var sources = RuleCatalog.pages.flatMap { page in
            page.reported.enumerated().map { number, example in
                Linter.Source(
                    path: "Sources/\(page.fileName) \(number).swift", text: example.code.replacing("↓", with: ""))
            }
        }
        sources.append(
            Linter.Source(
                path: "/quiet.swift",
                text:
                    "func f() async {\n    // asynclint:ignore:next blocking-call-in-async — measured\n    usleep(1)\n}\n"
            ))
        sources.append(Linter.Source(path: "broken.swift", text: "func ("))
        let report = await Linter().lint(sources)
        #expect(report.findings.contains { $0.suppression != nil } && report.findings.contains { !$0.fixes.isEmpty })
        let json = try JSONSerialization.jsonObject(with: Data(ReportFormat.sarif.render(report).utf8))
        var problems: [String] = []
        check(json, "log", at: "$", &problems)
        #expect(problems == [])
    }

    @Test("and the check tells what is wrong")
    func told() {
        var problems: [String] = []
        check(
            [
                "runs": [
                    ["tool": ["driver": ["name": "x"]], "results": [["level": "bad", "more": 1] as [String: Any]]]
                        as [String: Any]
                ]
            ],
            "log", at: "$", &problems)
        #expect(
            Set(problems) == [
                "$ has no version", "$.runs[0].results[0] has no message", "$.runs[0].results[0] may not have more",
                "$.runs[0].results[0].level may not be bad",
            ])
    }
}
#endif
