import Concerto
import ConcertoTesting
import Testing

/// Swift's own `Task {}` takes what is not `Sendable` if nobody else has it; that these compile is half of the test.
@Suite(.leakFree) struct SendingTests {
    private final class Draft {
        var lines: [String] = []
    }

    @Test func `a task takes over what is not Sendable and belongs to nobody else`() async throws {
        let (first, second, third) = (Draft(), Draft(), Draft())
        let run = Task.run {
            first.lines.append("run")
            return first.lines
        }
        let created = TaskHandle<[String]> {
            second.lines.append("created")
            return second.lines
        }
        try created.start()
        let context = SynchronizationContext.withThread(named: "sending")
        let posted = context.post {
            third.lines.append("posted")
            return third.lines
        }
        #expect(try await run.value == ["run"])
        #expect(try await created.value == ["created"])
        #expect(try await posted.value == ["posted"])
        context.stop()
    }

    @Test func `so does synchronous code that waits for a task or a context`() throws {
        let (first, second) = (Draft(), Draft())
        let lines = try runBlocking {
            await Task.yield()
            first.lines.append("blocking")
            return first.lines
        }
        #expect(lines == ["blocking"])
        let context = SynchronizationContext.withThread(named: "sending")
        let sent = try context.send {
            second.lines.append("sent")
            return second.lines
        }
        #expect(sent == ["sent"])
        context.stop()
    }

    @Test @MainActor func `a body that is sent does not run on the actor of its creator`() async throws {
        let context = SynchronizationContext.withThread(named: "sending")
        let draft = Draft()
        let isOnContext = Task.run(on: context) {
            draft.lines.append("elsewhere")
            return SynchronizationContext.current === context
        }
        #expect(try await isOnContext.value)
        let posted = context.post { SynchronizationContext.current === context }
        #expect(try await posted.value)
        context.stop()
    }
}
