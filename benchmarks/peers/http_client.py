"""``python -m benchmarks.peers.http_client PORT CLIENTS SECONDS RANGE...``: what wrk does, where there is no wrk.

Each client has a connection of its own and posts the next row of random integers when the last one is answered. Prints
the requests answered per second.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time


async def client(port: int, ranges: list[tuple[int, int]], until: float) -> int:
    """Return how many requests were answered by then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    while time.perf_counter() < until:
        body = f'{{"features": [{", ".join(str(random.randint(*bounds)) for bounds in ranges)}]}}'
        writer.write(
            b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise SystemExit(f"the service answered {head.splitlines()[0].decode()}")
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
        answered += 1
    writer.close()
    return answered


async def main(port: int, clients: int, seconds: float, ranges: list[tuple[int, int]]) -> None:
    until = time.perf_counter() + seconds
    answered = await asyncio.gather(*(client(port, ranges, until) for _ in range(clients)))
    print(sum(answered) / seconds)


if __name__ == "__main__":
    bounds = [tuple(map(int, given.split(","))) for given in sys.argv[4:]]
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), bounds))
