#if Lint
import SwiftSyntax

struct AssertionInUnawaitedTask: CallRule {
    static let words: [String] = ["Task"]

    func check(_ call: Call, in file: FileContext) {
        guard let spawn = file.spawn(call), let body = spawn.body, file.use(of: call.node) != .used,
            file.imports(prefix: "XCTest", around: call.node) || file.imports(prefix: "Testing", around: call.node),
            let assertion = assertion(in: body), !isWaitedFor(call, body)
        else { return }
        file.report(
            Self.self, at: call.node,
            "the test ends before this task asserts anything; await the task, or the work itself",
            notes: [(assertion, "asserted here")])
    }

    private func assertion(in body: ClosureExprSyntax) -> Syntax? {
        var found: Syntax?
        body.statements.traverse { node in
            if let call = node.call, call.isBare,
                call.name.hasPrefix("XCTAssert") || call.name == "XCTFail" || call.name == "XCTUnwrap"
            {
                found = node
            } else if let macro = node.as(MacroExpansionExprSyntax.self),
                ["expect", "require"].contains(macro.macroName.text)
            {
                found = node
            }
            return found == nil ? .into : .stop
        }
        return found
    }

    private func isWaitedFor(_ call: Call, _ body: ClosureExprSyntax) -> Bool {
        let signals: Set<String> = [
            "fulfill", "signal", "leave", "resume", "finish", "yield", "confirm", "succeed", "fail", "send", "complete",
            "set", "open", "countDown",
        ]
        if !body.statements.traverse({ signals.contains($0.call?.name ?? "") ? .stop : .into }) { return true }
        // `await confirmation { c in Task { …; c() } }`, and what a group or an expectation around it waits for.
        var next = call.node.parent
        while let here = next {
            if let owner = here.call,
                ["confirmation", "fulfillment", "wait"].contains(owner.name) || ContinuationScope(owner) != nil
            {
                return true
            }
            if let function = here.as(FunctionDeclSyntax.self) {
                return function.body?.mentions(["fulfillment", "waitForExpectations", "waitUntil"]) ?? false
            }
            next = here.parent
        }
        return false
    }
}
#endif
