/// Where a browser says that a request comes from.
package enum RequestOrigin {
    /// Whether a page of another origin has made a browser ask, which another port of this machine is too.
    ///
    /// - Parameter sites: The values of `Sec-Fetch-Site`, which only browsers send, and no page can change.
    package static func isForeign(_ sites: [String]) -> Bool {
        !sites.allSatisfy { ["same-origin", "none"].contains($0) }
    }

    /// Why such a request is refused.
    package static let refusal = "pages of other origins may not ask for this\n"
}
