#if Lint
extension AssertionInUnawaitedTask {
    static let page = RulePage(
        id: "assertion-in-unawaited-task",
        summary: "A test that asserts in a task nobody waits for: it passes before the assertion runs.",
        severity: .warning,
        needsAsync: false,
        why: """
            The test function returns, the test is green, and the task has not begun. When it fails later, the failure \
            is charged to another test, or to none.
            """,
        instead: """
            Make the test `async` and await the work, or keep the task and `await task.value`; an expectation that the \
            task fulfils, or `confirmation`.
            """,
        limits: """
            Only in files that import XCTest or Testing. A task that fulfils, confirms, signals or resumes something \
            is waited for.
            """,
        reported: [
            .init(
                "XCTest",
                """
                import XCTest
                func testA() { ↓Task { let v = await load(1); XCTAssertEqual(v, 1) } }
                """),
            .init(
                "Testing",
                """
                import Testing
                @Test func a() { ↓Task { #expect(await load(1) == 1) } }
                """),
            .init(
                "a requirement",
                """
                import Testing
                @Test func a() async { ↓Task { try #require(await load(1) == 1) } }
                """),
            .init(
                "detached",
                """
                import XCTest
                func testA() { ↓Task.detached { XCTAssertTrue(await ok()) } }
                """),
            .init(
                "a failure",
                """
                import XCTest
                func testA() { ↓Task { do { try await save(1) } catch { XCTFail("no") } } }
                """),
            .init(
                "discarded",
                """
                import XCTest
                func testA() { _ = ↓Task { XCTAssertNil(await load(1)) } }
                """),
        ],
        clean: [
            .init(
                "awaited",
                """
                import XCTest
                func testA() async { await Task { XCTAssertTrue(await ok()) }.value }
                """),
            .init(
                "kept",
                """
                import XCTest
                func testA() async { let t = Task { XCTAssertTrue(await ok()) }; await t.value }
                """),
            .init(
                "fulfils",
                """
                import XCTest
                func testA() { let e = expectation(description: ""); Task { XCTAssertTrue(await ok()); e.fulfill() }; wait(for: [e]) }
                """),
            .init(
                "counts, and the test waits for the counter",
                """
                import XCTest
                func testA() async {
                    let counter = Counter(target: 2)
                    for _ in 0..<2 { Task { XCTAssertTrue(await ok()); await counter.increase() } }
                    await counter.waitFulfillment()
                }
                """),
            .init(
                "signals",
                """
                import XCTest
                func testA() { let s = DispatchSemaphore(value: 0); Task { XCTAssertTrue(await ok()); s.signal() }; s.wait() }
                """),
            .init(
                "confirms",
                """
                import Testing
                @Test func a() async { await confirmation { c in Task { #expect(await ok()); c() } } }
                """),
            .init("no test", "func f() { Task { XCTAssertTrue(await ok()) } }"),
            .init(
                "asserts outside",
                """
                import XCTest
                func testA() { Task { await work() }; XCTAssertTrue(true) }
                """),
        ])
}
#endif
