"""A proxy in front of a site that terminates TLS, as an ingress does, and forwards plain HTTP."""

from __future__ import annotations

import asyncio
import concurrent.futures
import ssl
import threading

import aiohttp
import yarl
from aiohttp import hdrs, web

from tests.support.web import threaded_gateway

_SECONDS = 30.0
_OF_ONE_CONNECTION = (hdrs.CONNECTION, hdrs.TRANSFER_ENCODING, hdrs.CONTENT_LENGTH)


class Proxy:
    """Forwards all requests, in a separate thread.

    :param path: prefix of the browser's paths, which the site's paths do not have.
    :param keeps_host: whether it forwards the browser's Host header or sends its own.
    """

    def __init__(
        self, site: threaded_gateway.Site, tls: ssl.SSLContext, *, port: int, path: str, keeps_host: bool
    ) -> None:
        self._site = site
        self._tls = tls
        self._port = port
        self._path = path
        self._keeps_host = keeps_host
        self._ready: concurrent.futures.Future[asyncio.AbstractEventLoop] = concurrent.futures.Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="proxy")
        self.url = f"https://{threaded_gateway.HOST}:{port}{path}/"

    def __enter__(self) -> Proxy:
        self._thread.start()
        self._loop = self._ready.result(timeout=_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=_SECONDS)

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        runner = web.ServerRunner(web.Server(self._pass_on), shutdown_timeout=0.1)
        await runner.setup()
        # Forward the browser's headers unchanged, and do not decompress responses.
        own_words = (hdrs.USER_AGENT, hdrs.ACCEPT)
        async with aiohttp.ClientSession(auto_decompress=False, skip_auto_headers=own_words) as self._session:
            try:
                await web.TCPSite(runner, threaded_gateway.HOST, self._port, ssl_context=self._tls).start()
                self._ready.set_result(asyncio.get_running_loop())
                await self._stop.wait()
            finally:
                await runner.cleanup()
                await threaded_gateway.until_disconnected(self._port)

    async def _pass_on(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.raw_path.removeprefix(self._path)
        url = yarl.URL(f"http://{threaded_gateway.HOST}:{self._site.gateway.web_port}{path}", encoded=True)
        headers = request.headers.copy()
        if not self._keeps_host:
            del headers[hdrs.HOST]
        body = await request.read()
        async with self._session.request(
            request.method, url, headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            passed = web.StreamResponse(status=answer.status, reason=answer.reason)
            for name, value in answer.headers.items():
                if name not in _OF_ONE_CONNECTION:
                    passed.headers.add(name, value)
            await passed.prepare(request)
            async for chunk in answer.content.iter_any():
                await passed.write(chunk)
            await passed.write_eof()
            return passed
