#if CLI
import DemoServer
import Foundation
import Testing

/// Every exit code of `concerto batch`, and what is said with it.
@Suite("concerto batch: exit codes and messages")
struct BatchExitCodeTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test("0: every row succeeds, one line each, nothing on standard output")
    func everythingSucceeds() async throws {
        let ending = try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...50).map { #"{"url":"\#(server.url)/users/\#($0)"}"# })
            return try await ToolProcess.run("batch", "in", "-o", "out", in: scratch)
        }
        #expect(ending.code == 0, "\(ending.errors)")
        #expect(ending.output.isEmpty)
        #expect(Set(try scratch.results("out").compactMap { $0["id"] as? Int }) == Set(1...50))
        #expect(ending.errors.contains("50 succeeded, 0 failed"))
        #expect(scratch.names.filter { $0.hasPrefix("out") } == ["out", "out.store"], "the lock goes with the run")
    }

    @Test("1: some rows fail, and are listed")
    func someFail() async throws {
        let ending = try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in", ["{\"url\":\"\(server.url)/users/1\"}", "{\"id\":\"gone\",\"url\":\"\(server.url)/status/404\"}"])
            return try await ToolProcess.run("batch", "in", "-o", "out", in: scratch)
        }
        #expect(ending.code == 1)
        #expect(ending.errors.contains("line 2, id gone: status: 404 Not Found"))
    }

    @Test("1: a row that can't be parsed fails with its line and the reason, and the others are called")
    func brokenRow() async throws {
        let ending = try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in",
                [
                    #"{"url":"\#(server.url)/users/1"}"#, #"{"url":"\#(server.url)/users/2"}"#, #"{"url": broken"#,
                    #"{"url":"gopher://x/y"}"#,
                ])
            return try await ToolProcess.run("batch", "in", "-o", "out", in: scratch)
        }
        #expect(ending.code == 1)
        let results = try scratch.results("out")
        #expect(results.count == 4)
        let messages = results.compactMap { ($0["error"] as? [String: any Sendable])?["message"] as? String }.sorted()
        #expect(messages.count == 2)
        #expect(messages.first?.hasPrefix("line 3: not valid JSON: ") == true, "\(messages)")
        #expect(messages.last == "line 4: the scheme 'gopher' is not supported; use http or https")
    }

    @Test("1: a host without an address")
    func unresolvableHost() async throws {
        try scratch.write("in", [#"{"url":"http://does-not-exist.invalid/"}"#])
        let ending = try await ToolProcess.run("batch", "in", "-o", "out", "--max-retries", "0", in: scratch)
        #expect(ending.code == 1)
        #expect(ending.errors.contains("dns: the host 'does-not-exist.invalid' "))
    }

    @Test(
        "2: what does not make sense is said before anything is called or created",
        arguments: [
            (["missing", "-o", "out"], "the input 'missing' can't be read: No such file or directory"),
            (["empty", "-o", "out"], "the input 'empty' holds no rows"),
            (["folder", "-o", "out"], "the input 'folder' is a directory"),
            (["in", "-o", "nowhere/out"], "the output 'nowhere/out' can't be written: there is no folder"),
            (["in", "-o", "folder"], "the output 'folder' can't be written: it is a folder"),
            (["in", "-o", "out", "--failed", "./in"], "'./in' is the input; write to another file"),
            (["in", "-o", "out", "--failed", "out.store"], "'out.store' and 'out.store' are one file"),
            (["in", "-o", "x.csv", "--store", "./x.csv"], "are one file; output, store and failed rows need one each"),
            (
                ["in", "-o", "out", "--failed", "nowhere/x"],
                "the file of failed rows 'nowhere/x' can't be written: there is no folder"
            ),
            (["broken", "-o", "out", "--strict"], "line 3: not valid JSON"),
            (["twins", "-o", "out"], "lines 1 and 3 have the same id 'a'"),
            (
                ["in", "-o", "out", "-H", "A: {env:CONCERTO_UNSET}"],
                "the environment variable CONCERTO_UNSET is not set"
            ),
            (
                ["in", "-o", "out", "--allow-env", "CONCERTO_UNSET"],
                "the environment variable CONCERTO_UNSET is not set"
            ),
            (
                ["in", "-o", "out", "-c", "0", "--burst", "0"],
                "concurrency must be 1 to 10,000, not 0; burst must be 1"
            ),
            (["in", "-o", "out", "--rate", "fast"], "The value 'fast' is invalid for '--rate"),
            (["in", "-o", "out", "--proxy", "ftp://x"], "the proxy must look like"),
            (["in", "--resume"], "resume needs an output file (-o)"),
            (["-", "-o", "out", "--resume"], "resume needs an input file"),
            // T19
            (["table", "-o", "out"], "the input 'table' looks like CSV, and its name does not say so"),
            (
                ["semicolons.csv", "-o", "out"],
                "the header of the input 'semicolons.csv' has no ',', but ';': read it with --delimiter ';'"
            ),
            (["twins.csv", "-o", "out"], "two columns of the input 'twins.csv' are called 'a'"),
            (["open.csv", "-o", "out"], "line 2 of the input 'open.csv' has a quote that nothing closes"),
            (["names.csv", "-o", "out"], "no column is called 'url', and no --url says how"),
            (
                ["names.csv", "-o", "out", "--url", "http://h/{nmae}"],
                "--url names {nmae}, and there is no such column; is 'name' meant? The columns are name, city"
            ),
            (
                ["names.csv", "-o", "out", "--url", "http://h/", "--id-column", "citi"],
                "--id-column names {citi}, and there is no such column; is 'city' meant?"
            ),
            (
                ["names.csv", "-o", "out", "--url", "http://h/", "--body", #"{"a": {name}"#],
                "--body looks like JSON and is none"
            ),
            (["names.csv", "-o", "out", "--url", "http://h/{name"], "a brace of --url is not closed; write {{"),
            (
                ["names.csv", "-o", "out", "--url", "http://h/", "-H", "X: {city"],
                "a brace of the header 'X' is not closed"
            ),
            (["names.csv", "-o", "out", "--url", "http://{env:CONCERTO_UNSET}/"], "CONCERTO_UNSET is not set"),
            (
                ["names.csv", "-o", "out", "--url", "http://h/", "--body", "@missing"],
                "--body @missing: the file can't be read"
            ),
            (["names.csv", "-o", "out", "--delimiter", "::"], "The value '::' is invalid for '--delimiter"),
            (["in", "-o", "out", "--no-header"], "--no-header belongs to tables"),
            (["names.csv", "-o", "out", "--from-curl", "curl"], "--from-curl: there is no URL in the command"),
            (
                ["names.csv", "-o", "out", "--from-curl", "curl -F a=b http://h/"],
                "--from-curl: -F is not understood"
            ),
            (["names.csv", "-o", "out", "--from-curl", "curl 'http://h/"], "--from-curl: a quote is not closed"),
            (["array.json", "-o", "out"], "the input 'array.json' is a JSON array"),
            (["rows.gz", "-o", "out"], "the input is gzip, and"),
            (["rows.zst", "-o", "out"], "is compressed (zstd), and only gzip is unpacked"),
            (["utf16", "-o", "out", "--input-format", "csv"], "the input 'utf16' is UTF-16"),
            (["utf16", "-o", "out"], "the input 'utf16' is UTF-16"),
            (["-", "-o", "out"], "standard input holds no rows"),
            // T8.3
            (["in", "-o", "out", "-H", "X-Api-Key none"], "-H number 1: a header looks like 'Name: value'"),
            (["in", "-o", "out", "--memory", "1MB"], "memory must be 16MB to 1000GB"),
            (["in", "-o", "out", "--no-such-option"], "Unknown option '--no-such-option'"),
        ])
    func usage(arguments: [String], message: String) async throws {
        try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
        try scratch.write("broken", [#"{"url":"http://h/"}"#, #"{"url":"http://h/"}"#, "{"])
        try scratch.write(
            "twins", [#"{"id":"a","url":"http://h/1"}"#, #"{"url":"http://h/2"}"#, #"{"id":"a","url":"http://h/3"}"#])
        try scratch.write("table", ["id,url", "1,http://h/1", "2,http://h/2"])
        try scratch.write("semicolons.csv", ["id;url", "1;http://h/1"])
        try scratch.write("twins.csv", ["a,url,a", "1,http://h/1,2"])
        try scratch.write("open.csv", ["a,url", "1,\"http://h/1"])
        try scratch.write("names.csv", ["name,city", "Ada,London"])
        try Data([0x28, 0xB5, 0x2F, 0xFD, 0, 0]).write(to: scratch.url.appendingPathComponent("rows.zst"))
        try scratch.write("array.json", ["[", #"  {"url":"http://h/1"}"#, "]"])
        try Data([0x1F, 0x8B, 8, 0, 0, 0, 0, 0]).write(to: scratch.url.appendingPathComponent("rows.gz"))
        try #require(#"{"url":"http://h/1"}"#.data(using: .utf16)).write(
            to: scratch.url.appendingPathComponent("utf16"))
        _ = FileManager.default.createFile(atPath: scratch.path("empty"), contents: nil)
        try FileManager.default.createDirectory(atPath: scratch.path("folder"), withIntermediateDirectories: true)
        let ending = try await ToolProcess(["batch"] + arguments, in: scratch).wait()
        #expect(ending.code == 2, "\(ending.errors)")
        #expect(ending.errors.contains(message), "\(ending.errors)")
        #expect(!scratch.names.contains { $0.hasPrefix("out") }, "the next try finds a clean place: \(scratch.names)")
    }

    @Test("2: an unknown subcommand")
    func unknownSubcommand() async throws {
        #expect(try await ToolProcess.run("bacht", in: scratch).code == 2)
    }

    @Test("3: --max-failures stops the run, which can be resumed")
    func tooManyFailures() async throws {
        let (first, second) = try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...200).map { #"{"url":"\#(server.url)/status/404?\#($0)"}"# })
            let first = try await ToolProcess.run(
                "batch", "in", "-o", "out", "-c", "2", "--max-failures", "10", in: scratch)
            return (first, try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch))
        }
        #expect(first.code == 3)
        #expect(first.errors.contains("more rows failed than --max-failures allows"))
        #expect(second.code == 1)
        #expect(try scratch.results("out").count == 200)
    }

    @Test("4: an output that is there is neither continued nor overwritten unasked")
    func existingOutput() async throws {
        try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
        try scratch.write("out", ["precious"])
        let ending = try await ToolProcess.run("batch", "in", "-o", "out", in: scratch)
        #expect(ending.code == 4)
        #expect(ending.errors.contains("'out' is there already; go on with --resume, or start anew with --overwrite"))
        #expect(try scratch.read("out") == "precious\n")
    }

    @Test("4: a store of another run is refused, with the difference named")
    func otherRun() async throws {
        try scratch.write("in", [#"{"id":"a","url":"http://127.0.0.1:1/a"}"#])
        _ = try await ToolProcess.run("batch", "in", "-o", "out", "--max-retries", "0", in: scratch)
        let header = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", "-H", "X: y", in: scratch)
        #expect(header.code == 4)
        #expect(header.errors.contains("the header x was not there"), "\(header.errors)")

        try scratch.write("in", [#"{"id":"a","url":"http://127.0.0.1:1/b"}"#])
        let row = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch)
        #expect(row.code == 4)
        #expect(row.errors.contains("row 'a' on line 1 is not the row of the earlier run (line 1): its url changed"))
    }

    @Test("4: a file that is no store")
    func notAStore() async throws {
        try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
        try scratch.write("out", [])
        try scratch.write("out.store", [String(repeating: "this is no database ", count: 100)])
        let ending = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch)
        #expect(ending.code == 4)
        #expect(ending.errors.contains("'out.store' can't be used as a store"), "\(ending.errors)")
    }

    @Test("4: nothing to resume")
    func nothingToResume() async throws {
        try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
        let ending = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch)
        #expect(ending.code == 4)
        #expect(ending.errors.contains("there is nothing to resume: no store at 'out.store'"))
    }

    @Test("4: B52: a full disk ends the run with the reason")
    func fullDisk() async throws {
        try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
        let ending = try await ToolProcess.run("batch", "in", "-o", "/dev/full", "--max-retries", "0", in: scratch)
        #expect(ending.code == 4)
        #expect(ending.errors.contains("the output '/dev/full' can't be written: No space left on device"))
    }

    @Test("4: B59: two runs on one store")
    func twoRuns() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", [#"{"url":"\#(server.url)/slow/100000"}"#])
            let first = try ToolProcess(["batch", "in", "-o", "out"], in: scratch)
            await server.received(1)
            let second = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch)
            #expect(second.code == 4)
            #expect(second.errors.contains("writes to this store"), "\(second.errors)")
            first.signal(SIGKILL)
            _ = try await first.wait()
        }
    }

    // T23: with a store of its own the second run took the first one's output away.
    @Test("4: B59: two runs on one output")
    func twoRunsOnOneOutput() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", [#"{"url":"\#(server.url)/slow/100000"}"#])
            let first = try ToolProcess(["batch", "in", "-o", "out"], in: scratch)
            await server.received(1)
            let second = try await ToolProcess.run(
                "batch", "in", "-o", "out", "--store", "other", "--overwrite", in: scratch)
            #expect(second.code == 4)
            #expect(second.errors.contains("another run writes to the output 'out'"), "\(second.errors)")
            first.signal(SIGKILL)
            _ = try await first.wait()
            #expect(scratch.exists("out"))
        }
    }

    // T15: "completed", exit code 0, with 72,000 of 200,000 rows unfinished.
    @Test("4: an input that loses rows while it is read")
    func shrinkingInput() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...20_000).map { #"{"url":"\#(server.url)/users/\#($0)"}"# })
            let tool = try ToolProcess(["batch", "in", "-o", "out"], in: scratch)
            await server.received(10)
            truncate(scratch.path("in"), 600_000)
            let ending = try await tool.wait()
            #expect(ending.code == 4, "\(ending.errors)")
            #expect(ending.errors.contains("the input was changed while it was read"), "\(ending.errors)")
        }
    }

    // S3: "Resource temporarily unavailable": the number had gone to a file of ours.
    @Test("2: standard input that is closed")
    func closedInput() async throws {
        let ending = try await ToolProcess.shell(#""$0" batch - -o out <&-"#, in: scratch)
        #expect(ending.code == 2 && ending.errors.contains("Bad file descriptor"), "\(ending.errors)")
    }

    @Test("4: standard output that is closed")
    func closedOutput() async throws {
        let ending = try await DemoServer.run { [scratch] server in
            try scratch.write("in", [#"{"url":"\#(server.url)/users/1"}"#])
            return try await ToolProcess.shell(#""$0" batch in >&-"#, in: scratch)
        }
        #expect(ending.code == 4 && ending.errors.contains("standard output can't be written"), "\(ending.errors)")
    }

    // S3: -H without a colon showed the usage of `concerto`.
    @Test("What is wrong with an option of batch is told with the usage of batch")
    func usageOfBatch() async throws {
        let ending = try await ToolProcess.run("batch", "in", "-H", "foo", in: scratch)
        #expect(ending.code == 2 && ending.errors.contains("Usage: concerto batch"), "\(ending.errors)")
    }

    @Test("The help has examples, and says what --backoff is; completions know files")
    func helpfulHelp() async throws {
        let help = try await ToolProcess.run("batch", "--help", in: scratch).output
        for part in ["Examples:", "Authorization: Bearer {env:TOKEN}", "--resume --retry-failed"] {
            #expect(help.contains(part), "\(part)")
        }
        #expect(!help.contains("mean delay"))
        let bash = try await ToolProcess.run("--generate-completion-script", "bash", in: scratch).output
        #expect(bash.contains("'--output'|'-o')\n        __concerto_add_completions -f"))
    }

    @Test("The help names every exit code")
    func help() async throws {
        let ending = try await ToolProcess.run("batch", "--help", in: scratch)
        #expect(ending.code == 0)
        for code in [
            "0    every row", "1    some rows", "2    usage", "3    stopped", "4    store", "130  interrupted",
        ] {
            #expect(ending.output.contains(code))
        }
    }
}
#endif
