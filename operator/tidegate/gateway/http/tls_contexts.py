"""TLS as ``--web.config.file`` asks for it."""

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
"""OpenSSL's names by those of the file, which are Go's. Those of TLS 1.3 cannot be chosen, here as there."""

_CURVES = {"CurveP256": "prime256v1", "CurveP384": "secp384r1", "CurveP521": "secp521r1", "X25519": "X25519"}


def build(config: web_config.TlsConfig) -> ssl.SSLContext:
    """The context for new connections.

    :raises webconfigs.BadWebConfigError: a certificate, key, cipher suite or curve that cannot be used.
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
        raise web_config.BadWebConfigError(
            f"tls_server_config: a certificate or key cannot be used: {error}"
        ) from error
    _choose_ciphers(context, config)
    return context


def _load_chain(context: ssl.SSLContext, config: web_config.TlsConfig) -> None:
    with contextlib.ExitStack() as stack:
        cert, key = (
            given if isinstance(given, Path) else _written(given, stack) for given in (config.cert, config.key)
        )
        context.load_cert_chain(cert, key, password=_refuse_to_ask)


def _written(text: str, stack: contextlib.ExitStack) -> Path:
    # The library reads files alone, so what is text goes through one that only we can read, for a moment.
    path = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "pem"
    path.write_text(text)
    return path


def _refuse_to_ask() -> str:
    raise ValueError("the key is encrypted")


def _choose_ciphers(context: ssl.SSLContext, config: web_config.TlsConfig) -> None:
    unknown = [name for name in config.cipher_suites if name not in _SUITES and not name.startswith("TLS_AES_")]
    unknown += [name for name in config.curve_preferences if name not in _CURVES]
    if unknown:
        raise web_config.BadWebConfigError(f"tls_server_config: {unknown[0]} is not known here")
    chosen = [_SUITES[name] for name in config.cipher_suites if name in _SUITES]
    if chosen:
        context.set_ciphers(":".join(chosen))
    if len(config.curve_preferences) == 1:
        context.set_ecdh_curve(_CURVES[config.curve_preferences[0]])
    elif config.curve_preferences:
        _logger.warning("curve_preferences has several curves: all that OpenSSL knows are offered")
