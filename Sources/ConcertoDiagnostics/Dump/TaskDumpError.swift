#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Why the tasks of another process cannot be read.
public struct TaskDumpError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Kinds of reasons.
    public enum Kind: Sendable {
        /// There is no such process.
        case noProcess
        /// Its memory may not be read by this user.
        case notPermitted
        /// It has no tasks of Swift, or hides where they are.
        case noSwiftConcurrency
        /// Its runtime lays tasks out in a way that is not known.
        case unknownLayout
        /// Not on this system.
        case unsupported
    }

    /// The kind of reason.
    public let kind: Kind
    /// What happened, to what, and what to do.
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// - Parameters:
    ///   - code: What the system said.
    ///   - pid: About which process.
    ///   - scope: Yama's setting, if the system has it.
    init(code: Int32, pid: Int32, scope: Int?) {
        switch code {
        case ESRCH: self.init(.noProcess, "there is no process \(pid)")
        case ENOSYS: self.init(.unsupported, "this system does not let one process read another's memory")
        default:
            var advice = "run this as the user that the process runs as, or as root"
            if let scope, scope > 0 {
                advice +=
                    "; kernel.yama.ptrace_scope is \(scope), which allows "
                    + (scope == 1
                        ? "reading child processes only: run as root, or set it to 0" : "root only, or nobody")
            }
            self.init(.notPermitted, "the memory of process \(pid) may not be read: \(advice)")
        }
    }
}
