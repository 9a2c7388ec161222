"""The watch uses the credentials and the trust of the kubeconfig."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from aiohttp import web
from kubernetes.aio import client

from tests.support.operator import fake_api_server
from tidegate import settings
from tidegate.aio import clocks
from tidegate.operator.watch import kopf_session


async def _authorization(server: fake_api_server.ApiServer, login: Any) -> str | None:
    """Return the Authorization header of a request with these credentials."""
    headers: list[str | None] = []

    async def respond(request: web.Request) -> None:
        headers.append(request.headers.get("Authorization"))

    server.respond = respond
    calls = kopf_session.ApiCallMiddleware(
        login, kube_settings=settings.KubernetesSettings(), clock=clocks.SystemClock(), on_call=lambda _: None
    )
    async with (
        aiohttp.ClientSession(middlewares=(calls,)) as session,
        session.get(f"{server.login().host}/apis") as response,
    ):
        assert response.status == 200
    return headers[0]


async def test_user_name_and_password_are_sent(server: fake_api_server.ApiServer) -> None:
    login: Any = server.login()
    login.username, login.password = "alice", "secret"
    assert await _authorization(server, login) == aiohttp.encode_basic_auth("alice", "secret")


async def test_request_without_credentials_has_no_authorization(server: fake_api_server.ApiServer) -> None:
    assert await _authorization(server, server.login()) is None


def test_certificate_of_the_api_server_is_verified_with_the_given_authority(tmp_path: Path) -> None:
    login: Any = client.Configuration()
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.crt")
    login.ssl_ca_cert = str(tmp_path / "ca.crt")
    context = kopf_session.tls_context(login)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) == 1


def test_verification_can_be_disabled() -> None:
    login: Any = client.Configuration()
    login.verify_ssl = False
    context = kopf_session.tls_context(login)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_NONE, False)


def test_missing_client_certificate_is_an_error(tmp_path: Path) -> None:
    login: Any = client.Configuration()
    login.cert_file, login.key_file = str(tmp_path / "missing.crt"), str(tmp_path / "missing.key")
    with pytest.raises(FileNotFoundError):
        kopf_session.tls_context(login)
