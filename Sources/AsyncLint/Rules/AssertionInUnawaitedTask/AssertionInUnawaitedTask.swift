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

    /// `await counter.waitFulfillment()` behind a task that counts: the test waits for what the task does.
    private func waitsForCounter(_ test: CodeBlockSyntax, behind task: Call, _ body: ClosureExprSyntax) -> Bool {
        test.hasOwnLevel { node in
            guard node.position > task.node.endPosition, node.is(AwaitExprSyntax.self) else { return false }
            return node.hasOwnLevel { inner in
                guard let call = inner.call, let name = call.base?.core.identifier else { return false }
                return call.name.lowercased().hasPrefix("wait") && body.mentions(name)
            }
        }
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
                guard let statements = function.body else { return false }
                return statements.mentions(["fulfillment", "waitForExpectations", "waitUntil"])
                    || waitsForCounter(statements, behind: call, body)
            }
            next = here.parent
        }
        return false
    }
}
#endif
