#if Lint
extension CompletionCalledTwice {
    static let page = RulePage(
        id: "completion-called-twice",
        summary: "A path on which a completion handler is called twice.",
        severity: .warning,
        optIn: true,
        needsAsync: false,
        why: """
            `if let error { completion(.failure(error)) }` without a `return`, and the success below follows. The \
            caller goes on twice: two screens are pushed, a group is left once too often, a continuation behind it \
            stops the process.
            """,
        instead: """
            `return` behind each call.
            """,
        limits: """
            Opt-in. A parameter of a function type that is called `completion…`, `…Handler`, `callback` or `reply`, on \
            a straight path of the function or of one callback in it.
            """,
        reported: [
            .init(
                "no return",
                """
                func load(completion: (Int) -> Void) {
                    if isEmpty { completion(0) }
                    ↓completion(1)
                }
                """),
            .init(
                "in a callback",
                """
                func load(completion: @escaping (Int?, (any Error)?) -> Void) {
                    start { value, error in
                        if let error { completion(nil, error) }
                        ↓completion(value, nil)
                    }
                }
                """),
            .init(
                "an optional handler",
                """
                func load(completionHandler: ((Int) -> Void)?) {
                    if isEmpty { completionHandler?(0) }
                    ↓completionHandler?(1)
                }
                """),
            .init("straight", "func load(completion: (Int) -> Void) { completion(0); ↓completion(1) }"),
            .init(
                "behind a switch",
                """
                func load(_ k: Kind, completion: (Int) -> Void) {
                    switch k {
                    case .a: completion(0)
                    case .b: break
                    }
                    ↓completion(1)
                }
                """),
            .init(
                "a catch",
                """
                func load(completion: (Int) -> Void) {
                    do { try parse() } catch { completion(0) }
                    ↓completion(1)
                }
                """),
        ],
        clean: [
            .init(
                "returns",
                """
                func load(completion: (Int) -> Void) {
                    if isEmpty { completion(0); return }
                    completion(1)
                }
                """),
            .init(
                "either",
                """
                func load(completion: (Int) -> Void) {
                    if isEmpty { completion(0) } else { completion(1) }
                }
                """),
            .init(
                "guarded",
                """
                func load(_ x: Int?, completion: (Int) -> Void) {
                    guard let x else {
                        completion(0)
                        return
                    }
                    completion(x)
                }
                """),
            .init(
                "in different callbacks",
                """
                func load(completion: @escaping (Int) -> Void) {
                    start({ completion(1) }, { completion(2) })
                }
                """),
            .init("for each", "func load(_ xs: [Int], each: (Int) -> Void) { for x in xs { each(x) } }"),
            .init(
                "thrown",
                """
                func load(completion: (Int) -> Void) throws {
                    if isEmpty {
                        completion(0)
                        throw Empty()
                    }
                    completion(1)
                }
                """),
        ])
}
#endif
