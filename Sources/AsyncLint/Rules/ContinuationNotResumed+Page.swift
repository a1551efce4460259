#if Lint
extension ContinuationNotResumed {
    static let page = RulePage(
        id: "continuation-not-resumed",
        summary: "A path on which nobody resumes the continuation: the task hangs for good.",
        severity: .error,
        why: """
            A continuation must be resumed exactly once on every path. The one without leaves a task that never ends, with everything it \
            holds; a checked continuation prints a line when it goes, and that is all. `guard let self else { return }` in the callback \
            is the commonest way.
            """,
        instead:
            "Resume on every path, with an error where there is no value. From Swift 6.4 `Continuation` makes the compiler check it.",
        limits: """
            A continuation that is stored or passed on is not followed. In a callback, which may be called several times, only paths \
            that cannot mean "not yet" are reported: a lost `self`, a missing argument, a catch, an optional receiver, and every way out of \
            a callback that brings the one answer there is: a `completion`, a `…Handler`, one that takes an error, or one whose other \
            exits resume. A way out that asks a variable from outside is trusted. `early-returns: true` reports the rest.
            """,
        options: [.init(name: "early-returns", fallback: "false", meaning: "report every early return of a callback")],
        reported: [
            .init(
                "neither an error nor a value",
                """
                func f() async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        ↓legacy { value, error in
                            if let error { c.resume(throwing: error) } else if let value { c.resume(returning: value) }
                        }
                    }
                }
                """),
            .init(
                "one guard of several does not resume",
                """
                func f(_ load: Loader) async throws -> Data? {
                    try await withCheckedThrowingContinuation { c in
                        load.start { url, problem in
                            if let problem { c.resume(throwing: problem); return }
                            guard let url else { c.resume(returning: nil); return }
                            guard let data = decode(url) else { ↓return }
                            c.resume(returning: data)
                        }
                    }
                }
                """),
            .init(
                "a completion handler that gives up",
                """
                func f(_ s: Store) async -> Int {
                    await withCheckedContinuation { c in
                        s.fetch(completion: { answer in
                            if answer.isEmpty { ↓return }
                            c.resume(returning: answer.count)
                        })
                    }
                }
                """),
            .init(
                "an error that nobody hears of",
                """
                func f() async -> Int {
                    await withCheckedContinuation { c in
                        legacy { v, e in
                            guard e == nil else { ↓return }
                            c.resume(returning: v)
                        }
                    }
                }
                """),
            .init(
                "a failure that only is noted",
                """
                func f(_ c: Client) async -> Int {
                    await withCheckedContinuation { k in
                        ↓c.get { r in
                            switch r {
                            case .success(let v): k.resume(returning: v)
                            case .failure(let e): log(e)
                            }
                        }
                    }
                }
                """),
            .init(
                "a task that gives up",
                """
                func f() async -> Int {
                    await withCheckedContinuation { c in
                        Task {
                            guard let v = try? await load(1) else { ↓return }
                            c.resume(returning: v)
                        }
                    }
                }
                """),
            .init(
                "a queue that gives up",
                """
                func f(_ q: DispatchQueue) async {
                    await withCheckedContinuation { c in
                        q.async {
                            if isClosed { ↓return }
                            c.resume()
                        }
                    }
                }
                """),
            .init(
                "nothing but an argument that may be missing",
                "func f() async -> Int { await withCheckedContinuation { c in ↓legacy { v, e in if let v { c.resume(returning: v) } } } }"
            ),
            .init(
                "a lost self, asked for otherwise",
                "class A { func f() async { await withCheckedContinuation { c in legacy { [weak self] in guard self != nil else { ↓return }; c.resume() } } } }"
            ),
            .init(
                "a lost self",
                """
                class A {
                    func f() async -> Int {
                        await withCheckedContinuation { c in
                            legacy { [weak self] v in
                                guard let self else { ↓return }
                                self.use(v)
                                c.resume(returning: v)
                            }
                        }
                    }
                }
                """),
            .init(
                "`if` without `else`",
                """
                func f(_ b: Bool) async -> Int {
                    await ↓withCheckedContinuation { c in if b { c.resume(returning: 1) } }
                }
                """),
            .init(
                "never used",
                """
                func f() async {
                    await ↓withCheckedContinuation { (_: CheckedContinuation<Void, Never>) in }
                }
                """),
            .init("named and never used", "func f() async { await ↓withCheckedContinuation { c in start() } }"),
            .init(
                "an optional receiver",
                """
                class A {
                    func f() async -> Int {
                        await withCheckedContinuation { [weak self] c in ↓self?.load { c.resume(returning: $0) }
                        }
                    }
                }
                """),
            .init(
                "an early return",
                """
                func f(_ x: Int?) async -> Int {
                    await withCheckedContinuation { c in
                        guard let x else { ↓return }
                        c.resume(returning: x)
                    }
                }
                """),
            .init(
                "a case",
                """
                func f(_ k: Kind) async -> Int {
                    await ↓withCheckedContinuation { c in
                        switch k {
                        case .a: c.resume(returning: 1)
                        case .b: log(2)
                        }
                    }
                }
                """),
            .init(
                "a catch",
                """
                func f() async throws -> Int {
                    try await ↓withCheckedThrowingContinuation { c in
                        do { c.resume(returning: try load()) } catch { log(error) }
                    }
                }
                """),
            .init(
                "a missing argument of the callback",
                """
                func f() async -> Int {
                    await withCheckedContinuation { c in
                        legacy { v, e in
                            guard let v else { ↓return }
                            c.resume(returning: v)
                        }
                    }
                }
                """),
            .init(
                "a catch in the callback",
                """
                func f() async throws -> Int {
                    try await withCheckedThrowingContinuation { c in ↓legacy { d in do { c.resume(returning: try parse(d)) } catch { log(error) } }
                    }
                }
                """),
            .init(
                "a flag, where configuration wants to know",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        listen { done in
                            if !done { ↓return }
                            c.resume()
                        }
                    }
                }
                """, options: ["early-returns": "true"]),
        ],
        clean: [
            .init(
                "partial results come before the final one",
                """
                func f(_ r: Recognizer) async throws -> String {
                    try await withCheckedThrowingContinuation { c in
                        var hasResumed = false
                        r.recognize { result, error in
                            guard !hasResumed else { return }
                            if let error {
                                hasResumed = true
                                c.resume(throwing: error)
                                return
                            }
                            if let result, result.isFinal {
                                hasResumed = true
                                c.resume(returning: result.text)
                            }
                        }
                    }
                }
                """),
            .init(
                "the other guards resume, and this one asks whether it was done already",
                """
                func f(_ load: Loader) async throws -> Data? {
                    var done = false
                    return try await withCheckedThrowingContinuation { c in
                        load.start { url, error in
                            guard !done else { return }
                            guard let url else { c.resume(throwing: Failed()); return }
                            done = true
                            c.resume(returning: decode(url))
                        }
                    }
                }
                """),
            .init(
                "a flag of the callback says that more will come",
                """
                func f(_ s: Store) async -> Int {
                    await withCheckedContinuation { c in
                        s.fetch(completion: { (answer: Answer, isFinal: Bool) in
                            if !isFinal { return }
                            c.resume(returning: answer.count)
                        })
                    }
                }
                """),
            .init(
                "a stub that must never answer",
                """
                struct SilentClient: Client {
                    func load() async -> Int { await withCheckedContinuation { (_: CheckedContinuation<Int, Never>) in } }
                }
                """),
            .init(
                "a value of many, and an end",
                """
                func f(_ p: Publisher) async throws {
                    try await withCheckedThrowingContinuation { (c: CheckedContinuation<Void, any Error>) in
                        p.sink { _ in
                            c.resume(throwing: Ended())
                        } receiveValue: { v in
                            guard v != nil else { return }
                            c.resume()
                        }
                    }
                }
                """),
            .init(
                "progress, then an answer",
                """
                func f(_ d: Downloader) async -> Int {
                    await withCheckedContinuation { c in d.start { progress, r in if let r { c.resume(returning: r) } } }
                }
                """),
            .init(
                "somebody else was first",
                """
                func f(_ once: Once) async {
                    await withCheckedContinuation { c in
                        Task { if !once.done { c.resume() } }
                    }
                }
                """),
            .init(
                "another callback resumes otherwise",
                """
                func f(_ s: Session) async {
                    await withCheckedContinuation { c in
                        s.onEnd { c.resume() }
                        DispatchQueue.main.async { if s.canStart { s.start() } else { c.resume() } }
                    }
                }
                """),
            .init(
                "thrown into a catch that resumes",
                """
                func f(_ q: DispatchQueue) async throws {
                    try await withCheckedThrowingContinuation { (c: CheckedContinuation<Void, any Error>) in
                        q.async {
                            do {
                                guard open() else { throw Failed() }
                                c.resume()
                            } catch { c.resume(throwing: error) }
                        }
                    }
                }
                """),
            .init(
                "a callback for each of many",
                "func f(_ clock: Clock) async { await withCheckedContinuation { c in for i in 0..<100 { clock.schedule(i) { if last(i) { c.resume() } } } } }"
            ),
            .init(
                "stored",
                """
                func f() async { await withCheckedContinuation { c in m.withLock { $0.append(c) } } }
                """),
            .init(
                "every case",
                """
                func f(_ cl: Client) async throws -> Int {
                    try await withCheckedThrowingContinuation { c in
                        cl.get { r in
                            switch r {
                            case .success(let v): c.resume(returning: v)
                            case .failure(let e): c.resume(throwing: e)
                            }
                        }
                    }
                }
                """),
            .init(
                "passed as a function",
                """
                func f() async { await withCheckedContinuation { c in q.async(execute: c.resume) } }
                """),
            .init(
                "both branches",
                """
                func f(_ b: Bool) async -> Int {
                    await withCheckedContinuation { c in
                        if b { c.resume(returning: 1) } else { c.resume(returning: 2) }
                    }
                }
                """),
            .init(
                "not done yet",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        listen { progress in
                            guard progress.isFinished else { return }
                            c.resume()
                        }
                    }
                }
                """),
            .init(
                "a guard in a sibling closure",
                """
                class A {
                    func f() async {
                        await withCheckedContinuation { c in
                            onStart { [weak self] in
                                guard let self else { return }
                                self.log()
                            }
                            legacy { c.resume() }
                        }
                    }
                }
                """),
            .init(
                "the guard resumes",
                """
                class A {
                    func f() async -> Int {
                        await withCheckedContinuation { c in
                            legacy { [weak self] v in
                                guard let self else {
                                    c.resume(returning: 0)
                                    return
                                }
                                c.resume(returning: self.use(v))
                            }
                        }
                    }
                }
                """),
            .init(
                "resumes in a `defer`",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        defer { c.resume() }
                        guard let x else { return }
                        use(x)
                    }
                }
                """),
            .init(
                "returns the resume",
                """
                func f(_ b: Bool) async -> Int {
                    await withCheckedContinuation { c in
                        guard b else { return c.resume(returning: 0) }
                        c.resume(returning: 1)
                    }
                }
                """),
            .init(
                "does not return",
                """
                func f(_ x: Int?) async -> Int {
                    await withCheckedContinuation { c in
                        guard let x else { fatalError() }
                        c.resume(returning: x)
                    }
                }
                """),
            .init(
                "a local function resumes",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        func done() { c.resume() }
                        start(done)
                    }
                }
                """),
            .init(
                "a chain of answers",
                """
                func f() async {
                    await withCheckedContinuation { c in
                        read { chunk in
                            guard let chunk else {
                                c.resume()
                                return
                            }
                            append(chunk)
                        }
                    }
                }
                """),
        ])
}
#endif
