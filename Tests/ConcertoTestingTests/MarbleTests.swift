import ConcertoTesting
import Testing

@Suite struct MarbleTests {
    @Test func `pictures and times say the same`() {
        #expect(MarbleDiagram("ab--c|") == MarbleDiagram("a@0 b@1 c@4 |@5"))
        #expect(MarbleDiagram("-[ab](c#)") == MarbleDiagram("[a b]@1 c@2 #"))
        #expect(MarbleDiagram("(abc)-|") == MarbleDiagram("a@0 b c |@2"))
        #expect(MarbleDiagram("a-#").description == "a@0 #@2")
        for wrong in ["(a", "a)", "[a", "a@b", "a@2 b@1", "@3", "a@-1"] {
            #expect(throws: MarbleSyntaxError.self) { try MarbleDiagram(wrong) }
        }
    }

    @Test func `a hot source runs without a listener, a cold one waits for it`() {
        let marbles = Marbles()
        let hot = marbles.observe(marbles.hot("a@0 b@5 c@9 |@12"), from: 6)
        let cold = marbles.observe(marbles.cold("a@0 b@5 |@6"), from: 6)
        marbles.play()
        #expect(hot.diagram == "c@9 |@12")
        #expect(cold.diagram == "a@6 b@11 |@12")
    }

    @Test func `a busy consumer gets what waited for it, and a failure after it`() throws {
        try expect("abc#", { source, _ in source }, "a@0 b@10 c@20 #@30", busy: 10)
        #expect(throws: MarbleMismatch.self) { try expect("a|", { source, _ in source }, "b|") }
    }

    @Test func `a source tells who asked, who opened, and when they left`() {
        let marbles = Marbles()
        let source = marbles.hot("a@1 b@3 c@5 |@9")
        #expect(marbles.run(source, leaving: 2) == "a@1 b@3")
        #expect(source.opened == 1)
        #expect(source.asked == 2)
        #expect(source.closed == [3])
    }
}
