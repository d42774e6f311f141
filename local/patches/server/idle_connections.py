"""Closing an idle TLS connection: the server's log shows a traceback for each client that does not answer.

An SDK leaves its idle connections to the server, which closes them after 75 seconds and waits 30 more for a farewell
that botocore never sends. Hypercorn, MiniStack's web server, forgives every other way in which a connection is gone.
"""

from hypercorn.asyncio.tcp_server import TCPServer


def install() -> None:
    """Let a connection end without its client's farewell."""
    original = TCPServer._close

    async def closed(server: TCPServer) -> None:
        try:
            await original(server)
        except TimeoutError:
            return  # asyncio has aborted the transport: the connection is gone

    TCPServer._close = closed  # type: ignore[assignment,method-assign]
