#if Batch
import ConcertoHTTP
import Foundation
import NIOHTTP1

/// Makes the calls of a row's steps.
struct StepMaker: Sendable {
    struct Problem: Error { var message: String }

    private struct Step: Sendable {
        var call: CallTemplate
        /// Places of the answer before that its placeholders name.
        var paths: [(name: String, path: JSONPath)] = []
        var needsLocation = false
        /// Whether an answer says to which host it goes.
        var isLed = false
    }

    private let steps: [Step]
    private let parser: RowParser

    /// Steps behind the row's own call.
    var count: Int { steps.count }

    /// - Throws: ``TemplateProblem``.
    init(_ options: BatchOptions, parser: RowParser) throws(TemplateProblem) {
        var parser = parser
        parser.accounts = nil
        self.parser = parser
        let contentType = options.headers.first { $0.name.lowercased() == "content-type" }?.value
        var made: [Step] = []
        for (index, template) in Self.templates(options).enumerated() {
            var one: Step
            do throws(TemplateProblem) {
                one = Step(call: try CallTemplate(template, contentType: contentType, hides: options.hides))
                for hole in one.call.texts.flatMap(\.holes) {
                    let isAnswer = hole.name.hasPrefix(".")
                    if isAnswer, !one.paths.contains(where: { $0.name == hole.name }) {
                        do throws(JSONPath.Problem) {
                            one.paths.append((hole.name, try JSONPath(hole.name)))
                        } catch {
                            throw TemplateProblem("\(error)")
                        }
                    }
                    if hole.name == BatchStep.location { one.needsLocation = true }
                    guard isAnswer || hole.name == BatchStep.location else { continue }
                    switch hole.place {
                    case .address, .host: one.isLed = true
                    default: break
                    }
                }
            } catch {
                throw TemplateProblem("step \(index + 2): \(error)")
            }
            made.append(one)
        }
        steps = made
    }

    /// What makes the steps, with the headers that all calls have.
    private static func templates(_ options: BatchOptions) -> [RowTemplate] {
        options.steps.map { step in
            var template = step.template
            let own = Set(template.headers.map { $0.name.lowercased() })
            template.headers += options.template.headers.filter { !own.contains($0.name.lowercased()) }
            template.environment.merge(options.template.environment) { own, _ in own }
            template.server = template.server ?? options.substitution.server
            return template
        }
    }

    /// The columns of the input that steps name.
    static func columns(_ options: BatchOptions) -> Set<String> {
        var names: Set<String> = []
        for var template in templates(options) {
            // What is no template is told where the options are checked.
            template.server = template.server ?? "http://localhost"
            let call = try? CallTemplate(template, contentType: nil, hides: { _ in false })
            names.formUnion(call?.texts.flatMap(\.holes).map(\.name) ?? [])
        }
        return names.filter { !$0.hasPrefix(".") && $0 != BatchStep.location }
    }

    /// What step `number`, from 1, needs of the answer before it.
    func values(for number: Int, of reply: HTTPReply, from url: String) throws(Problem) -> [UInt8] {
        let step = steps[number - 1]
        let body = step.paths.isEmpty ? nil : ResultEncoder.json(reply)
        var object: [UInt8] = [UInt8(ascii: "{")]
        func add(_ name: String, _ value: JSONText) {
            if object.count > 1 { object.append(UInt8(ascii: ",")) }
            object.appendJSONString(name.utf8)
            object.append(UInt8(ascii: ":"))
            object += value.bytes
        }
        for (name, path) in step.paths {
            guard let body else {
                throw Problem(message: "the answer before step \(number + 1) is no JSON, and that needs \(name) of it")
            }
            guard let value = path.value(in: body), value.text != "null" else {
                throw Problem(message: "the answer before step \(number + 1) has nothing at \(name), which that needs")
            }
            add(name, value)
        }
        if step.needsLocation {
            guard let told = reply.headers.first(name: "location"), let base = URL(string: url),
                let target = URL(string: told, relativeTo: base)?.absoluteString
            else { throw Problem(message: "the answer before step \(number + 1) has no Location, which that needs") }
            add(BatchStep.location, .string(target))
        }
        return object + [UInt8(ascii: "}")]
    }

    /// The row that step `number`, from 1, is.
    func row(_ number: Int, of row: BatchRow, with values: [UInt8]) throws(Problem) -> BatchRow {
        let step = steps[number - 1]
        do {
            let answers = try ResultTable.members(of: values)
            func value(_ hole: TemplateText.Hole) throws(TemplateProblem) -> TemplateValue {
                if let found = answers.first(where: { $0.key == hole.name }) { return .json(found.value) }
                if let found = row.columns[hole.name] { return found }
                if hole.name == "id" { return .json(row.identity.token) }
                if hole.isOptional { return .text("") }
                throw TemplateProblem(
                    "step \(number + 1) names {\(Visible.text(hole.name))}, which the row does not have")
            }
            let made = try step.call.render(secrets: true, value)
            var draft = RowParser.Draft(identity: row.identity)
            (draft.method, draft.url, draft.headers) = (made.method, made.url, made.headers)
            (draft.body, draft.bodyType) = (made.body, made.bodyType)
            draft.hasPlaceholders = false
            draft.source = step.call.url?.source
            draft.metadata = row.metadata
            var next = try parser.row(from: draft)
            (next.columns, next.secrets, next.fingerprint) = (row.columns, row.secrets, row.fingerprint)
            next.account = row.account
            if !row.account.isEmpty { next.host += " (\(row.account))" }
            guard step.isLed else { return next }
            // What is secret goes nowhere that only an answer names.
            guard let there = try? HTTPAddress(next.url), let here = try? HTTPAddress(row.url),
                there.site.lowercased() == here.site.lowercased()
            else {
                throw Problem(
                    message: "the answer before step \(number + 1) leads to another host or port, which gets no call")
            }
            next.host = row.host
            return next
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(message: "step \(number + 1) can't be made: \(error)")
        }
    }
}
#endif
