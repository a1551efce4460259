#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Runs synchronous callbacks one after the other instead of one inside the other.
///
/// A callback may end a task, whose callbacks end further tasks, and so on: 12,000 levels would overflow the stack. So
/// the first callback on a thread makes that thread a trampoline, and those that come while it runs wait their turn.
package enum CallbackTrampoline {
    private final class Pending {
        private var actions: [() -> Void] = []
        private var next = 0

        func append(_ action: @escaping () -> Void) { actions.append(action) }

        /// An action may come back here, and goes on with the one after itself.
        func runAll() {
            while next < actions.count {
                let action = actions[next]
                actions[next] = {}
                next += 1
                action()
            }
        }
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Releases `values`, whose destruction may release further ones in the same way.
    package static func release<Value>(_ values: consuming [Value]) {
        guard !values.isEmpty else { return }
        var values = consume values
        run { values.removeAll() }
    }

    package static func run(_ action: @escaping () -> Void) {
        if let pending = pthread_getspecific(key) {
            Unmanaged<Pending>.fromOpaque(pending).takeUnretainedValue().append(action)
            return
        }
        let pending = Pending()
        pthread_setspecific(key, Unmanaged.passUnretained(pending).toOpaque())
        action()
        pending.runAll()
        pthread_setspecific(key, nil)
        withExtendedLifetime(pending) {}
    }

    /// Runs `body`, which blocks this thread or runs other jobs on it, perhaps from inside a callback.
    ///
    /// It may wait for what was put off, so that runs first; and what it runs must not be put off until it has ended.
    package static func setAside<Result>(_ body: () throws -> Result) rethrows -> Result {
        guard let outer = pthread_getspecific(key) else { return try body() }
        Unmanaged<Pending>.fromOpaque(outer).takeUnretainedValue().runAll()
        pthread_setspecific(key, nil)
        defer { pthread_setspecific(key, outer) }
        return try body()
    }
}
