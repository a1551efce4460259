#if HTTP
extension HTTPCall {
    /// The call as it goes on the wire: checked, its URL encoded, user and password of the URL made a header.
    ///
    /// Everything is checked here that could begin a header or a request of its own, or that AsyncHTTPClient traps on.
    func prepared() throws(HTTPFailure) -> (call: HTTPCall, address: HTTPAddress) {
        guard HeaderRules.isToken(method) else { throw .unsendable("its method is no token, as GET is") }
        guard method != "CONNECT" else { throw .unsendable("CONNECT makes a tunnel, which a call cannot use") }
        for (name, value) in headers {
            if let problem = HeaderRules.problem(name: name, value: value) { throw .unsendable(problem) }
        }
        let address: HTTPAddress
        do {
            address = try HTTPAddress(url)
        } catch {
            throw .unsendable("\(error)")
        }
        var call = self
        call.url = address.url
        if let credentials = address.credentials, !hasHeader("authorization") {
            call.headers.append(("Authorization", credentials))
        }
        return (call, address)
    }
}

extension HTTPFailure {
    static func unsendable(_ reason: String) -> HTTPFailure {
        HTTPFailure(.invalid, mayHaveBeenSent: false, "the call can't be sent: \(reason)")
    }
}
#endif
