import Concerto
import ConcertoDiagnostics

@main
struct DiagnosticsProgram {
    static func main() {}
}
