#if Lint
import SwiftSyntax

struct ForcedTryOnAwait: TryRule {
    static let words: [String] = ["try!", "await"]

    func check(_ expression: TryExprSyntax, in file: FileContext) {
        guard expression.questionOrExclamationMark?.tokenKind == .exclamationMark,
            expression.expression.hasOwnLevel({ $0.is(AwaitExprSyntax.self) })
        else { return }
        if let call = Call(expression.expression.core) {
            let functions = file.symbols.candidates(for: call, in: file)
            if !functions.isEmpty, functions.allSatisfy({ $0.thrownType != nil && $0.thrownType != "Error" }) { return }
        }
        file.report(
            Self.self, at: expression, "a cancelled task stops the process here; let the error out, or catch it")
    }
}
#endif
