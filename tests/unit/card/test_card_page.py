"""The model card: complete, self-contained, and safe against what a vendor writes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from card_example import example, quantisation, scores, version_folder

from provisioning.card import CARD_NAME, render_card, write_card
from provisioning.card.patients import PATIENT_SCORES_NAME, write_patient_scores
from provisioning.card.prose import MAX_BYTES, PROSE_NAME
from serving.domain.errors import CorruptModel
from serving.domain.manifest import ModelManifest, TensorEntry, Training, Variant

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">"\'&{{ 7 * 7 }}'
LOADING = {"img", "script", "link", "iframe", "object", "embed", "video", "audio", "source", "base",
           "form", "input", "image", "use", "foreignobject"}  # fmt: skip


class _Reader(HTMLParser):
    """Every tag and attribute of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return version_folder(tmp_path)


def _assert_loads_and_runs_nothing(page: str) -> None:
    read = _Reader(page)
    assert not LOADING & set(read.tags)
    for name, value in read.attributes:
        assert not name.startswith("on")
        assert name not in ("src", "srcset", "style", "action", "background")
        if name == "href":
            assert re.match(r"#|https?://", value)
    assert "default-src 'none'" in page
    assert "url(" not in page
    assert "@import" not in page


def test_the_page_is_written_beside_the_manifest_and_needs_nothing_else(folder: Path) -> None:
    write_patient_scores(scores(), folder)
    path = write_card(folder, example(folder))
    assert path == folder / CARD_NAME
    assert not list(folder.glob("*.part"))
    _assert_loads_and_runs_nothing(path.read_text("utf-8"))


def test_every_measured_figure_is_on_the_page(folder: Path) -> None:
    write_patient_scores(scores(), folder)
    manifest = example(folder)
    text = _Reader(render_card(folder, manifest)).text
    wanted = [
        "41.5 ms", "3.99x", "2.00 MB", "4.00 MB", "0.31", "0.44", "0.17", "2.6e-07",
        "onnxruntime 1.32.0", "n = 1 patient", "looked at twice", "233604007", "128 × 160",
        "-1250 to 250 HU", "34 in 8-bit arithmetic", "Example CPU @ 2.00GHz", "nncf 3.4.0",
        "0.8590", "-2.5%", "CC BY 4.0", "No clinical use", "Load average while timing: fp32 0.40",
    ]  # fmt: skip
    assert [each for each in wanted if each not in text] == []
    for name in manifest.variants:
        assert manifest.digest(name)[:12] in text


def test_every_rung_is_listed_with_its_verdict_and_reason(folder: Path) -> None:
    text = _Reader(render_card(folder, example(folder))).text
    for rung in quantisation().rungs:
        assert rung.reason in text
    assert "the bound 0.44 of Dice, pooled is not under 0.17" in text
    assert "passed on every metric" in text
    assert "not put to the held-out data" in text


def test_a_variant_that_nothing_judged_is_not_called_safe(folder: Path) -> None:
    manifest = example(folder)
    unjudged = manifest.variants["int8"].model_copy(update={"gates": ()})
    variants = {**manifest.variants, "int8": unjudged}
    page = render_card(folder, manifest.model_copy(update={"variants": variants}))
    row = page[page.index('<th scope="row">int8 (default)</th>') :].split("</tr>")[0]
    assert "not judged" in row
    assert "yes" not in row


def test_what_was_not_measured_of_a_rung_is_left_open(folder: Path) -> None:
    rung = (
        quantisation()
        .rungs[2]
        .model_copy(update={"drop_on_validation_points": None, "median_ms": None})
    )
    search = quantisation().model_copy(update={"rungs": (rung,)})
    page = render_card(folder, example(folder).model_copy(update={"quantisation": search}))
    assert '<th scope="row">BF16</th><td>–</td><td>–</td>' in page


def test_a_refused_variant_is_called_not_promotable(folder: Path) -> None:
    manifest = example(folder)
    refused = manifest.variants["int8"].model_copy(update={"gates": quantisation().rungs[0].gates})
    variants = {**manifest.variants, "int8": refused}
    manifest = manifest.model_copy(update={"variants": variants, "default_variant": "fp32"})
    page = render_card(folder, manifest)
    row = page[page.index('<tr><th scope="row">int8</th>') :].split("</tr>")[0]
    assert '<span class="bad">no</span>' in row


def _hostile(manifest: ModelManifest) -> ModelManifest:
    entry = TensorEntry(name=HOSTILE, datatype="INT16", shape=(-1,), meaning=HOSTILE, units=HOSTILE)
    training = Training(data=HOSTILE, licence=HOSTILE, split=HOSTILE, recipe=HOSTILE, trained=False)
    variant: Variant = manifest.variants["int8"]
    gates = tuple(g.model_copy(update={"metric": HOSTILE, "unit": HOSTILE}) for g in variant.gates)
    variant = variant.model_copy(
        update={"inference_precision": HOSTILE, "metrics": {HOSTILE: 0.5}, "gates": gates}
    )
    label = manifest.labels[0].model_copy(update={"meaning": HOSTILE, "code": HOSTILE})
    fields = ("task", "architecture", "intended_use", "disclaimer")
    return manifest.model_copy(
        update={
            **dict.fromkeys(fields, HOSTILE), "inputs": (entry,), "outputs": (entry,),
            "training": training, "variants": {**manifest.variants, HOSTILE: variant},
            "labels": (label,),
        }
    )  # fmt: skip


def test_what_a_vendor_writes_is_shown_as_text(folder: Path) -> None:
    (folder / PROSE_NAME).write_text(
        f"# {HOSTILE}\n\n![x](http://example.org/x.png) [y](javascript:alert(1))\n\n"
        f"[z](data:text/html,x)\n\n| {HOSTILE} |\n| --- |\n| a |\n",
        "utf-8",
    )
    row = scores().patients[0].model_copy(update={"patient": HOSTILE, "variant": HOSTILE})
    write_patient_scores(scores().model_copy(update={"data": HOSTILE, "patients": (row,)}), folder)
    page = render_card(folder, _hostile(example(folder)))
    _assert_loads_and_runs_nothing(page)
    read = _Reader(page)
    assert "<script>alert(1)</script>" in read.text
    assert "{{ 7 * 7 }}" in read.text
    assert "Untrained" in read.text


def test_a_bare_manifest_says_what_is_not_known(folder: Path) -> None:
    full = example(folder)
    variant = full.variants["fp32"].model_copy(update={"speed": None, "metrics": {}})
    bare = ModelManifest(
        name=full.name, version=3, task="t", architecture="a", intended_use="u",
        inputs=full.inputs, outputs=full.outputs, default_variant="fp32",
        variants={"fp32": variant},
    )  # fmt: skip
    text = _Reader(render_card(folder, bare)).text
    for words in ("Nothing is stated of its training", "Not timed", "No variant was judged",
                  "MODEL_CARD.md is missing", "does not say from which file"):  # fmt: skip
        assert words in text


def test_figures_that_are_no_numbers_do_not_break_the_page(folder: Path) -> None:
    manifest = example(folder)
    variant = manifest.variants["int8"]
    broken = variant.gates[0].model_copy(
        update={"drop_points": float("nan"), "upper_points": float("inf")}
    )
    slow = variant.speed.model_copy(update={"median_ms": float("inf"), "minimum_ms": 0.0})
    changed = variant.model_copy(update={"gates": (broken,), "speed": slow})
    manifest = manifest.model_copy(update={"variants": {**manifest.variants, "int8": changed}})
    page = render_card(folder, manifest)
    assert "not measured" in page
    assert not re.search(r'(x|y|width|x1|x2|cx)="(nan|inf)', page)


def test_missing_files_and_foreign_scores_are_said(folder: Path) -> None:
    manifest = example(folder)
    (folder / "int8" / "model.bin").unlink()
    (folder / PATIENT_SCORES_NAME).write_text('{"patients": [{"precision": "f32"}]}', "utf-8")
    text = _Reader(render_card(folder, manifest)).text
    assert "files missing" in text
    assert "scores by patient are not shown" in text


def test_prose_over_a_mebibyte_is_refused(folder: Path) -> None:
    (folder / PROSE_NAME).write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(CorruptModel, match="larger than 1 MiB"):
        write_card(folder, example(folder))
    assert not (folder / CARD_NAME).exists()
