extension TaskHandle where Success == Never {
    /// What is done with an error that nobody asked for; `nil`, the default, writes one line to standard error.
    ///
    /// It is called exactly once for each such error, on whatever thread drops the last reference to the failed task,
    /// and should be short. Cancellations never come here.
    public static var onUnobservedError: (@Sendable (UnobservedError) -> Void)? {
        get { UnobservedError.currentHandler }
        set { UnobservedError.currentHandler = newValue }
    }
}
