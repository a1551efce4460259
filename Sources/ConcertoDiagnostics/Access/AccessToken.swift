/// What those must show who may look into a process from elsewhere.
package struct AccessToken: Sendable {
    private let bytes: [UInt8]

    /// Shorter ones can be guessed.
    package static let shortest = 16

    package init(_ token: String) { bytes = Array(token.utf8) }

    /// Whether a header `Authorization` shows it: as a bearer's, or as the password of any name.
    ///
    /// A password is what browsers ask people for: so it stands in no URL, and pages of other origins, for which a browser
    /// asks anew, do not have it.
    package func isShown(in authorization: String?) -> Bool {
        let parts = authorization?.split(separator: " ", maxSplits: 1) ?? []
        guard parts.count == 2 else { return isEqual([]) }
        let text = parts[1].trimmingPrefix { $0 == " " }
        switch parts[0].lowercased() {
        case "bearer": return isEqual(Array(text.utf8))
        case "basic":
            let pair = Self.base64(text.utf8) ?? []
            return isEqual(pair.firstIndex(of: UInt8(ascii: ":")).map { Array(pair[($0 + 1)...]) } ?? [])
        default: return isEqual([])
        }
    }

    /// Takes as long for a token that is nearly right as for one that is not: time would tell how much of it is.
    private func isEqual(_ shown: [UInt8]) -> Bool {
        var difference = shown.count ^ bytes.count
        for (place, byte) in shown.enumerated() {
            difference |= Int(byte ^ (bytes.isEmpty ? 0 : bytes[place % bytes.count]))
        }
        return difference == 0
    }

    private static func base64(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var (bits, count): (UInt32, UInt32) = (0, 0)
        for byte in text where byte != UInt8(ascii: "=") {
            let value: UInt8
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = byte - 65
            case UInt8(ascii: "a")...UInt8(ascii: "z"): value = byte - 71
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte + 4
            case UInt8(ascii: "+"): value = 62
            case UInt8(ascii: "/"): value = 63
            default: return nil
            }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                result.append(UInt8(truncatingIfNeeded: bits >> count))
            }
        }
        return result
    }
}
