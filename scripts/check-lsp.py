"""A session of an editor with `asynclint lsp`, by pygls' language client."""

import asyncio
import pathlib
import sys
import tempfile

from lsprotocol import types
from pygls.lsp.client import LanguageClient

SOURCE = """\
func f() async throws {
    /* 😀 */ try? Task.checkCancellation()
    usleep(1)
}
"""


class Client(LanguageClient):
    def __init__(self):
        super().__init__("asynclint-check", "1")
        self.published = asyncio.Queue()
        self.messages = []

        @self.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(parameters: types.PublishDiagnosticsParams):
            self.published.put_nowait(parameters)

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def message(parameters: types.ShowMessageParams):
            self.messages.append(parameters.message)

    async def rules(self, uri):
        while True:
            parameters = await asyncio.wait_for(self.published.get(), 60)
            if parameters.uri == uri:
                return [diagnostic.code for diagnostic in parameters.diagnostics], parameters


def check(what, holds):
    print(("ok    " if holds else "WRONG ") + what)
    if not holds:
        sys.exit(1)


def apply(text, edits):
    lines = text.split("\n")

    def offset(position):
        line = lines[position.line]
        units = line.encode("utf-16-le")[: 2 * position.character].decode("utf-16-le")
        return sum(len(l) + 1 for l in lines[: position.line]) + len(units)

    for edit in sorted(edits, key=lambda e: (e.range.start.line, e.range.start.character), reverse=True):
        text = text[: offset(edit.range.start)] + edit.new_text + text[offset(edit.range.end):]
    return text


async def session(tool, folder):
    source = folder / "Sources" / "é 1.swift"
    source.parent.mkdir(parents=True)
    source.write_text(SOURCE)
    (folder / "Package.swift").write_text("// a package\n")
    (folder / ".asynclint.yml").write_text("rules: { blocking-call-in-async: info }\n")
    uri = source.as_uri()

    client = Client()
    await client.start_io(tool, "lsp")
    result = await client.initialize_async(
        types.InitializeParams(
            process_id=None,
            root_uri=folder.as_uri(),
            workspace_folders=[types.WorkspaceFolder(uri=folder.as_uri(), name="w")],
            capabilities=types.ClientCapabilities(
                text_document=types.TextDocumentClientCapabilities(
                    code_action=types.CodeActionClientCapabilities(
                        code_action_literal_support=types.ClientCodeActionLiteralOptions(
                            code_action_kind=types.ClientCodeActionKindOptions(value_set=["quickfix"])
                        )
                    )
                )
            ),
        )
    )
    check("says who it is", result.server_info.name == "asynclint")
    check("counts in UTF-16", result.capabilities.position_encoding == types.PositionEncodingKind.Utf16)
    client.initialized(types.InitializedParams())

    document = types.TextDocumentItem(uri=uri, language_id="swift", version=1, text=SOURCE)
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=document))
    rules, published = await client.rules(uri)
    check("finds both mistakes", rules == ["discarded-cancellation-check", "blocking-call-in-async"])
    by_rule = {diagnostic.code: diagnostic for diagnostic in published.diagnostics}
    blocking = by_rule["blocking-call-in-async"]
    check("heeds the configuration of the folder above", blocking.severity == types.DiagnosticSeverity.Information)

    discarded = by_rule["discarded-cancellation-check"]
    identifier = types.TextDocumentIdentifier(uri=uri)
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(
            text_document=identifier,
            range=discarded.range,
            context=types.CodeActionContext(diagnostics=[discarded], only=[types.CodeActionKind.QuickFix]),
        )
    )
    check("offers one fix, a preferred one", [action.is_preferred for action in actions] == [True])
    fixed = apply(SOURCE, actions[0].edit.changes[uri])
    check("whose edit lies where it belongs", fixed == SOURCE.replace("try? Task", "try Task"))

    hover = await client.text_document_hover_async(
        types.HoverParams(text_document=identifier, position=blocking.range.start)
    )
    check("explains on hover", "blocking-call-in-async" in hover.contents.value)

    client.text_document_did_change(
        types.DidChangeTextDocumentParams(
            text_document=types.VersionedTextDocumentIdentifier(uri=uri, version=2),
            content_changes=[
                types.TextDocumentContentChangePartial(
                    range=types.Range(types.Position(2, 4), types.Position(2, 13)), text="await work()"
                ),
                types.TextDocumentContentChangePartial(
                    range=types.Range(types.Position(1, 13), types.Position(1, 17)), text="try"
                ),
            ],
        )
    )
    rules, published = await client.rules(uri)
    check("follows edits", rules == [] and published.version == 2)

    (folder / ".asynclint.yml").write_text("rulez: {}\n")
    client.text_document_did_save(types.DidSaveTextDocumentParams(text_document=identifier))
    await client.rules(uri)
    check("tells what is wrong with the configuration", "rulez" in "".join(client.messages))

    try:
        await client.protocol.send_request_async("asynclint/noSuchRequest", {})
        check("refuses what it does not know", False)
    except Exception as error:  # pygls has an exception a code; the words are the server's
        check("refuses what it does not know", "not known" in str(error))

    client.text_document_did_close(types.DidCloseTextDocumentParams(text_document=identifier))
    rules, _ = await client.rules(uri)
    check("takes the findings of a closed document away", rules == [])

    await client.shutdown_async(None)
    client.exit(None)
    server = client._server
    check("exits with 0", await asyncio.wait_for(server.wait(), 10) == 0)
    await client.stop()


with tempfile.TemporaryDirectory() as folder:
    asyncio.run(session(sys.argv[1], pathlib.Path(folder).resolve()))
