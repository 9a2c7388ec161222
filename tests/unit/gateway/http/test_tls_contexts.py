"""TLS contexts have the certificates, versions, cipher suites and curves of the web configuration file."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from tidegate.gateway.http import tls_contexts, web_config

_CA = trustme.CA()
_ISSUED = _CA.issue_cert("127.0.0.1")
CERT = "".join(blob.bytes().decode() for blob in _ISSUED.cert_chain_pems)
KEY = _ISSUED.private_key_pem.bytes().decode()


def _context(**fields: object) -> ssl.SSLContext:
    given = {"cert": CERT, "key": KEY, **fields}
    return tls_contexts.build(web_config.TlsConfig(**given))  # type: ignore[arg-type]


def _encrypted_key() -> str:
    key = serialization.load_pem_private_key(KEY.encode(), password=None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"passphrase"),
    )
    return encrypted.decode()


def _accepts(server: ssl.SSLContext, curve: str) -> bool:
    """Whether a handshake with a client that offers this curve alone succeeds."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _CA.configure_trust(client)
    client.set_ecdh_curve(curve)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError:
                return False
    return True


def test_certificate_can_be_given_inline_or_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.crt").write_text(CERT)
    (tmp_path / "a.key").write_text(KEY)
    assert _accepts(_context(), "prime256v1")
    assert _accepts(_context(cert=tmp_path / "a.crt", key=tmp_path / "a.key"), "prime256v1")


def test_versions_are_limited() -> None:
    context = _context(min_version="TLS13", max_version="TLS13")
    assert (context.minimum_version, context.maximum_version) == (ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_3)


@pytest.mark.parametrize("is_file", [True, False], ids=["file", "inline"])
def test_client_certificates_are_verified_with_the_given_authority(tmp_path: Path, *, is_file: bool) -> None:
    authority = _CA.cert_pem.bytes().decode()
    (tmp_path / "ca.crt").write_text(authority)
    context = _context(
        client_auth="RequireAndVerifyClientCert", client_ca=tmp_path / "ca.crt" if is_file else authority
    )
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert len(context.get_ca_certs()) == 1


@pytest.mark.parametrize(
    "fields",
    [{"cert": Path("/missing.crt")}, {"key": "no key"}, {"client_ca": "no certificate"}],
    ids=["missing file", "invalid key", "invalid authority"],
)
def test_certificate_or_key_that_cannot_be_loaded_is_an_error(fields: dict[str, object]) -> None:
    with pytest.raises(web_config.BadWebConfigError, match="cannot load a certificate or key"):
        _context(**fields)


def test_encrypted_key_is_an_error_instead_of_a_prompt() -> None:
    with pytest.raises(web_config.BadWebConfigError, match="give a key without a passphrase"):
        _context(key=_encrypted_key())


def test_selected_cipher_suites_are_the_only_ones_of_tls_1_2() -> None:
    context = _context(cipher_suites=("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",))
    older = [each["name"] for each in context.get_ciphers() if each["protocol"] != "TLSv1.3"]
    assert older == ["ECDHE-RSA-AES128-GCM-SHA256"]


def test_cipher_suites_of_tls_1_3_cannot_be_selected() -> None:
    context = _context(cipher_suites=("TLS_AES_128_GCM_SHA256",))
    assert [each["name"] for each in context.get_ciphers()] == [each["name"] for each in _context().get_ciphers()]


@pytest.mark.parametrize("fields", [{"cipher_suites": ("TLS_NEW",)}, {"curve_preferences": ("CurveP256", "CurveNew")}])
def test_unknown_cipher_suite_or_curve_is_an_error_that_names_it(fields: dict[str, object]) -> None:
    with pytest.raises(web_config.BadWebConfigError, match=r"unknown cipher suite or curve (TLS_NEW|CurveNew)"):
        _context(**fields)


def test_single_curve_is_the_only_one_that_is_accepted() -> None:
    context = _context(curve_preferences=("CurveP384",))
    assert _accepts(context, "secp384r1")
    assert not _accepts(context, "prime256v1")


def test_several_curves_offer_all_and_log_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    context = _context(curve_preferences=("CurveP256", "CurveP384"))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert _accepts(context, "secp521r1")
