import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def member(market: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """(date, code) bool."""
    dates = pd.DatetimeIndex(market["index"]["date"])
    spells = market["index_members"]
    out = pd.DataFrame(0, index=dates, columns=sorted(spells["code"].unique()))
    for row in spells.itertuples():
        out.loc[row.start : row.end, row.code] += 1
    assert out.to_numpy().max() == 1, "spells of a stock overlap"
    return out.astype(bool)


def test_a_quarter_of_the_names_are_members(member):
    assert member.sum(axis=1).max() == 150 // 4
    assert member.sum(axis=1).min() >= 150 // 4 - 3


def test_members_change_in_june_and_december_only_or_leave_by_delisting(member):
    joins = (member & ~member.shift(fill_value=False)).any(axis=1)
    days = joins[joins].index[1:]
    assert len(days) >= 3
    assert set(days.month) == {6, 12}
    assert ((days.day >= 11) & (days.day <= 18)).all()


def test_members_are_mid_caps(market, member):
    quotes = market["quotes"]
    day = member.index[0]
    caps = quotes[quotes["date"] == day].set_index("code")["float_cap"]
    rank = caps.rank(ascending=False)
    chosen = rank[rank.index.isin(member.columns[member.loc[day]])]
    assert chosen.min() > 15
    assert chosen.max() < 75


def test_the_close_follows_members_by_float_cap(market, member):
    quotes = market["quotes"].assign(code=market["quotes"]["code"].astype(str))
    cap = quotes.pivot(index="date", columns="code", values="float_cap").shift()[member.columns]
    ret = (quotes["close"] / quotes["prev_close"]).to_numpy() - 1
    ret = quotes.assign(ret=ret).pivot(index="date", columns="code", values="ret")[member.columns]
    weight = cap.where(member, 0.0).fillna(0.0)
    expected = (weight * ret.fillna(0.0)).sum(axis=1) / weight.sum(axis=1)
    found = market["index"].set_index("date")["close"].pct_change()
    np.testing.assert_allclose(found[1:], expected[1:], atol=1e-6)
