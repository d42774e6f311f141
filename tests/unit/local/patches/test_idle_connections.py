"""A client that does not close its TLS connection causes no error."""

import asyncio

import pytest
from hypercorn.asyncio.tcp_server import TCPServer

from local.patches.server import idle_connections

SERVER = object.__new__(TCPServer)


def test_a_client_that_does_not_close_its_connection_is_no_error(monkeypatch):
    async def silent_client(server):
        raise TimeoutError("SSL shutdown timed out")

    monkeypatch.setattr(TCPServer, "_close", silent_client)
    idle_connections.install()
    asyncio.run(TCPServer._close(SERVER))


def test_other_errors_are_raised(monkeypatch):
    async def broken(server):
        raise ValueError("a real fault")

    monkeypatch.setattr(TCPServer, "_close", broken)
    idle_connections.install()
    with pytest.raises(ValueError, match="a real fault"):
        asyncio.run(TCPServer._close(SERVER))
