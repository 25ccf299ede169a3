from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from anvil_serving.edge.connection import Connections

if TYPE_CHECKING:
    from collections.abc import Iterator


def _pair(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Both ends of a connection: the client's and the server's."""
    client = socket.create_connection(listener.getsockname())
    client.settimeout(2.0)
    server, _ = listener.accept()
    return client, server


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_the_connection_to_a_peer_is_shut_down_in_both_directions(listener: socket.socket) -> None:
    client, server = _pair(listener)
    with client, server:
        assert Connections().break_off(client.getsockname())
        assert client.recv(1) == b""
        assert server.recv(1) == b""


def test_what_was_written_before_still_arrives(listener: socket.socket) -> None:
    client, server = _pair(listener)
    with client, server:
        server.sendall(b"the last words")
        assert Connections().break_off(client.getsockname())
        assert client.recv(100) == b"the last words"
        assert client.recv(1) == b""


def test_the_locks_of_files_stay(tmp_path: Path) -> None:
    """To close any descriptor of a file takes away its process's locks: SQLite's log of decisions was cut short so."""
    path = tmp_path / "locked"
    with path.open("wb") as file:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert not Connections().break_off(("192.0.2.1", 1))
        other = "import fcntl, sys; fcntl.lockf(open(sys.argv[1], 'wb'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
        tried = subprocess.run([sys.executable, "-c", other, str(path)], capture_output=True, text=True, check=False)
    assert "BlockingIOError" in tried.stderr


def test_other_connections_stay_as_they_are(listener: socket.socket) -> None:
    client, server = _pair(listener)
    other_client, other_server = _pair(listener)
    with client, server, other_client, other_server:
        assert Connections().break_off(client.getsockname())
        other_server.sendall(b"still here")
        assert other_client.recv(100) == b"still here"


def test_an_unknown_peer_is_no_connection_of_ours(listener: socket.socket) -> None:
    client, server = _pair(listener)
    address = client.getsockname()
    client.close()
    server.close()
    assert not Connections().break_off(address)


def test_a_peer_that_came_after_the_last_look_is_found(listener: socket.socket) -> None:
    connections = Connections()
    for _ in range(3):
        client, server = _pair(listener)
        with client, server:
            assert connections.break_off(client.getsockname())


def test_a_descriptor_that_now_belongs_to_another_connection_is_left_alone(listener: socket.socket) -> None:
    connections = Connections()
    first_client, first_server = _pair(listener)
    client, server = _pair(listener)
    with first_client, first_server:
        # The look-up for the first one leaves a guess for the second.
        assert connections.break_off(first_client.getsockname())
    gone = client.getsockname()
    descriptor = server.fileno()
    client.close()
    server.close()
    new_client, new_server = _pair(listener)
    with new_client, new_server:
        os.dup2(new_server.fileno(), descriptor)
        try:
            assert not connections.break_off(gone)
            new_server.sendall(b"still here")
            assert new_client.recv(100) == b"still here"
        finally:
            os.close(descriptor)


def test_looking_for_a_connection_leaves_no_descriptor_open(listener: socket.socket) -> None:
    """Files and pipes are among a process's descriptors, and are no sockets."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile():
        try:
            before = _descriptors()
            connections = Connections()
            for _ in range(5):
                client, server = _pair(listener)
                with client, server:
                    connections.break_off(client.getsockname())
            connections.close()
            assert _descriptors() == before
        finally:
            os.close(reading)
            os.close(writing)


def test_a_connection_is_broken_off_when_no_descriptor_is_left(listener: socket.socket) -> None:
    client, server = _pair(listener)
    connections = Connections()
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_descriptors() + 64, limits[1]))
    hoard: list[int] = []
    try:
        with contextlib.suppress(OSError):
            while True:
                hoard.append(os.dup(0))
        assert connections.break_off(client.getsockname())
        assert connections.break_off(("127.0.0.1", 1)) is False
    finally:
        for descriptor in hoard:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        connections.close()
    with client, server:
        assert client.recv(1) == b""
