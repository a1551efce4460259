#if Lint
/// The rules that are on, by what they look at.
struct RuleSet: Sendable {
    let code: [any CodeRule]
    let calls: [any CallRule]
    let loops: [any LoopRule]
    let tries: [any TryRule]
    let dos: [any DoRule]
    let variables: [any VariableRule]
    let members: [any MemberRule]
    let blocks: [any BlockRule]
    let types: [any TypeRule]

    init(_ rules: [any Rule]) {
        code = rules.compactMap { $0 as? any CodeRule }
        calls = rules.compactMap { $0 as? any CallRule }
        loops = rules.compactMap { $0 as? any LoopRule }
        tries = rules.compactMap { $0 as? any TryRule }
        dos = rules.compactMap { $0 as? any DoRule }
        variables = rules.compactMap { $0 as? any VariableRule }
        members = rules.compactMap { $0 as? any MemberRule }
        types = rules.compactMap { $0 as? any TypeRule }
        blocks = rules.compactMap { $0 as? any BlockRule }
    }
}
#endif
