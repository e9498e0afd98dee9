"""A certificate authority of the tests' own, and a signer it vouches for; nothing is asked of any server."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

FROM, UNTIL = datetime(2020, 1, 1), datetime(2120, 1, 1)
PEM = serialization.Encoding.PEM


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common),
                      x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests")])


def _usage(sign: bool) -> x509.KeyUsage:
    return x509.KeyUsage(sign, False, False, False, False, not sign, not sign, False, False)


def _certificate(common: str, key: ec.EllipticCurvePrivateKey, by: ec.EllipticCurvePrivateKey, ca: bool) -> bytes:
    made = x509.CertificateBuilder(
        issuer_name=_name("CA"), subject_name=_name(common), public_key=key.public_key(), serial_number=1 + (not ca),
        not_valid_before=FROM, not_valid_after=UNTIL,
    )
    made = made.add_extension(x509.BasicConstraints(ca, None), True).add_extension(_usage(not ca), True)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    if not ca:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), True)
    return made.sign(by, hashes.SHA256()).public_bytes(PEM)


def make_signer(folder: Path) -> tuple[str, str]:
    """Write chain.pem and key.pem; return their paths."""
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    chain, key = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(_certificate("Signer", leaf, root, False) + _certificate("CA", root, root, True))
    key.write_bytes(leaf.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return str(chain), str(key)
