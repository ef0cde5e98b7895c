"""The pages in a real browser: every figure is drawn, and nothing is asked of a network."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="needs chromium (apt-get install chromium)"
)

PROBE = """
<script>
const blocked = [];
addEventListener('securitypolicyviolation', event => blocked.push(event.blockedURI));
const ready = () => document.body.dataset.drawn ? setTimeout(look, 500) : setTimeout(ready, 50);
addEventListener('load', ready);
const look = () => {
  const plots = [...document.querySelectorAll('figure > div')];
  const found = document.createElement('pre');
  found.id = 'probe';
  found.textContent = JSON.stringify({
    figures: plots.length,
    drawn: plots.filter(plot => plot.matches('.js-plotly-plot')
      && plot.querySelector('svg.main-svg :is(:is(.barlayer, .scatterlayer) path,'
        + '.heatmaplayer image)')).length,
    asked: performance.getEntriesByType('resource').map(entry => entry.name),
    blocked: blocked,
    overflow: document.documentElement.scrollWidth - innerWidth,
  });
  document.body.append(found);
};
</script>
"""


def visit(page: Path, text: str, width: int = 1200) -> dict:
    """Open a page with the probe in its body; say what it drew and what it asked for."""
    page.write_text(text.replace("<body>", f"<body>{PROBE}", 1), encoding="utf-8")
    assert CHROMIUM is not None
    done = subprocess.run(
        [
            CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
            "--no-first-run", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", f"--user-data-dir={page.parent / 'profile'}",
            "--host-resolver-rules=MAP * ~NOTFOUND", f"--window-size={width},900",
            "--virtual-time-budget=20000", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    probe = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.DOTALL)
    assert probe is not None, done.stderr
    return json.loads(unescape(probe[1]))


@pytest.fixture(scope="module")
def report(study):
    return (study.runs / "default" / "v2.1" / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def together(both):
    return (both.runs / "both" / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [1200, 500])
def test_every_figure_is_drawn_and_nothing_is_asked_of_a_network(report, tmp_path, width):
    found = visit(tmp_path / "report.html", report, width)
    assert found["figures"] == report.count("<figure>") > 10
    assert len(report.encode()) < 1.2e6
    assert found["drawn"] == found["figures"]
    assert found["asked"] == []
    assert found["blocked"] == []
    assert found["overflow"] <= 0


@pytest.mark.parametrize("width", [1200, 500])
def test_every_figure_of_several_variants_is_drawn(together, tmp_path, width):
    found = visit(tmp_path / "report.html", together, width)
    assert found["figures"] == together.count("<figure>") >= 12
    assert found["drawn"] == found["figures"]
    assert found["asked"] == found["blocked"] == []
    assert found["overflow"] <= 0


@pytest.mark.parametrize("width", [1200, 500])
def test_every_figure_of_a_comparison_is_drawn(compared, tmp_path, width):
    text = (compared / "compare.html").read_text(encoding="utf-8")
    found = visit(tmp_path / "compare.html", text, width)
    assert found["figures"] == text.count("<figure>") > 18
    assert found["drawn"] == found["figures"]
    assert found["asked"] == found["blocked"] == []
    assert found["overflow"] <= 0


def test_a_request_would_be_noticed(report, tmp_path):
    asking = report.replace("</body>", "<img src='https://example.invalid/a.png'></body>")
    found = visit(tmp_path / "report.html", asking)
    assert found["blocked"] == ["https://example.invalid/a.png"]
