import Concerto

/// What asynchronous code must not do, and synchronous code that it calls does: waits on its thread for a context.
func sendFromHere<Success: Sendable>(
    _ context: SynchronizationContext, _ body: @escaping @Sendable () throws -> Success
) throws -> Success {
    try context.send(body)
}
