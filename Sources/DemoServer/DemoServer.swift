#if CLI
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import Synchronization

/// An API that misbehaves as real ones do, on loopback. It is what the quickstart calls and what the tests call.
///
/// | request | answer |
/// |---|---|
/// | `GET /users/ID` | 200 and a JSON object |
/// | `GET /text/ID`, `GET /binary/ID`, `GET /large/BYTES` | 200 and text, bytes, or so many bytes |
/// | `POST /orders` | 201 and the body in a JSON object; 422 if the body is no JSON object |
/// | `GET /pages/COUNT/NAME/1` | 200 and the first of so many pages of a list, with `next` |
/// | `GET /geocode?q=NAME` | 200 and a list with a place |
/// | `POST /chat` | 200, the last message backwards, and the tokens it has counted as |
/// | `POST /jobs` | 202 and, as `Location`, where to look |
/// | `GET /jobs/NUMBER` | 200 and `running`, from the third look on `done` |
/// | `POST /token` | 200 and a token for a minute |
/// | `GET /private/ID` | 200 with such a token, else 401 |
/// | `/status/CODE` | that status |
/// | `/slow/MILLISECONDS` | 200 after that time |
/// | `/echo` | 200 and the request's head and body |
/// | anything else | 404 |
public final class DemoServer: Sendable {
    /// The port it listens on.
    public let port: Int
    private let misbehaviour: Misbehaviour

    private init(port: Int, misbehaviour: Misbehaviour) {
        self.port = port
        self.misbehaviour = misbehaviour
    }

    /// `http://127.0.0.1:PORT`.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// How often each call got past the rate limit, by `METHOD path`: the witness of tests that count calls.
    public var hits: [String: Int] { misbehaviour.hits }

    /// Returns when `count` calls have got past the rate limit since the server began, or when the task is cancelled.
    public func received(_ count: Int) async {
        for await _ in misbehaviour.reached(count) {}
    }

    /// Runs a server for as long as `body` runs.
    ///
    /// - Parameters:
    ///   - configuration: How it misbehaves.
    ///   - port: The port on 127.0.0.1, or 0 for a free one.
    ///   - body: Gets the server once it listens.
    /// - Cancellation: stops the server and cancels `body`.
    /// - Throws: What `body` throws; an error of the system if the port can't be had.
    public static func run<Result: Sendable>(
        _ configuration: DemoServerConfiguration = .calm, port: Int = 0,
        _ body: @escaping @Sendable (DemoServer) async throws -> Result
    ) async throws -> Result {
        let misbehaviour = Misbehaviour(configuration)
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let responder = DemoResponder(misbehaviour: misbehaviour, configuration: configuration)
        let application = Application(
            responder: CallbackResponder(callback: responder.respond),
            configuration: .init(address: .hostname("127.0.0.1", port: port)),
            onServerRunning: { channel in
                announce.yield(channel.localAddress?.port ?? 0)
                announce.finish()
            },
            logger: Logger(label: "concerto.demo-server") { _ in SwiftLogNoOpLogHandler() })
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                defer { announce.finish() }
                try await application.run()
                return nil
            }
            group.addTask {
                guard let port = await ports.first(where: { _ in true }) else { return nil }
                let result = try await body(DemoServer(port: port, misbehaviour: misbehaviour))
                await settle(port)
                return result
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let ended { return ended }
            }
            throw CancellationError()
        }
    }

    /// Returns when every connection that has been made so far is being served: the server takes them in their order, and one
    /// that is dropped before, because the server is cancelled, ends the process (a precondition of NIO's writers). Connections
    /// go to the event loops in turn, and are set up there in their order: so each loop is asked, more than once because others
    /// take turns too.
    private static func settle(_ port: Int) async {
        let loops = MultiThreadedEventLoopGroup.singleton.makeIterator().reduce(0) { count, _ in count + 1 }
        for _ in 0..<(3 * loops) { await ask(port) }
    }

    private static func ask(_ port: Int) async {
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        guard let channel = try? await bootstrap.connect(host: "127.0.0.1", port: port).get() else { return }
        channel.eventLoop.scheduleTask(in: .seconds(30)) { channel.close(promise: nil) }
        let request = "GET /settled HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        try? await channel.writeAndFlush(ByteBuffer(string: request))
        try? await channel.closeFuture.get()
    }
}
#endif
