"""TLS contexts made from ``--web.config.file``."""

from __future__ import annotations

import contextlib
import logging
import ssl
import tempfile
from pathlib import Path

from tidegate.gateway.http import web_config

_logger = logging.getLogger(__name__)

_VERSIONS = {
    "TLS10": ssl.TLSVersion.TLSv1,
    "TLS11": ssl.TLSVersion.TLSv1_1,
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_VERIFY = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_SUITES = {
    f"TLS_{exchange}_WITH_{long}": f"{exchange.replace('_', '-')}-{short}"
    for exchange in ("ECDHE_RSA", "ECDHE_ECDSA")
    for long, short in {
        "AES_128_GCM_SHA256": "AES128-GCM-SHA256",
        "AES_256_GCM_SHA384": "AES256-GCM-SHA384",
        "CHACHA20_POLY1305_SHA256": "CHACHA20-POLY1305",
        "CHACHA20_POLY1305": "CHACHA20-POLY1305",
        "AES_128_CBC_SHA": "AES128-SHA",
        "AES_256_CBC_SHA": "AES256-SHA",
    }.items()
}
"""OpenSSL's names of cipher suites by Go's, which the file uses. Those of TLS 1.3 cannot be selected, as in Go."""

_CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}


def build(config: web_config.TlsConfig) -> ssl.SSLContext:
    """The TLS context of a configuration.

    :raises web_config.BadWebConfigError: a certificate, key, cipher suite or curve cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[config.min_version]
    context.maximum_version = _VERSIONS[config.max_version]
    context.set_alpn_protocols(["http/1.1"])
    try:
        _load_chain(context, config)
        context.verify_mode = _VERIFY[config.client_auth]
        if isinstance(config.client_ca, Path):
            context.load_verify_locations(cafile=config.client_ca)
        elif config.client_ca is not None:
            context.load_verify_locations(cadata=config.client_ca)
    except (OSError, ValueError) as error:
        raise web_config.BadWebConfigError(f"tls_server_config: cannot load a certificate or key: {error}") from error
    _set_ciphers(context, config)
    return context


def _load_chain(context: ssl.SSLContext, config: web_config.TlsConfig) -> None:
    with contextlib.ExitStack() as stack:
        cert, key = (
            source if isinstance(source, Path) else _temporary_file(source, stack)
            for source in (config.cert, config.key)
        )
        context.load_cert_chain(cert, key, password=_reject_encrypted_key)


def _temporary_file(text: str, stack: contextlib.ExitStack) -> Path:
    # The ssl module reads only files, so inline PEM goes through a temporary one that no other user can read.
    path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "pem"
    path.write_text(text)
    return path


def _reject_encrypted_key() -> str:
    raise ValueError("the key is encrypted; give a key without a passphrase")


def _set_ciphers(context: ssl.SSLContext, config: web_config.TlsConfig) -> None:
    unknown = [name for name in config.cipher_suites if name not in _SUITES and not name.startswith("TLS_AES_")]
    unknown += [name for name in config.curve_preferences if name not in _CURVES]
    if unknown:
        raise web_config.BadWebConfigError(f"tls_server_config: unknown cipher suite or curve {unknown[0]}")
    suites = [_SUITES[name] for name in config.cipher_suites if name in _SUITES]
    if suites:
        context.set_ciphers(":".join(suites))
    if len(config.curve_preferences) == 1:
        context.set_ecdh_curve(_CURVES[config.curve_preferences[0]])
    elif config.curve_preferences:
        _logger.warning("tls_server_config.curve_preferences lists several curves; offering all curves of OpenSSL")
