#if Server
import ConcertoServer
import Testing

@Suite struct ExportsTests {
    @Test func `whoever imports the kit has limits and tokens`() {
        #expect(CancellationToken.none.canBeCancelled == false)
    }
}
#endif
