import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Turns ``Chaos`` on and off, and says so.
///
/// Off unless somebody turns it on, so that chaos which is built into a pipeline does nothing in production by accident.
/// ``init(variable:report:)`` lets the process's environment decide. Whoever turns it on is named on standard error.
public final class ChaosSwitch: Sendable {
    @usableFromInline let state = Atomic<Bool>(false)
    private let report: @Sendable (String) -> Void

    /// Creates a switch that is off.
    ///
    /// - Parameter report: Gets the line that says that it has been turned on or off. Default: standard error.
    public init(report: (@Sendable (String) -> Void)? = nil) {
        self.report = report ?? { line in _ = (line + "\n").withCString { write(2, $0, strlen($0)) } }
    }

    /// Creates a switch that is on if the environment variable is `1`.
    ///
    /// - Parameters:
    ///   - variable: Such as `CONCERTO_CHAOS`.
    ///   - report: As in ``init(report:)``.
    public convenience init(variable: String, report: (@Sendable (String) -> Void)? = nil) {
        self.init(report: report)
        guard let value = getenv(variable), String(cString: value) == "1" else { return }
        turnOn(because: "\(variable) is 1")
    }

    /// Whether chaos is injected.
    @inlinable
    public var isOn: Bool { state.load(ordering: .relaxed) }

    /// Injects chaos from now on.
    ///
    /// - Parameter reason: Why, for the line that says so.
    public func turnOn(because reason: String) {
        guard !state.exchange(true, ordering: .relaxed) else { return }
        report("Concerto: chaos is on, calls will be slowed down and broken on purpose: \(reason)")
    }

    /// Injects no more chaos.
    public func turnOff() {
        guard state.exchange(false, ordering: .relaxed) else { return }
        report("Concerto: chaos is off")
    }
}
