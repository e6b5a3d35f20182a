"""Loopback ports: find free ones, and say who must give way when one is taken."""

import socket

from shared.stack.errors import PortTaken

LOOPBACK = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """Return `count` different loopback ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Tell whether a server could bind the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def require_free(port: int, what: str, setting: str, host: str = LOOPBACK) -> None:
    """Raise PortTaken with a sentence if `port`, wanted for `what`, belongs to another process."""
    if not is_free(port, host):
        msg = (
            f"Port {port}, wanted for {what}, is taken by another program: "
            f"stop that program or choose another port with {setting}."
        )
        raise PortTaken(msg)


def accepts(port: int, host: str = LOOPBACK, timeout_s: float = 1.0) -> bool:
    """Tell whether somebody accepts connections at the port."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return True
    except OSError:
        return False
