#if PostgreSQL
import CPQ
import Concerto
import ConcertoRuntime

/// Where the body of ``PostgresConnection/copyIn(_:_:)`` puts its data. Good until the body returns, and for one task.
public final class PostgresCopyWriter {
    /// Bytes that are handed to libpq together.
    static let piece = 64 << 10

    private let link: Link
    private var buffer: [UInt8] = []

    init(_ link: Link) {
        self.link = link
        buffer.reserveCapacity(Self.piece + 4096)
    }

    /// Sends bytes in the format that the statement names; pieces need not end where rows end.
    ///
    /// - Cancellation: ends the wait for the server with `CancellationError`.
    /// - Throws: ``PostgresError`` of the kind `lost`.
    nonisolated(nonsending)
        public func write(_ bytes: some Collection<UInt8>) async throws
    {
        buffer.append(contentsOf: bytes)
        if buffer.count >= Self.piece { try await flush() }
    }

    /// Sends a row in PostgreSQL's text format, which a `COPY` without a `FORMAT` expects.
    ///
    /// - Throws: ``PostgresError`` of the kinds `lost` and, for text with a zero byte, `usage`.
    nonisolated(nonsending)
        public func row(_ values: any PostgresEncodable...) async throws
    {
        for (index, value) in values.enumerated() {
            if index > 0 { buffer.append(UInt8(ascii: "\t")) }
            switch value.postgresValue {
            case .null:
                buffer.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "N")])
            case .bytes(let bytes):
                buffer.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "\\"), UInt8(ascii: "x")])
                buffer.append(contentsOf: Hexadecimal.text(bytes).utf8)
            case .text(let text):
                try append(text, index)
            }
        }
        buffer.append(UInt8(ascii: "\n"))
        if buffer.count >= Self.piece { try await flush() }
    }

    private func append(_ text: String, _ index: Int) throws(PostgresError) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): buffer.append(contentsOf: [byte, byte])
            case UInt8(ascii: "\t"): buffer.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
            case UInt8(ascii: "\n"): buffer.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case UInt8(ascii: "\r"): buffer.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
            case 0:
                throw PostgresError(
                    .usage, "column \(index + 1) of a row holds a zero byte, which text can't: send it as bytes")
            default: buffer.append(byte)
            }
        }
    }

    /// Hands everything on and waits until the socket has taken it: memory stays bounded however slow the server is.
    nonisolated(nonsending)
        func flush() async throws
    {
        guard !buffer.isEmpty else { return }
        while true {
            let taken = buffer.withUnsafeBytes { memory in
                link.library.functions.putCopyData(
                    link.raw, memory.baseAddress!.assumingMemoryBound(to: CChar.self), Int32(memory.count))
            }
            guard taken >= 0 else { throw link.lost() }
            try await link.flush()
            if taken == 1 { break }
        }
        buffer.removeAll(keepingCapacity: true)
    }
}
#endif
