#if PostgreSQL
import ConcertoPostgres
import ConcertoResilience
import Testing

@testable import ConcertoPostgres

/// What happens where there is no server: none of these needs one.
@Suite struct FailureTests {
    static var hasLibrary: Bool { (try? PostgresLibrary.load()) != nil }

    @Test func `a missing library is named, with the package that has it`() {
        let error = #expect(throws: PostgresError.self) { try PostgresLibrary.load(from: "libpq-of-nobody.so") }
        #expect(error?.kind == .libraryMissing)
        #expect(error?.description.contains("apt-get install libpq5") == true)
    }

    @Test func `a library without our functions is not used`() {
        let error = #expect(throws: PostgresError.self) { try PostgresLibrary.load(from: "libm.so.6") }
        #expect(error?.description.contains("PQlibVersion") == true)
    }

    @Test(.enabled(if: hasLibrary), arguments: ["host=x pass word", "host=x hunter2"])
    func `a connection string that can't be read is not repeated in the message`(text: String) async {
        let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect(text) }
        #expect(error?.kind == .configuration)
        for secret in ["word", "hunter2"] { #expect(error?.description.contains(secret) == false) }
    }

    @Test(.enabled(if: hasLibrary)) func `an unknown option is named`() async {
        let error = await #expect(throws: PostgresError.self) { try await PostgresConnection.connect("hots=x") }
        #expect(error?.description.contains("hots") == true)
    }

    @Test(.enabled(if: hasLibrary)) func `nobody listens: unreachable, with the place and without the password`() async
    {
        let error = await #expect(throws: PostgresError.self) {
            try await PostgresConnection.connect("postgres://somebody:hunter2@127.0.0.1:1/data")
        }
        #expect(error?.kind == .unreachable)
        #expect(error?.isTransient == true)
        #expect(error?.description.contains("somebody@127.0.0.1:1/data") == true)
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test(
        arguments: [
            ("FATAL:  password authentication failed for user \"x\"", PostgresError.Kind.refused, "28P01"),
            ("FATAL:  database \"x\" does not exist", .refused, "3D000"),
            ("FATAL:  role \"x\" does not exist", .refused, "28000"),
            ("FATAL:  permission denied for database \"x\"", .refused, "42501"),
            ("FATAL:  sorry, too many clients already", .unreachable, "53300"),
            ("FATAL:  the database system is starting up", .unreachable, "57P03"),
            ("FATAL:  das Datenbanksystem startet", .unreachable, nil),
            ("could not connect: Connection refused", .unreachable, nil),
        ] as [(String, PostgresError.Kind, String?)])
    func `what the server says decides whether it is tried again`(
        words: String, kind: PostgresError.Kind, state: String?
    ) {
        let error = ConnectionFailure.error("connection to server failed: \(words)\n", place: "u@h:1/d")
        #expect(error.kind == kind)
        #expect(error.sqlState == state)
    }

    @Test func `options that cannot work are all named`() {
        var options = PostgresOptions()
        options.connectTimeout = .seconds(1)
        options.cancelTimeout = .zero
        let error = #expect(throws: InvalidOptionsError.self) { try PostgresClient("", options: options) }
        #expect(error?.problems.map(\.field) == ["connectTimeout", "cancelTimeout"])
    }
}
#endif
