#if HTTP
import Foundation
import NIOSSL

/// Whose word is taken for a server's certificate.
enum TrustRoots {
    /// Where systems keep the certificates of the authorities they trust, that NIOSSL (2.37) does not look at.
    private static let furtherFiles = [
        "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
        "/var/lib/ca-certificates/ca-bundle.pem",
        "/etc/ssl/ca-bundle.pem",
    ]
    /// Where NIOSSL looks.
    private static let knownFiles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
    private static let knownFolder = "/etc/ssl/certs"

    /// The certificates of a file, PEM.
    ///
    /// - Throws: If there are none, or something else.
    static func load(_ path: String) throws -> [NIOSSLCertificate] {
        let certificates = try NIOSSLCertificate.fromPEMFile(path)
        guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
        return certificates
    }

    /// The machine's own; `nil` if it has none.
    static func system() -> NIOSSLTrustRoots? {
        #if os(Linux)
        let files = FileManager.default
        func isThere(_ path: String) -> Bool { files.fileExists(atPath: path) }
        if knownFiles.contains(where: isThere) { return .default }
        if let file = furtherFiles.first(where: isThere) { return .file(file) }
        return (try? files.contentsOfDirectory(atPath: knownFolder))?.isEmpty == false ? .default : nil
        #else
        return .default
        #endif
    }
}
#endif
