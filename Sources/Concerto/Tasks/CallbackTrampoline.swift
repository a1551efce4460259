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
enum CallbackTrampoline {
    private final class Pending {
        var actions: [() -> Void] = []
    }

    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        return key
    }()

    /// Releases `values`, whose destruction may release further ones in the same way.
    static func release<Value>(_ values: consuming [Value]) {
        guard !values.isEmpty else { return }
        var values = consume values
        run { values.removeAll() }
    }

    static func run(_ action: @escaping () -> Void) {
        if let pending = pthread_getspecific(key) {
            Unmanaged<Pending>.fromOpaque(pending).takeUnretainedValue().actions.append(action)
            return
        }
        let pending = Pending()
        pthread_setspecific(key, Unmanaged.passUnretained(pending).toOpaque())
        action()
        var index = 0
        while index < pending.actions.count {
            let next = pending.actions[index]
            pending.actions[index] = {}
            next()
            index += 1
        }
        pthread_setspecific(key, nil)
        withExtendedLifetime(pending) {}
    }
}
