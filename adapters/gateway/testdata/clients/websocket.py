# Connects with the websockets package and prints how each connection was refused or closed. Argument: the stage's URL.
import asyncio
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

url = sys.argv[1]


async def refused(query):
    try:
        async with connect(url + query):
            return "open"
    except InvalidStatus as e:
        return e.response.status_code


async def closed(*messages, **options):
    async with connect(url, **options) as ws:
        try:
            for m in messages:
                await ws.send(m)
            while True:
                await ws.recv()
        except ConnectionClosed as e:
            return f"{e.rcvd.code} {e.rcvd.reason}".strip()


async def echoed(message, **options):
    async with connect(url, **options) as ws:
        await ws.send(message)
        return await ws.recv() == (message if isinstance(message, str) else "".join(message))


async def compressed():
    """Echoes with every window and with and without context takeover, in one frame and in several."""
    for bits in (None, 9, 12, 15):
        for fresh in (False, True):
            factory = ClientPerMessageDeflateFactory(
                client_max_window_bits=bits, server_max_window_bits=bits, client_no_context_takeover=fresh, server_no_context_takeover=fresh)
            async with connect(url, compression=None, extensions=[factory]) as ws:
                if not ws.protocol.extensions:
                    return "not negotiated"
                for size in (1, 100, 4000, 30000):
                    text = "".join(chr(32 + (i * i + size) % 90) for i in range(size))
                    await ws.send(text)
                    if await ws.recv() != text:
                        return f"{bits} {fresh} {size}"
                    await ws.send([text] * 4)
                    if await ws.recv() != text * 4:
                        return f"{bits} {fresh} 4 * {size}"
    return True


async def protocol(*offered):
    async with connect(url + "?protocol=b", subprotocols=offered) as ws:
        return ws.subprotocol


async def main():
    print(json.dumps({
        "401": await refused("?status=401"),
        "403": await refused("?status=403"),
        "502": await refused("?status=throw"),
        "stage": await refused("x"),
        "binary": await closed(b"\x00"),
        "frame": await closed("x" * 32769, compression=None),
        "inflated": await closed("x" * 32769),
        "message": await closed(["x" * 20000] * 7),
        "deleted": await closed("delete me"),
        "echo": await echoed("hello", compression=None),
        "compressed": await echoed("hello " * 100) and await compressed(),
        "protocol": await protocol("a", "b"),
    }))


asyncio.run(main())
