#if CLI
import DemoServer
import Foundation
import Testing

/// What the machine allows, and what a person stops; the numbers are those of the cases that people have suffered.
@Suite(.timeLimit(.minutes(10)))
struct BatchMachineCaseTests {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test(arguments: ["ulimit -Sn 64", "ulimit -n 64"])
    func `B34: no row fails for want of descriptors, whether the limit can be raised or not`(limit: String) async throws
    {
        let ending = try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in", (1...300).map { #"{"id":\#($0),"method":"POST","url":"\#(server.url)/orders","body":{}}"# })
            return try await ToolProcess.shell("\(limit) && exec \"$0\" batch in -o out -c 300", in: scratch)
        }
        #expect(ending.code == 0, "\(ending.errors)")
        #expect(try scratch.results("out").count == 300 && ending.errors.contains("300 succeeded, 0 failed"))
    }

    @Test func `B52: where files may not grow, the run ends with the reason, and goes on when they may`() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in", (1...600).map { #"{"id":\#($0),"url":"\#(server.url)/users/\#($0)?pad=\#(Self.pad)"}"# })
            // In blocks of 512 bytes: the store's log is full in the middle of the run, or of its plan.
            let ending = try await ToolProcess.shell(
                "ulimit -f 300 && exec \"$0\" batch in -o out -c 4", in: scratch)
            #expect(ending.code == 4, "\(ending.code) \(ending.errors)")
            #expect(ending.errors.contains("limit of a file's size") || ending.errors.contains("can't be written"))
            let again = scratch.exists("out.store") ? ["--resume"] : []
            let last = try await ToolProcess(["batch", "in", "-o", "out"] + again, in: scratch).wait()
            #expect(last.code == 0, "\(last.errors)")
        }
        let results = try scratch.results("out")
        #expect(results.count == 600 && Set(results.compactMap { $0["id"] as? Int }).count == 600)
    }

    private static let pad = String(repeating: "x", count: 300)

    @Test func `a sample names the command for the rest, which calls no row again`() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...60).map { #"{"id":\#($0),"url":"\#(server.url)/users/\#($0)"}"# })
            let sample = try await ToolProcess.run("batch", "in", "-o", "out", "--sample", "12", in: scratch)
            #expect(sample.code == 0, "\(sample.errors)")
            #expect(sample.errors.contains("sample     all 60 rows would take about "), "\(sample.errors)")
            #expect(sample.errors.contains("concerto: 48 rows are left; go on with:\n  "))
            #expect(sample.errors.contains(" batch in -o out --resume\n"))
            let rest = try await ToolProcess.run("batch", "in", "-o", "out", "--resume", in: scratch)
            #expect(rest.code == 0 && rest.errors.contains("48 rows: 48 succeeded, 0 failed, 12 had finished before"))
            #expect(server.hits.values.allSatisfy { $0 == 1 } && server.hits.count == 60)
        }
    }

    @Test func `rows that make the same call share it with --dedupe`() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write("in", (1...40).map { #"{"id":\#($0),"url":"\#(server.url)/users/\#($0 % 5)"}"# })
            let ending = try await ToolProcess.run("batch", "in", "-o", "out", "--dedupe", in: scratch)
            #expect(ending.code == 0 && ending.errors.contains("shared     35 rows"), "\(ending.errors)")
            #expect(server.hits.values.reduce(0, +) == 5)
            let results = try scratch.results("out")
            #expect(results.count == 40 && results.count { $0["same_as"] != nil } == 35)
        }
    }

    @Test func `a page of the run is written where it was asked for, also of a run that gave up`() async throws {
        try await DemoServer.run { [scratch] server in
            try scratch.write(
                "in", (1...50).map { #"{"id":\#($0),"url":"\#(server.url)/status/\#($0 < 40 ? 200 : 404)"}"# })
            let ending = try await ToolProcess.run(
                "batch", "in", "-o", "out", "--report", "run.html", "--max-failures", "3", "-c", "1", in: scratch)
            #expect(ending.code == 3, "\(ending.errors)")
        }
        let page = try scratch.read("run.html")
        #expect(page.contains("stopped: more rows failed than allowed") && page.hasSuffix("</html>\n"))
        for (path, message) in [("in", "another file of the run"), ("none/x.html", "there is no folder")] {
            let ending = try await ToolProcess.run("batch", "in", "-o", "new", "--report", path, in: scratch)
            #expect(ending.code == 2 && ending.errors.contains(message) && !scratch.exists("new"), "\(ending.errors)")
        }
    }

    @Test(arguments: [["--sample", "0"], ["--sample", "5", "-"], ["--dedupe", "--next-link"]])
    func `what makes no sense of the two is told before the first call`(arguments: [String]) async throws {
        try scratch.write("in", [#"{"url":"http://127.0.0.1:1/"}"#])
        let words = arguments.contains("-") ? arguments : ["in"] + arguments
        let ending = try await ToolProcess(["batch"] + words, in: scratch).wait()
        #expect(ending.code == 2 && ending.errors.contains("sample") != ending.errors.contains("dedupe"))
    }
}
#endif
