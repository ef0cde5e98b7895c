"""The Chinese README says what the English one says: same blocks, commands, settings and links."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"```\w*\n.*?```", re.S)


def parts(name):
    """Blocks; inline code, each as often as it stands; targets of links; levels of headings."""
    text = (ROOT / name).read_text(encoding="utf-8")
    prose = BLOCK.sub("", text)
    links = re.findall(r"\]\((?!README)([^)]+)\)", prose)
    headings = re.findall(r"^#+", prose, re.M)
    tables = [line.count("|") for line in prose.splitlines() if line.startswith("|")]
    code = Counter(" ".join(found.split()) for found in re.findall(r"`([^`]+)`", prose))
    return BLOCK.findall(text), code, links, headings, tables


def test_both_have_the_same_blocks_commands_links_headings_and_tables():
    english, chinese = parts("README.md"), parts("README.zh-CN.md")
    for ours, theirs in zip(english, chinese, strict=True):
        assert ours == theirs
