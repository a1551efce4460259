/// Something to wait for that diagnostics can tell from others of its kind.
protocol LabelledResource: AnyObject, Sendable {
    /// Its name, else where it was created.
    var label: WaitGraph.Label { get }
}

/// A resource whose waits and holdings are told to the ``WaitGraph`` with their owners, by the resource itself.
protocol OwnedResource: LabelledResource {}
