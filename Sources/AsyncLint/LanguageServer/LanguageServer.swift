#if Lint
import Foundation

/// The rules as a language server: diagnostics while somebody types, fixes as code actions, a rule's page on hover.
///
/// It speaks the language server protocol 3.17 and knows nothing of where the bytes come from or go. Messages are answered in the
/// order they come in; a document is checked beside that, once at a time and always in its newest text, so that a fast typist is not
/// followed key by key. Columns are UTF-16 units.
public actor LanguageServer {
    /// What holds for the files of a folder.
    public struct Setup: Sendable {
        let configuration: Configuration
        let identity: String

        /// Creates a setup.
        ///
        /// - Parameter identity: equal for equal configurations: what was read under another is read again.
        public init(configuration: Configuration, identity: String) {
            self.configuration = configuration
            self.identity = identity
        }
    }

    /// Answers which configuration holds in a folder, for findings relative to a root.
    public typealias Settings = @Sendable (_ folder: String, _ root: String) throws -> Setup

    struct Index: Sendable {
        let generation: Int
        let task: Task<EditorIndex, Never>
    }

    enum State: Sendable {
        case begun, ready, shutDown
    }

    let settings: Settings
    private let send: @Sendable ([UInt8]) -> Void
    private var framer = MessageFramer()
    var state = State.begun
    var documents: [String: EditorDocument] = [:]
    var folders: [String] = []
    /// Indexes by root and configuration.
    var indexes: [String: Index] = [:]
    /// Counts how often files may have changed: an index of an earlier generation is brought up to date before it is used.
    var generation = 0
    var client = ClientAbilities()
    /// What the user was told about configurations, so that it is said once.
    var told: Set<String> = []

    /// Creates a server.
    ///
    /// - Parameters:
    ///   - settings: reads the configuration of a folder; errors are shown to the user.
    ///   - send: takes the bytes for the client, whole messages, one call after the other.
    public init(settings: @escaping Settings, send: @escaping @Sendable ([UInt8]) -> Void) {
        self.settings = settings
        self.send = send
    }

    /// Takes bytes from the client, in pieces of any size.
    ///
    /// Returns when every whole message among them has been answered. Cancelling the caller leaves an answer out at most.
    ///
    /// - Returns: the exit status once the client has said `exit`: 0 after `shutdown`, else 1.
    public func receive(_ bytes: [UInt8]) async -> Int32? {
        framer.append(bytes)
        while let frame = framer.next() {
            switch frame {
            case .malformed(let problem): fail(.null, .parseError, problem)
            case .message(let message):
                if let status = await handle(message) { return status }
            }
        }
        return nil
    }

    private func handle(_ bytes: [UInt8]) async -> Int32? {
        let message: JSONValue
        do { message = try JSONValue(parsing: bytes) } catch {
            fail(.null, .parseError, "the message is not JSON")
            return nil
        }
        guard message.isObject else {
            fail(.null, .invalidRequest, "a message must be an object; batches are not part of the protocol")
            return nil
        }
        let id = message["id"]
        guard let method = message["method"]?.string else {
            // An answer to something the server asked has no method, and needs no answer.
            if message["result"] == nil, message["error"] == nil {
                fail(id ?? .null, .invalidRequest, "a request needs a 'method' that is a text")
            }
            return nil
        }
        let parameters = message["params"] ?? .null
        if let id {
            await request(id, method, parameters)
            return nil
        }
        if method == "exit" { return state == .shutDown ? 0 : 1 }
        notification(method, parameters)
        return nil
    }

    private func request(_ id: JSONValue, _ method: String, _ parameters: JSONValue) async {
        switch (state, method) {
        case (.begun, "initialize"):
            state = .ready
            answer(id, initialize(parameters))
        case (.begun, _): fail(id, .notInitialized, "'\(method)' before 'initialize'")
        case (.shutDown, _): fail(id, .invalidRequest, "'\(method)' after 'shutdown'")
        case (.ready, "initialize"): fail(id, .invalidRequest, "'initialize' a second time")
        case (.ready, "shutdown"):
            state = .shutDown
            for document in documents.values { document.checking?.cancel() }
            documents = [:]
            answer(id, .null)
        case (.ready, "textDocument/codeAction"):
            guard let result = await codeActions(parameters) else {
                return fail(id, .invalidParameters, "'\(method)' needs a 'textDocument.uri' and a 'range'")
            }
            answer(id, result)
        case (.ready, "textDocument/hover"):
            guard let result = await hover(parameters) else {
                return fail(id, .invalidParameters, "'\(method)' needs a 'textDocument.uri' and a 'position'")
            }
            answer(id, result)
        default: fail(id, .methodNotFound, "'\(method)' is not known")
        }
    }

    private func notification(_ method: String, _ parameters: JSONValue) {
        guard state == .ready else { return }
        switch method {
        case "textDocument/didOpen": open(parameters)
        case "textDocument/didChange": change(parameters)
        case "textDocument/didClose": close(parameters)
        case "textDocument/didSave", "workspace/didChangeWatchedFiles", "workspace/didChangeConfiguration": refresh()
        case "workspace/didChangeWorkspaceFolders": changeFolders(parameters)
        default: break
        }
    }

    // MARK: Words to the client

    enum ErrorCode: Int, Sendable {
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParameters = -32602
        case notInitialized = -32002
    }

    func notify(_ method: String, _ parameters: JSONValue) {
        post(["method": .string(method), "params": parameters])
    }

    private func answer(_ id: JSONValue, _ result: JSONValue) { post(["id": id, "result": result]) }

    private func fail(_ id: JSONValue, _ code: ErrorCode, _ message: String) {
        post(["id": id, "error": ["code": .integer(code.rawValue), "message": .string("asynclint: \(message)")]])
    }

    private func post(_ members: [String: JSONValue]) {
        let body = JSONValue.object(members.merging(["jsonrpc": "2.0"]) { $1 }).bytes
        send(Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body)
    }
}
#endif
