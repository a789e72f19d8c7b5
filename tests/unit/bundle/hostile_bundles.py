"""Bundles that must not get in: how each is made, and the words of its refusal.

All but those that say otherwise are signed by a key that the box trusts: the layout has to hold
even against a vendor whose machine was taken over.
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bundle_example import Parts, new_vendor, odd_header, tar

Make = Callable[[Parts], bytes]
Hostile = tuple[Make, str]

VICTIM = "fp32/model.bin"


def _header_instead(**fields: Any) -> Make:
    """The header of one file replaced by another of the same length."""

    def make(parts: Parts) -> bytes:
        name, content = next(m for m in parts.members if m[0].endswith(VICTIM))
        size = fields.get("size", len(content))
        others = {key: value for key, value in fields.items() if key not in ("name", "size")}
        new = odd_header(fields.get("name", name), size, **others)
        whole = parts.bundle()
        start = whole.index(name.encode(), whole.index(b"bundle.sig"))
        return whole[:start] + new + whole[start + 512 :]

    return make


def _listed(change: Callable[[dict[str, Any]], None]) -> Make:
    """Contents that are changed before they are signed."""

    def make(parts: Parts) -> bytes:
        listed = copy.deepcopy(parts.listed)
        change(listed)
        return replace(parts, listed=listed).bundle()

    return make


def _path(new: str) -> Make:
    """One file listed and packed under another path."""

    def make(parts: Parts) -> bytes:
        listed = copy.deepcopy(parts.listed)
        model = listed["models"][0]
        model["files"][0]["path"] = new
        members = (("models/x", parts.members[0][1]), *parts.members[1:])
        return replace(parts, listed=listed, members=members).bundle()

    return make


def _manifest(change: Callable[[bytes], bytes]) -> Make:
    """A `model.toml` that is listed rightly and says what it should not."""

    def make(parts: Parts) -> bytes:
        listed, members = copy.deepcopy(parts.listed), list(parts.members)
        at = next(i for i, (name, _) in enumerate(members) if name.endswith("model.toml"))
        content = change(members[at][1])
        members[at] = (members[at][0], content)
        digest = hashlib.sha256(content).hexdigest()
        listed["models"][0]["files"][at].update(size=len(content), sha256=digest)
        return replace(parts, listed=listed, members=tuple(members)).bundle()

    return make


def _raw(change: Callable[[bytes], bytes]) -> Make:
    return lambda parts: parts.bundle(raw=change(parts.raw))


def _members(change: Callable[[list[Any]], list[Any]]) -> Make:
    return lambda parts: replace(parts, members=tuple(change(list(parts.members)))).bundle()


def _whole(change: Callable[[bytes], bytes]) -> Make:
    return lambda parts: change(parts.bundle())


def _zip(parts: Parts) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("bundle.json", parts.raw)
    return stream.getvalue()


def _padding(parts: Parts) -> bytes:
    whole = bytearray(parts.bundle())
    size = len(parts.raw)
    assert size % 512, "the contents leave room in their last block"
    whole[512 + size] = 1
    return bytes(whole)


def _flipped(parts: Parts) -> bytes:
    members = [(n, c[:-1] + bytes([c[-1] ^ 1])) if n.endswith(VICTIM) else (n, c)
               for n, c in parts.members]  # fmt: skip
    return replace(parts, members=tuple(members)).bundle()


def _signature(**fields: Any) -> Make:
    """A signature file with other fields than it should have."""

    def make(parts: Parts) -> bytes:
        value = json.loads(parts.signature(parts.raw)) | fields
        text = json.dumps(value, sort_keys=True, separators=(",", ":")) + "\n"
        return parts.bundle(signature=text.encode())

    return make


def _in_anothers_name(parts: Parts) -> bytes:
    stranger = replace(parts, key=new_vendor().key)
    forged = json.loads(stranger.signature(parts.raw))["signature"]
    return _signature(signature=forged)(parts)


def _add_file(listed: dict[str, Any], path: str) -> None:
    files = listed["models"][0]["files"]
    files.append({"path": path, "size": 0, "sha256": hashlib.sha256(b"").hexdigest()})
    files.sort(key=lambda file: file["path"])


def _set(field: str, value: Any) -> Make:
    return _listed(lambda listed: listed.__setitem__(field, value))


def _set_model(field: str, value: Any) -> Make:
    return _listed(lambda listed: listed["models"][0].__setitem__(field, value))


def _set_file(field: str, value: Any) -> Make:
    return _listed(lambda listed: listed["models"][0]["files"][0].__setitem__(field, value))


def _without_manifest(listed: dict[str, Any]) -> None:
    files = listed["models"][0]["files"]
    listed["models"][0]["files"] = [file for file in files if file["path"] != "model.toml"]


def _release(**fields: Any) -> dict[str, Any]:
    base = {"name": "r", "version": 1, "pipeline": "p", "models": {"example": 3}, "parameters": {}}
    return base | fields


def _bad_release(**fields: Any) -> Make:
    def change(listed: dict[str, Any]) -> None:
        listed.update(kind="release", release=_release(**fields))

    return _listed(change)


LAYOUT: dict[str, Hostile] = {
    "empty": (lambda _: b"", "cut off"),
    "zeros": (lambda _: bytes(4096), "nothing stands where bundle.json"),
    "text": (lambda _: b"hello" * 2000, "no tar header stands"),
    "compressed": (lambda parts: gzip.compress(parts.bundle(), 0), "no tar header stands"),
    "zip": (_zip, "cut off|no tar header"),
    "no contents": (lambda p: tar([("bundle.sig", p.signature(p.raw)), *p.members]),
                    "another file stands where bundle.json"),
    "no signature": (lambda p: tar([("bundle.json", p.raw), *p.members]),
                     "another file stands where bundle.sig"),
    "signature first": (lambda p: tar([("bundle.sig", p.signature(p.raw)), ("bundle.json", p.raw),
                                       *p.members]), "another file stands where bundle.json"),
    "nothing but contents": (lambda p: tar([("bundle.json", p.raw)]),
                             "nothing stands where bundle.sig"),
    "no files": (_members(lambda m: []), "cut off"),
    "one file less": (_members(lambda m: m[:-1]), "cut off"),
    "one file more": (_members(lambda m: [*m, ("models/example/3/z", b"z")]), "goes on after"),
    "a file twice": (_members(lambda m: [*m, m[-1]]), "goes on after its end"),
    "a file twice, another gone": (_members(lambda m: [m[0], m[0], *m[2:]]), "cut off|another"),
    "a stray after the end": (lambda p: p.bundle() + tar([("evil", b"x")]), "goes on after"),
    "tape padding": (_whole(lambda whole: whole + bytes(-len(whole) % 10240)), "goes on after"),
    "one byte more": (_whole(lambda whole: whole + b"\0"), "goes on after its end"),
    "one byte less": (_whole(lambda whole: whole[:-1]), "cut off"),
    "no end": (_whole(lambda whole: whole[:-1024]), "cut off"),
    "end is not zero": (_whole(lambda whole: whole[:-1] + b"\1"), "bytes between its files"),
    "files swapped": (_members(lambda m: m[::-1]), "another file stands"),
    "padding holds a byte": (_padding, "bytes between its files"),
    "a changed byte": (_flipped, "fp32/model.bin of .* differs from its listed digest"),
    "symbolic link": (_header_instead(type=tarfile.SYMTYPE, linkname="/etc/passwd"), "a link"),
    "hard link": (_header_instead(type=tarfile.LNKTYPE, linkname="/etc/shadow"), "a link"),
    "character device": (_header_instead(type=tarfile.CHRTYPE, devmajor=1), "a device or a pipe"),
    "block device": (_header_instead(type=tarfile.BLKTYPE, devmajor=8), "a device or a pipe"),
    "named pipe": (_header_instead(type=tarfile.FIFOTYPE), "a device or a pipe"),
    "folder": (_header_instead(type=tarfile.DIRTYPE), "a folder stands"),
    "sparse": (_header_instead(type=tarfile.GNUTYPE_SPARSE), "a file with holes"),
    "contiguous": (_header_instead(type=tarfile.CONTTYPE), "something that is no plain file"),
    "pax header": (_header_instead(type=tarfile.XHDTYPE), "an extended header"),
    "global pax header": (_header_instead(type=tarfile.XGLTYPE), "an extended header"),
    "long name": (_header_instead(type=tarfile.GNUTYPE_LONGNAME), "an extended header"),
    "absolute": (_header_instead(name="/etc/cron.d/x"), "a path that leads out"),
    "parent": (_header_instead(name="models/../../../x"), "a path that leads out"),
    "other name": (_header_instead(name="models/example/3/x"), "another file stands"),
    "other size": (_header_instead(size=1), "a file of 1 bytes instead of"),
    "giant size": (_header_instead(size=2**40), "instead of"),
    "set-uid": (_header_instead(mode=0o4777), "never writes"),
    "owner": (_header_instead(uname="root", uid=0), "never writes"),
}  # fmt: skip
"""What surrounds the contents is wrong."""

CONTENTS: dict[str, Hostile] = {
    "path to parent": (_path("../../../x"), "models.0.files.0.path"),
    "path to parent within": (_path("a/../../../../x"), "models.0.files.0.path"),
    "path absolute": (_path("/etc/x"), "models.0.files.0.path"),
    "path dot": (_path("./x"), "models.0.files.0.path"),
    "path backslash": (_path("a\\b"), "models.0.files.0.path"),
    "path hidden": (_path(".bashrc"), "models.0.files.0.path"),
    "path empty part": (_path("a//b"), "models.0.files.0.path"),
    "path newline": (_path("a\n"), "models.0.files.0.path"),
    "path nul": (_path("a\0b"), "models.0.files.0.path"),
    "path unicode": (_path("ａ"), "models.0.files.0.path"),
    "path long": (_path("a/" * 150 + "a"), "models.0.files.0.path"),
    "same file listed twice": (_listed(lambda c: _add_file(c, "empty.txt")), "same name twice"),
    "case alone differs": (_listed(lambda c: _add_file(c, "EMPTY.txt")), "same name twice"),
    "file and folder": (_listed(lambda c: _add_file(c, "fp32")), "as a file and as a folder"),
    "not in order": (_listed(lambda c: c["models"][0]["files"].reverse()), "not in order"),
    "no manifest": (_listed(_without_manifest), "no model.toml"),
    "model is a path": (_set_model("name", "../../evil"), "models.0.name"),
    "model is hidden": (_set_model("name", ".staging-x"), "models.0.name"),
    "version nought": (_set_model("version", 0), "models.0.version"),
    "version huge": (_set_model("version", 10**30), "models.0.version"),
    "version as text": (_set_model("version", "3"), "models.0.version"),
    "a model twice": (_listed(lambda c: c["models"].append(c["models"][0])), "there twice"),
    "no model": (_set("models", []), "models"),
    "too many models": (_set("models", [{}] * 65), "models"),
    "size below nought": (_set_file("size", -1), "models.0.files.0.size"),
    "size beyond a tar": (_set_file("size", 2**40), "models.0.files.0.size"),
    "more than allowed": (_set_file("size", 2**32), "more than the .* of trust.max_gb"),
    "giant that is not there": (_set_file("size", 2**29), "cut off"),
    "digest is none": (_set_file("sha256", "../x"), "models.0.files.0.sha256"),
    "format of tomorrow": (_set("format", 2), "format"),
    "kind unknown": (_set("kind", "firmware"), "kind"),
    "field unknown": (_set("run", "rm -rf /"), "run"),
    "date is none": (_set("made_at", "yesterday"), "made_at"),
    "control characters": (_set("box_version", "\x1b[2J"), "box_version"),
    "release without kind": (_set("release", _release()), "holds a release"),
    "kind without release": (_set("kind", "release"), "holds a release"),
    "release lacks a model": (_bad_release(models={"other": 1}), "does not hold"),
    "release name a path": (_bad_release(name="../r"), "release.name"),
    "release version huge": (_bad_release(version=10**30), "too large"),
    "not canonical": (_raw(lambda raw: b" " + raw), "not written as"),
    "a key twice": (_raw(lambda raw: raw.replace(b'{"box', b'{"format":1,"box', 1)), "not written"),
    "number as float": (_raw(lambda raw: raw.replace(b'"version":3', b'"version":3.0')), "version"),
    "no JSON": (_raw(lambda raw: b"not json"), "bundle.json"),
    "no UTF-8": (_raw(lambda raw: b'{"kind":"\xff"}'), "bundle.json"),
    "lone surrogate": (_raw(lambda raw: raw.replace(b"0.1.0", b"\\ud800")), "bundle.json"),
    "deep": (_raw(lambda raw: b"[" * 100_000), "bundle.json"),
    "digits without end": (_raw(lambda raw: raw.replace(b":3}", b":" + b"9" * 5000 + b"}")),
                           "bundle.json"),
    "empty contents": (_raw(lambda raw: b""), "bundle.json"),
    "endless contents": (_raw(lambda raw: b" " * (2**22 + 1)), "bundle.json .* too long"),
    "manifest of another": (_manifest(lambda t: t.replace(b'"example"', b'"victims"')), "another"),
    "manifest is no TOML": (_manifest(lambda t: b"\xff"), "cannot be read"),
    "manifest deep": (_manifest(lambda t: b"a = " + b"[" * 50_000), "no manifest|cannot be read"),
    "manifest number": (_manifest(lambda t: b"a = " + b"9" * 9000), "no manifest|cannot be read"),
    "manifest endless": (_manifest(lambda t: t + b"#" * 2**20), "too long"),
    "manifest other digest": (_manifest(lambda t: t.replace(b'sha256 = "', b'sha256 = "0', 1)),
                              "not valid"),
    "manifest other file": (_manifest(lambda t: t.replace(b"fp32/model.bin", b"fp32/other.bin")),
                            "is missing, or differs"),
    "manifest leads out": (_manifest(lambda t: t.replace(b"fp32/model.bin", b"../x")), "inside"),
}  # fmt: skip
"""The list itself is wrong, whoever signed it."""

SIGNATURES: dict[str, Hostile] = {
    "unsigned": (lambda p: replace(p, key=None).bundle(), "is not signed"),
    "unknown key": (lambda p: replace(p, key=new_vendor().key).bundle(), "does not know"),
    "changed after signing": (
        lambda p: p.bundle(raw=p.raw.replace(b"0.1.0", b"0.2.0"), signature=p.signature(p.raw)),
        "changed after it was signed by Example Vendor",
    ),
    "in another's name": (_in_anothers_name, "changed after it was signed by Example Vendor"),
    "no base64": (_signature(signature="!" * 88), "no signature"),
    "too short": (_signature(signature="AAAA"), "no signature"),
    "none": (_signature(signature=None), "no signature"),
    "key alone gone": (_signature(key_id=None), "no signature"),
    "key is a path": (_signature(key_id="../../../../x"), "no signature"),
    "zeros": (_signature(signature="A" * 86 + "=="), "changed after it was signed"),
    "field unknown": (_signature(also=1), "no signature"),
    "not canonical": (lambda p: p.bundle(signature=p.signature(p.raw) + b"\n"), "no signature"),
    "no JSON": (lambda p: p.bundle(signature=b"\xff\xfe"), "no signature"),
    "deep": (lambda p: p.bundle(signature=b"[" * 4000), "no signature"),
    "endless": (lambda p: p.bundle(signature=b" " * 5000), "bundle.sig .* too long"),
}
"""Signed by nobody, by a stranger, or not for these contents."""
