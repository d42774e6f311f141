"""Closes idle TLS connections without a traceback in the server's log.

SDKs keep idle connections open. Hypercorn, MiniStack's web server, closes them after 75 seconds, and then waits 30
seconds for the TLS close_notify of the client, which botocore never sends. Hypercorn does not catch this timeout.
"""

from hypercorn.asyncio.tcp_server import TCPServer


def install() -> None:
    """Ignores the timeout."""
    original = TCPServer._close

    async def closed(server: TCPServer) -> None:
        try:
            await original(server)
        except TimeoutError:
            return  # asyncio has aborted the transport already, so the connection is closed.

    TCPServer._close = closed  # type: ignore[assignment,method-assign]
