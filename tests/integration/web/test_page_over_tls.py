"""The page loads, updates and deletes over TLS.

It does so with a password, with a client certificate, and behind a proxy that terminates TLS.

The browser accepts any server certificate: these tests are about the page over https, not about certificate checks.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import bcrypt
import pytest
import trustme
from playwright import sync_api
from playwright.sync_api import expect

from tests.integration.web import conftest
from tests.support.processes import ports
from tests.support.web import threaded_gateway, tls_proxy

_PASSWORD = {"username": "reader", "password": "s/cret@"}


class Certificates(NamedTuple):
    """Certificates of one authority, each a file that also contains its key.

    :ivar authority: its own certificate.
    """

    authority: Path
    server: Path
    client: Path


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    authority = trustme.CA()
    made = Certificates(tmp_path / "ca.pem", tmp_path / "server.pem", tmp_path / "client.pem")
    authority.cert_pem.write_to_path(made.authority)
    for path, name in ((made.server, threaded_gateway.HOST), (made.client, "reader@example.com")):
        authority.issue_cert(name).private_key_and_cert_chain_pem.write_to_path(path)
    return made


def _use(page: sync_api.Page, site: threaded_gateway.Site) -> None:
    """Use the page as a user does: load it, see a push without a reload, delete a group and see that it is deleted."""
    expect(page.get_by_role("heading", name="Nothing has been pushed yet")).to_be_visible()
    expect(page.locator("#live")).to_have_text("live")
    site.push("x 1\n", job="backup")
    expect(page.get_by_role("gridcell").first).to_contain_text("backup")
    page.get_by_role("gridcell").first.click()
    page.get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete the group").click()
    expect(page.get_by_role("heading", name="Nothing has been pushed yet")).to_be_visible()


def _web(folder: Path, certificates: Certificates, *, tls: str = "", users: str = "") -> dict[str, Any]:
    file = folder / "web-tls.yml"
    served = f"tls_server_config:\n  cert_file: {certificates.server}\n  key_file: {certificates.server}\n"
    file.write_text(f"{served}{tls}{users}")
    return {"config_file": str(file)}


class TestWithAPassword:
    @pytest.fixture
    def web(self, tmp_path: Path, certificates: Certificates) -> dict[str, Any]:
        hashed = bcrypt.hashpw(_PASSWORD["password"].encode(), bcrypt.gensalt(4)).decode()
        return _web(tmp_path, certificates, users=f"basic_auth_users:\n  reader: {hashed}\n")

    def test_page_works(self, site: threaded_gateway.Site, open_page: conftest.OpenPage) -> None:
        page = open_page(ignore_https_errors=True, http_credentials=_PASSWORD)
        assert page.evaluate("location.protocol") == "https:"
        _use(page, site)

    def test_page_works_with_the_password_in_its_url(
        self, site: threaded_gateway.Site, open_page: conftest.OpenPage
    ) -> None:
        page = open_page(ignore_https_errors=True, at=site.url.replace("//", "//reader:s%2Fcret%40@"))
        _use(page, site)

    def test_page_is_hidden_without_credentials(self, open_page: conftest.OpenPage) -> None:
        page = open_page(ignore_https_errors=True, http_credentials={**_PASSWORD, "password": "wrong"})
        expect(page.locator("body")).to_have_text("Unauthorized")


class TestWithAClientCertificate:
    """Playwright sends the certificate itself, because a headless browser cannot ask the user which one to send."""

    @pytest.fixture
    def web(self, tmp_path: Path, certificates: Certificates) -> dict[str, Any]:
        tls = f"  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: {certificates.authority}\n"
        return _web(tmp_path, certificates, tls=tls)

    def test_page_works(
        self, site: threaded_gateway.Site, certificates: Certificates, open_page: conftest.OpenPage
    ) -> None:
        shown = {"origin": site.url.rstrip("/"), "certPath": certificates.client, "keyPath": certificates.client}
        _use(open_page(ignore_https_errors=True, client_certificates=[shown]), site)

    @pytest.mark.usefixtures("site")
    def test_page_is_hidden_without_credentials(self, open_page: conftest.OpenPage) -> None:
        with pytest.raises(sync_api.Error, match=r"net::ERR_(?!CONNECTION_REFUSED)"):
            open_page(ignore_https_errors=True)


class TestBehindAProxyThatTerminatesTls:
    """``--web.external-url`` is the URL of the page; the gateway itself serves plain HTTP."""

    @pytest.fixture
    def port(self) -> int:
        return ports.free_port()

    @pytest.fixture(params=["", "/gate"], ids=["at the root", "below a path"])
    def path(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

    @pytest.fixture
    def web(self, port: int, path: str) -> dict[str, Any]:
        # The proxy removes its path prefix before it forwards a request.
        return {"external_url": f"https://{threaded_gateway.HOST}:{port}{path}/", "route_prefix": "/"}

    @pytest.fixture(params=[True, False], ids=["as the browser asked", "by its own name"])
    def proxy(
        self,
        request: pytest.FixtureRequest,
        site: threaded_gateway.Site,
        certificates: Certificates,
        port: int,
        path: str,
    ) -> Iterator[tls_proxy.Proxy]:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificates.server)
        with tls_proxy.Proxy(site, tls, port=port, path=path, keeps_host=request.param) as running:
            yield running

    def test_page_works(
        self, site: threaded_gateway.Site, proxy: tls_proxy.Proxy, open_page: conftest.OpenPage
    ) -> None:
        page = open_page(ignore_https_errors=True, at=proxy.url)
        assert page.url == proxy.url
        _use(page, site)
