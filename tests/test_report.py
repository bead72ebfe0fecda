from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from studies.checks import in_band
from studies.figures import house_style, save_figure
from studies.report import Report, Table, render_report, write_report

EVIL = '<script>alert("x")</script>'
FROM_ELSEWHERE = {"script", "link", "iframe", "object", "embed", "base"}


class Reader(HTMLParser):
    """Tags, addresses and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.addresses, self.text, self.ids = [], [], "", set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset", "action")]
        self.ids |= {value for name, value in attrs if name == "id"}

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def figure(tmp_path):
    with house_style():
        fig, axes = plt.subplots(figsize=(2, 1))
        axes.plot([0, 1])
        return save_figure(
            fig, tmp_path / "figures", "line", pd.DataFrame({"x": [1]}), f"Caption {EVIL}, n = 4."
        )


def full(figure, **more):
    return Report(
        title=f"Title {EVIL}",
        question="Why?",
        summary=[("participants", 4)],
        missing=[f"lstm on sart: {EVIL}"],
        design=[Table("sart", ("parameter", "value"), [["digit_s", 0.25], [EVIL, None]], note=EVIL)],
        agents=[Table("", ("agent",), [["spiking"]])],
        figures=[figure],
        checks=[
            in_band("pvt.rt_mean_ms.spiking", 251.25, 230.0, 300.0, "ms", EVIL),
            in_band("pvt.rt_mean_ms.lstm", float("nan"), 230.0, 300.0, "ms", "band"),
        ],
        not_reached=["pvt.rt_mean_ms.lstm"],
        citations=[EVIL],
        provenance={"command": EVIL, "versions": {"numpy": "2"}, "earlier": [{}]},
        **more,
    )


def test_every_text_is_escaped(figure):
    page = Reader(render_report(full(figure)))
    assert "script" not in page.tags
    assert page.text.count(EVIL) >= 7


def test_page_is_self_contained(figure):
    text = render_report(full(figure))
    page = Reader(text)
    assert not FROM_ELSEWHERE & set(page.tags)
    embedded = [a for a in page.addresses if a.startswith("data:image/png;base64,")]
    links = [a for a in page.addresses if not a.startswith("data:")]
    assert len(embedded) == 1 and len(embedded[0]) > 1000
    assert all(a.startswith(("#", "figures/")) for a in links)
    assert "@import" not in text and "url(" not in text


def test_figure_is_numbered_as_its_file(figure):
    assert "Figure 1." in render_report(full(figure))
    assert "Figure 4." in render_report(Report("T", "Q?", figures=[_renamed(figure, "figure4_scorecard")]))


def _renamed(figure, name):
    figure.path("png").rename(figure.folder / f"{name}.png")
    return replace(figure, name=name)


def test_links_lead_somewhere(figure, tmp_path):
    write_report(full(figure), tmp_path / "report.html")
    page = Reader((tmp_path / "report.html").read_text(encoding="utf-8"))
    for address in page.addresses:
        if address.startswith("#"):
            assert address[1:] in page.ids
        elif address.startswith("figures/"):
            assert (tmp_path / address).is_file()


def test_checks_show_value_band_result_and_missing_numbers_as_dashes(figure):
    text = render_report(full(figure))
    page = Reader(text)
    assert "251.2" in page.text and "1 of 2" in page.text
    assert text.count('class="mark passed"') == 1 and text.count('class="mark failed"') == 1
    assert not re.search(r"\bnan\b", page.text, re.IGNORECASE)


def test_report_without_anything_still_renders():
    page = Reader(render_report(Report("Title", "Question?")))
    assert "No figure could be drawn." in page.text and "Every check passed." in page.text


def test_colours_follow_the_readers_light_or_dark_setting(figure):
    assert "prefers-color-scheme: dark" in render_report(full(figure))


def test_template_lies_inside_the_package_that_the_wheel_holds():
    import studies

    assert (Path(studies.__file__).parent / "report.html.jinja").is_file()
