#if Lint
import Testing

@testable import AsyncLint

@Suite("State machines")
struct StateMachineTests {
    private func machine(_ code: String, _ name: String = "f") throws -> StateMachine {
        try #require(try StateMachine.machines(in: Linter.Source(path: "a.swift", text: code), named: name).first)
    }

    @Test("a straight function has one state more than it awaits")
    func straight() throws {
        let machine = try machine("func f() async { let a = await one(); let b = await two(a); use(a, b) }")
        #expect(machine.suspensions.map(\.text) == ["one()", "two(a)"])
        #expect(machine.states.count == 3)
        #expect(machine.suspensions.map(\.live) == [[], ["a"]])
        #expect(machine.states.last?.transitions == [StateMachine.Transition(target: nil, label: "returns")])
    }

    @Test("an argument that awaits is cut before the call")
    func nested() throws {
        #expect(
            try machine("func f() async { await outer(await inner()) }").suspensions.map(\.text) == [
                "inner()", "outer(await inner())",
            ])
    }

    @Test("a branch without await stays in its state")
    func branchInside() throws {
        #expect(
            try machine("func f(_ b: Bool) async { if b { log(1) } else { log(2) }; await work() }").states.count == 2)
    }

    @Test("a branch with await is cut, and both ways meet")
    func branch() throws {
        let machine = try machine("func f(_ b: Bool) async { if b { await one() } else { log(2) }; log(3) }")
        let entry = try #require(machine.states.first)
        #expect(entry.transitions.map(\.label) == ["if b", "else"])
        #expect(machine.states.count == 4)
    }

    @Test("a loop leads back, and what it uses lives across")
    func loop() throws {
        let machine = try machine("func f(_ xs: [Int]) async { var n = 0; while n < 3 { await work(); n += 1 } }")
        #expect(machine.suspensions.map(\.live) == [["n"]])
        let back = machine.states.flatMap { state in
            state.transitions.filter { $0.target != nil && $0.target! < state.number }
        }
        #expect(back.map(\.label) == ["again"])
    }

    @Test("an error leads to its catch, and out when nothing takes it")
    func errors() throws {
        let machine = try machine(
            "func f() async throws { do { try await one() } catch is Late { log(1) }; try await two() }")
        let labels = machine.states.map { $0.transitions.map(\.label) }
        #expect(labels[0].contains { $0.hasPrefix("throws to catch") })
        #expect(labels[0].contains("throws"))
        #expect(machine.suspensions.map(\.canThrow) == [true, true])
    }

    @Test("says where awaited code runs")
    func isolation() throws {
        let code = """
            actor A { func f(_ b: B) async { await own(); await b.go(); await MainActor.run { show() }; await free(); await unknown() }
              func own() async {} }
            actor B { func go() {} }
            func free() async {}
            """
        let machine = try machine(code)
        #expect(machine.isolation == "isolated to actor A")
        let hops = machine.suspensions.map(\.hop)
        #expect(hops[0] == nil)
        #expect(hops[1] == "on actor B")
        #expect(hops[2] == "on @MainActor")
        #expect(hops[3] == "off the actor, on the global executor")
        #expect(hops[4]?.hasPrefix("elsewhere, perhaps") == true)
    }

    @Test("`for await` suspends once for each element")
    func forAwait() throws {
        let machine = try machine(
            "func f(_ s: AsyncStream<Int>) async { var sum = 0; for await x in s { sum += x }; use(sum) }")
        #expect(machine.suspensions.map(\.text) == ["next of s"])
        #expect(machine.suspensions.first?.live == ["sum"])
    }

    @Test("`defer` and `self` live to the end")
    func deferred() throws {
        let machine = try machine(
            "actor A { var n = 0; func f(_ id: Int) async { defer { log(id) }; await work(); n += 1 } }")
        #expect(machine.suspensions.first?.live == ["self", "id"])
        #expect(machine.deferred.map(\.text) == ["defer { log(id) }"])
    }

    @Test("on the way out nothing lives that is used behind it, nor what the guard did not bind")
    func wayOut() throws {
        let code = """
            func f(_ a: Int, _ b: Int?) async {
                guard let b else {
                    await note(a)
                    return
                }
                use(a, b)
            }
            """
        #expect(try machine(code).suspensions.first?.live == [])
    }

    @Test("nothing lives that only another branch uses, and a local of a property's name hides it there alone")
    func branches() throws {
        let code = """
            actor A {
                var job: Job?
                func f(_ a: Int, _ b: Int) async {
                    guard a > 0 else {
                        await note(a)
                        job = nil
                        return
                    }
                    if let job { await job.update(a) } else { use(b) }
                }
            }
            """
        #expect(try machine(code, "f").suspensions.map(\.live) == [["self"], []])
    }

    @Test("what the awaited value is stored in lives")
    func stored() throws {
        let machine = try machine(
            "actor A { var d: [Int: Int] = [:]; func f(_ id: Int) async { d[id] = await load() } }", "f")
        #expect(machine.suspensions.first?.live == ["self", "id"])
    }

    @Test("a loop's element has no value while its sequence is awaited")
    func sequence() throws {
        let machine = try machine("func f(_ s: Store) async { for x in await s.all() { use(x) } }")
        #expect(machine.suspensions.first?.live == [])
    }

    @Test("a jump out of a branch without await has its edge, also to a label")
    func jumps() throws {
        let one = try machine(
            "func f(_ s: AsyncStream<String>) async { var n = 0; for await l in s { if l.isEmpty { break }; n += 1 }; use(n) }"
        )
        let edges = one.states.flatMap(\.transitions)
        let out = try #require(edges.first { $0.label == "done" })
        #expect(edges.contains { $0.label == "if l.isEmpty" && $0.target == out.target })
        #expect(edges.contains { $0.label == "again" })
        let two = try machine(
            "func f(_ s: S) async { outer: for await a in s.x { for await b in s.y { if a == b { continue outer } } } }"
        )
        let jump = two.states.flatMap { state in
            state.transitions.filter { $0.label == "if a == b" }.map { (from: state.number, to: $0.target) }
        }
        #expect(jump.count == 1)
        #expect(jump.allSatisfy { ($0.to ?? .max) < $0.from })
    }

    @Test("a suspension that may be skipped has a way around it")
    func skipped() throws {
        let ternary = try machine("func f(_ c: Bool) async -> Int { let x = c ? await g() : 0; return x }")
        #expect(ternary.states[0].transitions.map(\.label) == ["resumes", "skips it"])
        let several = try machine("func f(_ a: Bool) async { if a, await b() { one() } else { two() }; three() }")
        let toElse = several.states.filter { state in state.transitions.contains { $0.label == "else" } }
        #expect(toElse.count == 2)
    }

    @Test("what an await binds does not live across it, and the error of a catch does")
    func bound() throws {
        let code = """
            func f() async throws {
                guard let backup = try? await g() else { return }
                do { try await h(backup) } catch {
                    await note()
                    throw error
                }
            }
            """
        #expect(try machine(code).suspensions.map(\.live) == [[], [], ["error"]])
    }

    @Test(
        "isolation comes from any global actor, from a protocol, and from parameters; where it is unknown that is said")
    func isolations() throws {
        func isolation(_ code: String) throws -> String { try machine(code, "f").isolation }
        #expect(
            try isolation(
                "@globalActor actor DB { static let shared = DB() }\n@DB struct R { func f() async { await g() } }")
                == "isolated to @DB")
        #expect(
            try isolation("@MainActor protocol P {}\nclass C: P { func f() async { await g() } }")
                == "isolated to @MainActor")
        #expect(try isolation("func f(_ a: isolated A) async { await g() }") == "isolated to its parameter 'a'")
        #expect(
            try isolation("func f(isolation: isolated (any Actor)? = #isolation) async { await g() }")
                == "isolated to its caller's actor")
        #expect(try isolation("@DB struct R { func f() async { await g() } }").contains("@DB is not in this file"))
        #expect(try isolation("class C: Base { func f() async { await g() } }").contains("Base is not in this file"))
        #expect(try isolation("struct R: Sendable { func f() async { await g() } }") == "nonisolated")
    }

    @Test("an actor's property is awaited on the actor, a parameter where it was made")
    func owners() throws {
        let code = """
            actor Store { var items: [String: Int] = [:] }
            func f(_ store: Store, _ make: () async -> Int) async { _ = await store.items["x"]; _ = await make() }
            """
        #expect(
            try machine(code).suspensions.map(\.hop) == ["on actor Store", "where the closure that was passed runs"])
    }

    @Test("a function is found by its type as well")
    func qualified() throws {
        let code = "struct A { func f() async { await one() } }\nstruct B { func f() async { await two() } }"
        #expect(try machine(code, "B.f").suspensions.map(\.text) == ["two()"])
    }

    @Test("the diagram escapes what Mermaid reads")
    func mermaid() throws {
        let text = try machine("func f() async { let a = \"x;y\"; await work(a) }").mermaid
        #expect(text.hasPrefix("stateDiagram-v2\n    [*] --> S0\n"))
        #expect(text.contains("x#59;y"))
        #expect(text.contains("S1 --> [*]: returns"))
    }

    @Test("a function that is not there is a usage error")
    func missing() {
        #expect(throws: ConfigurationError.self) { try machine("func f() {}", "f") }
    }
}
#endif
