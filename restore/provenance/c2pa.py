"""A finished output and a signer's certificate in, C2PA content credentials out: inside the file, or beside it.

Follows the C2PA technical specification 2.x as the library c2pa-python implements it; nothing is asked of any server,
so there is no time stamp of a third party. Formats that can hold a manifest get it inside (the signed copy replaces the
output once it is whole); for the others, Matroska among them, and for folders of pictures it lies in the project.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from restore.encode.whole import whole
from restore.errors import OutputError
from restore.outputs import pictures_of
from restore.provenance.extra import needed
from restore.provenance.legible import legible
from restore.provenance.record import Record
from restore.provenance.xmp import statement_of

MIMES = {
    ".png": "image/png", ".tif": "image/tiff", ".tiff": "image/tiff", ".mp4": "video/mp4", ".m4v": "video/mp4",
    ".mov": "video/quicktime",
}
"""What holds a manifest itself."""
ANY = "application/octet-stream"
CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


@dataclass(frozen=True)
class Signer:
    """Who vouches for the output: a certificate chain (leaf first) and the leaf's private key, both PEM files."""

    certificate: Path
    key: Path

    def check(self) -> None:
        """Raise OutputError where the files, or what reads them, cannot be used."""
        needed("c2pa", "c2pa-python", "--c2pa")
        self.algorithm()
        if b"BEGIN CERTIFICATE" not in _read(self.certificate):
            raise OutputError(f"{self.certificate} holds no certificate. Give a PEM file, the signer's first.")

    def algorithm(self) -> str:
        """Return C2PA's name of the signature that the key makes."""
        serialization = needed("cryptography.hazmat.primitives.serialization", "cryptography", "--c2pa")
        try:
            key: Any = serialization.load_pem_private_key(_read(self.key), None)
        except (ValueError, TypeError) as error:
            raise OutputError(f"{self.key} is no private key that can be used ({error}). Give a PEM file without a "
                              "password.") from error
        curve = getattr(getattr(key, "curve", None), "name", "")
        kind = type(key).__name__
        name = CURVES.get(curve) or ("ps256" if "RSA" in kind else "ed25519" if "Ed25519" in kind else "")
        if not name:
            raise OutputError(f"{self.key} is a key C2PA does not sign with. Use EC (P-256 to P-521), RSA or Ed25519.")
        return name

    def opened(self, c2pa: Any) -> Any:
        """Return the library's signer."""
        info = c2pa.C2paSignerInfo(self.algorithm().encode(), _read(self.certificate), _read(self.key), None)
        return c2pa.Signer.from_info(info)


@dataclass(frozen=True)
class Signed:
    """What was signed, and where the manifests are."""

    embedded: bool
    manifests: tuple[Path, ...]
    """Files of their own; none where the manifest is in the output."""


def sign(output: Path, record: Record, source: Path, signer: Signer, folder: Path) -> Signed:
    """Sign `output`, in place where its format holds a manifest, else into `folder`.

    `source` is named as what it was made from, with the credentials it has itself, where it is a file of such a format.
    Raises OutputError where the library refuses; then the output is as it was.
    """
    c2pa = needed("c2pa", "c2pa-python", "--c2pa")
    files = pictures_of(output) if output.is_dir() else [output]
    inside = not output.is_dir() and output.suffix.lower() in MIMES
    made = []
    try:
        with signer.opened(c2pa) as opened:
            for file in files:
                builder = _builder(c2pa, record, file.name, source)
                if inside:
                    with whole(file) as partial:
                        # The library goes by the name's ending, and leaves an empty file behind when it fails.
                        _sign_inside(builder, file, partial, opened)
                else:
                    made.append(_sign_beside(builder, file, folder / f"{file.name}.c2pa", opened))
    except c2pa.C2paError as error:
        raise OutputError(f"{output} could not be signed: {error}. Check certificate and key; the output is as it "
                          "was.") from error
    return Signed(inside, tuple(made))


def _sign_inside(builder: Any, file: Path, partial: Path, opened: Any) -> None:
    with file.open("rb") as before, partial.open("w+b") as after:
        builder.sign(opened, MIMES[file.suffix.lower()], before, after)


def _sign_beside(builder: Any, file: Path, manifest: Path, opened: Any) -> Path:
    builder.set_no_embed()
    with file.open("rb") as before:
        data = builder.sign(opened, MIMES.get(file.suffix.lower(), ANY), before, io.BytesIO())
    with whole(manifest) as partial:
        partial.write_bytes(data)
    return manifest


def _builder(c2pa: Any, record: Record, title: str, source: Path) -> Any:
    """Return a manifest to be signed; thumbnails would add a megabyte and say nothing."""
    context = c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}})
    known = source.is_file() and source.suffix.lower() in MIMES
    builder = c2pa.Builder(json.dumps(manifest(record, title, with_source=not known)), context)
    builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
    if known:
        with source.open("rb") as file:
            builder.add_ingredient(_ingredient(record), MIMES[source.suffix.lower()], file)
    return builder


def manifest(record: Record, title: str, with_source: bool) -> dict[str, Any]:
    """Return the manifest as the library takes it."""
    said = statement_of(record)
    name, _, version = record.software.partition(" ")
    action: dict[str, Any] = {"action": "c2pa.edited", "softwareAgent": {"name": name, "version": version}}
    action["description"] = said.what
    if record.source_type:
        action["digitalSourceType"] = record.source_type
    if record.when:
        action["when"] = record.when.replace("+00:00", "Z")
    facts: dict[str, Any] = {
        "claim_generator_info": [{"name": name, "version": version}], "title": legible(title),
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [action]}}],
    }
    if with_source:
        facts["ingredients"] = [_ingredient(record) | {"format": ANY}]
    return facts


def _ingredient(record: Record) -> dict[str, str]:
    name = f"xmp.iid:{record.source.id}"
    return {"title": legible(record.source.name), "relationship": "parentOf", "instance_id": name}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise OutputError(f"{path} cannot be read ({error.strerror}). --c2pa needs CERT and KEY, PEM files.") from error
