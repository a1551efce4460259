#if Batch
import Foundation
import NIOCore

/// Base64 with padding (RFC 4648 §4).
func base64(_ bytes: ByteBufferView) -> Data {
    Data(bytes).base64EncodedData()
}
#endif
