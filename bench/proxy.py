"""A longer line: a TCP proxy that holds every byte back for half a round trip, each way. It delays, it does not
throttle; a connection costs one round trip more, as the handshake of TCP does (RFC 9293, 3.5).

`python -m bench.proxy MILLISECONDS PORT:HOST:PORT…` listens on loopback and prints `ready` when it does.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

CHUNK = 65536


@dataclass(frozen=True)
class Route:
    """A port on loopback (0: any that is free) and where it leads."""

    port: int
    host: str
    to: int

    @classmethod
    def parse(cls, text: str) -> Route:
        port, host, to = text.split(":")
        return cls(int(port), host, int(to))


async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float) -> None:
    """Passes bytes on, each `seconds` after it came, in order; the end of the stream too."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, chunk = await under_way.get()
            await asyncio.sleep(due - loop.time())
            if not chunk:
                break
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    async def take() -> None:
        chunk = b"."
        while chunk:
            try:
                chunk = await reader.read(CHUNK)
            except OSError:
                chunk = b""
            under_way.put_nowait((loop.time() + seconds, chunk))

    with suppress(OSError):
        await asyncio.gather(take(), deliver())


async def shut(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def listen(route: Route, rtt: float) -> asyncio.Server:
    """A server that leads every connection along the route, `rtt` seconds there and back."""

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # SYN, SYN-ACK and ACK have travelled before the other end knows of a connection.
        await asyncio.sleep(1.5 * rtt)
        try:
            far_reader, far_writer = await asyncio.open_connection(route.host, route.to)
        except OSError:
            await shut(writer)
            return
        await asyncio.gather(hold(reader, far_writer, rtt / 2), hold(far_reader, writer, rtt / 2))
        for one in (writer, far_writer):
            await shut(one)

    return await asyncio.start_server(lead, "127.0.0.1", route.port, limit=CHUNK, backlog=1024)


async def serve(rtt: float, routes: Sequence[Route]) -> None:
    servers = [await listen(route, rtt) for route in routes]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(float(sys.argv[1]) / 1000, [Route.parse(text) for text in sys.argv[2:]]))
