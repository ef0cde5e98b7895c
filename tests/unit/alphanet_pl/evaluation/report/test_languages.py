"""A page in Chinese: the same page, said in the other catalogue; everything else stays English."""

import json
import re
from html import unescape
from pathlib import Path

import pytest
import yaml
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation import report
from alphanet_pl.evaluation.compare import compare
from alphanet_pl.evaluation.report import formats, render
from alphanet_pl.evaluation.report.tables import terminal_lines

WORDS = Path(report.__file__).with_name("words")


def flat(found, key=""):
    """Key -> text, lists by place."""
    if isinstance(found, str):
        return {key: found}
    pairs = found.items() if isinstance(found, dict) else enumerate(found)
    return {k: v for name, inside in pairs for k, v in flat(inside, f"{key}.{name}").items()}


@pytest.fixture(scope="module")
def catalogues():
    return [
        flat(yaml.safe_load((WORDS / f"{name}.yaml").read_text(encoding="utf-8")))
        for name in ("en", "zh")
    ]


@pytest.fixture(scope="module")
def evaluation():
    return synthetic_evaluation()


def test_both_catalogues_have_the_same_keys_and_fill_in_the_same(catalogues):
    english, chinese = catalogues
    assert set(english) == set(chinese)
    for key, text in english.items():
        for pattern in (r"\{\w+\}", r"`[^`]+`"):
            ours, theirs = (sorted(re.findall(pattern, said)) for said in (text, chinese[key]))
            assert ours == theirs, key


def test_hardly_a_word_is_left_in_english(catalogues):
    english, chinese = catalogues
    same = {english[key] for key, text in chinese.items() if text == english[key]}
    allowed = {"RankIC", "{index}", "{name}", "±"}
    assert {text for text in same if re.search("[a-z]{3}", text)} <= allowed


def test_a_chinese_page_has_the_figures_of_the_english_one(evaluation, catalogues):
    english, chinese = (render({"v2.1": evaluation}, language=name) for name in ("en", "zh"))
    assert '<html lang="zh-CN">' in chinese
    assert '<html lang="en">' in english
    for title in ("IC 测试", "分层测试", "风格暴露", "年化超额收益率", "秩相关系数均值"):
        assert title in chinese, title
        assert title not in english, title
    for pattern in (r"\d+\.\d\d%", r'id="figure-([\w-]+)"'):
        assert sorted(re.findall(pattern, chinese)) == sorted(re.findall(pattern, english))
    for key in ("part", "metric", "table", "figure"):
        said = [text for name, text in catalogues[0].items() if name.startswith(f".{key}.")]
        long = [text for text in said if len(text) > 20 and "{" not in text]
        left = [text for text in long if text in chinese and f"（{text}" not in chinese]
        assert not left


DATA = {"There is no <free_turn>.", "source parquet, 40 stocks", "- (fingerprint )", "(sha256 )"}
"""What a panel says of itself, and what an author puts on a page, is not the page's to say."""


def test_no_english_sentence_is_left_on_a_chinese_page(evaluation):
    page = render({"v2.1": evaluation, "v2": evaluation}, language="zh")
    read = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    texts = {unescape(found).strip() for found in re.findall(r">([^<>]+)<", read)}
    drawn = {json.loads(f'"{found}"') for found in re.findall(r'"(?:text|name)":"([^"]*)"', page)}
    words = re.compile(r"\b[A-Za-z]{2,}[ ,]+[a-z]{2,}")
    left = {text for text in texts | drawn if words.search(text)}
    assert {text for text in left if not re.search("[\u4e00-\u9fff]", text)} <= DATA
    assert len(drawn) > 10


def test_what_is_not_the_page_stays_english(evaluation):
    alone = {"v2.1": evaluation}
    before = terminal_lines(alone, compare(alone))
    with pytest.raises(RuntimeError), formats.written_in("zh"):
        raise RuntimeError
    assert terminal_lines(alone, compare(alone)) == before
    assert not any("\u4e00" <= sign <= "\u9fff" for line in before for sign in line)
