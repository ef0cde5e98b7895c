"""Writers of vendors' files, from canonical tables, by what each vendor's documentation says.

Each takes the tables as frames and a folder, and writes what a user would have downloaded: the
vendor's interfaces as folders, its codes, dates as text, units, rounding, and nothing it lacks.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

Tables = dict[str, pd.DataFrame]


def canonical(folder: Path) -> Tables:
    """The Parquet tables of a folder."""
    names = ("quotes", "fundamentals", "index", "index_members")
    return {name: pd.read_parquet(folder / f"{name}.parquet") for name in names}


def _put(frame: pd.DataFrame, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)


def _text(days: pd.Series, form: str) -> pd.Series:
    return pd.Series(days.dt.strftime(form).to_numpy(), index=days.index).astype(object)


def spells(quotes: pd.DataFrame, name: str) -> pd.DataFrame:
    """code, value, first and last date of each run of rows with one value of a column."""
    rows = quotes[["code", "date", name]].astype({"code": str}).sort_values(["code", "date"])
    new = (rows["code"] != rows["code"].shift()) | (rows[name] != rows[name].shift())
    runs = rows.groupby(new.cumsum())
    return runs.agg(
        code=("code", "first"), value=(name, "first"), first=("date", "min"), last=("date", "max")
    )


def events(quotes: pd.DataFrame) -> pd.DataFrame:
    """code, date, adj_factor of the rows on which a stock's factor changes, the first left out."""
    rows = quotes[["code", "date", "adj_factor"]].astype({"code": str})
    rows = rows.sort_values(["code", "date"])
    same = rows["code"] == rows["code"].shift()
    return rows[same & (rows["adj_factor"] != rows["adj_factor"].shift())]


def snapshots(members: pd.DataFrame, days: pd.DatetimeIndex) -> pd.DataFrame:
    """code and day: the members of an index on each day that its vendor publishes them."""
    return pd.concat(
        [
            members.loc[(members["start"] <= day) & (members["end"] >= day), ["code"]].assign(
                day=day
            )
            for day in days
        ]
    )


def member_days(tables: Tables) -> pd.DatetimeIndex:
    """The days on which a simulated index changes."""
    return pd.DatetimeIndex(sorted(tables["index_members"]["start"].unique()))


def weights_of(tables: Tables) -> pd.DataFrame:
    """code, day and weight (a fraction, by float cap) of the members on each of `member_days`."""
    held = snapshots(tables["index_members"], member_days(tables))
    quotes = tables["quotes"][["code", "date", "float_cap"]].astype({"code": str})
    rows = held.merge(quotes, left_on=["code", "day"], right_on=["code", "date"])
    return rows.assign(weight=rows["float_cap"] / rows.groupby("day")["float_cap"].transform("sum"))


def _statements(
    accounts: pd.DataFrame,
    key: Mapping[str, object] | pd.DataFrame,
    named: dict[str, dict[str, str]],
    out: Path,
) -> None:
    """Statements in folders of their own, each with the vendor's key and names."""
    for path, columns in named.items():
        values = accounts[list(columns.values())].set_axis(list(columns), axis="columns")
        _put(pd.DataFrame(key, index=accounts.index).join(values), out / path)


def write_tushare(tables: Tables, out: Path) -> None:
    """https://tushare.pro/document/2: doc_id 27, 28, 32, 100, 335, 95, 96, 33, 36, 44."""
    quotes = tables["quotes"]
    ts = quotes["code"].astype(str).map(lambda code: f"{code[2:]}.{code[:2]}")
    key = pd.DataFrame({"ts_code": ts, "trade_date": _text(quotes["date"], "%Y%m%d")})
    traded = quotes["traded"].to_numpy()
    prices = quotes[["open", "high", "low", "close"]].assign(pre_close=quotes["prev_close"])
    volume = {"vol": quotes["volume"] / 100, "amount": (quotes["amount"] / 1000).round(5)}
    _put(key.join(prices).assign(**volume)[traded], out / "daily" / "all.parquet")
    _put(key.assign(adj_factor=quotes["adj_factor"].round(4)), out / "adj_factor" / "all.parquet")
    shares = quotes["float_cap"] / quotes["close"]
    basic = {
        "turnover_rate": (quotes["turn"] * 100).round(4),
        "turnover_rate_f": (quotes["free_turn"] * 100).round(4),
        "float_share": (shares / 1e4).round(4),
        "total_mv": (quotes["total_cap"] / 1e4).round(4),
        "circ_mv": (quotes["float_cap"] / 1e4).round(4),
    }
    _put(key.assign(**basic)[traded], out / "daily_basic" / "all.parquet")
    runs = spells(quotes, "is_st")
    last = runs["last"] == quotes["date"].max()
    names = pd.DataFrame(
        {
            "ts_code": runs["code"].map(lambda code: f"{code[2:]}.{code[:2]}"),
            "name": np.where(runs["value"], "*ST某某", "某某股份"),
            "start_date": _text(runs["first"], "%Y%m%d"),
            "end_date": _text(runs["last"], "%Y%m%d").mask(last, None),
        }
    )
    _put(names, out / "namechange" / "all.parquet")
    sectors = spells(quotes.astype({"industry": str}), "industry")
    listed = pd.DataFrame(
        {
            "l1_name": sectors["value"],
            "ts_code": sectors["code"].map(lambda code: f"{code[2:]}.{code[:2]}"),
            "in_date": _text(sectors["first"], "%Y%m%d"),
            "out_date": None,
        }
    )
    _put(listed, out / "index_member_all" / "all.parquet")
    index = tables["index"]
    closes = {"ts_code": "000905.SH", "trade_date": _text(index["date"], "%Y%m%d")}
    _put(pd.DataFrame(closes).assign(close=index["close"]), out / "index_daily" / "all.parquet")
    held = weights_of(tables)
    weights = {
        "index_code": "000905.SH",
        "con_code": held["code"].map(lambda code: f"{code[2:]}.{code[:2]}"),
        "trade_date": _text(held["day"], "%Y%m%d"),
        "weight": held["weight"] * 100,
    }
    _put(pd.DataFrame(weights), out / "index_weight" / "all.parquet")
    _tushare_accounts(tables["fundamentals"], out)


def _tushare_accounts(accounts: pd.DataFrame, out: Path) -> None:
    key = pd.DataFrame(
        {
            "ts_code": accounts["code"].map(lambda code: f"{code[2:]}.{code[:2]}"),
            "end_date": _text(accounts["period_end"], "%Y%m%d"),
            "f_ann_date": _text(accounts["announced"], "%Y%m%d"),
            "report_type": "1",
            "update_flag": "1",
        }
    )
    named = {
        "income/all.parquet": {"n_income_attr_p": "net_profit_ytd", "revenue": "revenue_ytd"},
        "cashflow/all.parquet": {"n_cashflow_act": "operating_cash_flow_ytd"},
        "balancesheet/all.parquet": {
            "total_hldr_eqy_exc_min_int": "equity", "total_assets": "total_assets",
            "total_liab": "total_liabilities", "total_ncl": "noncurrent_liabilities",
            "total_share": "total_shares",
        },
    }  # fmt: skip
    # The same statement twice, as Tushare may keep one: the flag tells which holds.
    stale = accounts.head(50).copy()
    stale[[name for columns in named.values() for name in columns.values()]] = 1.0
    filed = pd.concat([key.head(50).assign(update_flag="0"), key], ignore_index=True)
    _statements(pd.concat([stale, accounts], ignore_index=True), filed, named, out)


def write_baostock(tables: Tables, out: Path) -> None:
    """http://baostock.com/baostock/index.php: A股K线数据, 复权因子信息, 行业分类, 季频..."""
    quotes, dot = tables["quotes"], lambda code: f"{code[:2].lower()}.{code[2:]}"
    traded = quotes["traded"].to_numpy()
    fields = {
        "date": _text(quotes["date"], "%Y-%m-%d"),
        "code": quotes["code"].astype(str).map(dot),
        **{name: quotes[name].map("{:.4f}".format) for name in ("open", "high", "low", "close")},
        "preclose": quotes["prev_close"].map("{:.4f}".format),
        "volume": quotes["volume"].map("{:.0f}".format).where(traded, "0"),
        "amount": quotes["amount"].map("{:.4f}".format).where(traded, "0.0000"),
        "adjustflag": "3",
        "turn": (quotes["turn"] * 100).map("{:.6f}".format).where(traded, ""),
        "tradestatus": np.where(traded, "1", "0"),
        "isST": np.where(quotes["is_st"], "1", "0"),
    }
    whole = pd.DataFrame(fields)
    for code, rows in whole.groupby("code"):
        _put(rows, out / "k" / f"{code}.csv")
    changes = events(quotes)
    factors = {
        "code": changes["code"].map(dot),
        "dividOperateDate": _text(changes["date"], "%Y-%m-%d"),
        "backAdjustFactor": changes["adj_factor"].map("{:.6f}".format),
    }
    _put(pd.DataFrame(factors), out / "adjust_factor" / "all.csv")
    days = pd.DatetimeIndex(quotes["date"].unique())[::20]
    for day in days:
        there = quotes[quotes["date"] == day]
        sector = {"code": there["code"].astype(str).map(dot), "industry": there["industry"]}
        _put(pd.DataFrame({"updateDate": str(day.date())} | sector),
             out / "industry" / f"{day.date()}.csv")  # fmt: skip
    index = tables["index"]
    closes = {"date": _text(index["date"], "%Y-%m-%d"), "code": "sh.000905"}
    _put(pd.DataFrame(closes).assign(close=index["close"]), out / "index_k" / "sh.000905.csv")
    held = snapshots(tables["index_members"], member_days(tables))
    members = {"updateDate": _text(held["day"], "%Y-%m-%d"), "code": held["code"].map(dot)}
    _put(pd.DataFrame(members), out / "zz500" / "all.csv")
    first = held["day"] == held["day"].min()
    _put(pd.DataFrame(members)[first], out / "zz500" / "asked_again.csv")
    accounts = tables["fundamentals"]
    key = {
        "code": accounts["code"].map(dot),
        "pubDate": _text(accounts["announced"], "%Y-%m-%d"),
        "statDate": _text(accounts["period_end"], "%Y-%m-%d"),
    }
    profit = {
        "netProfit": accounts["net_profit_ytd"].map("{:.6f}".format),
        "MBRevenue": accounts["revenue_ytd"].map("{:.6f}".format),
        "totalShare": accounts["total_shares"].map("{:.2f}".format),
    }
    _put(pd.DataFrame(key | profit), out / "profit" / "all.csv")
    ratio = accounts["operating_cash_flow_ytd"] / accounts["net_profit_ytd"]
    cash = {"CFOToNP": ratio.map("{:.6f}".format)}
    _put(pd.DataFrame(key | cash), out / "cash_flow" / "all.csv")


def write_jqdata(tables: Tables, out: Path) -> None:
    """https://www.joinquant.com/help/api/help#JQData: get_price, valuation, finance tables."""
    quotes, accounts = tables["quotes"], tables["fundamentals"]
    suffix = {"SH": "XSHG", "SZ": "XSHE"}

    def code(name: str) -> str:
        return f"{name[2:]}.{suffix[name[:2]]}"

    names = quotes["code"].astype(str).map(code)
    key = pd.DataFrame({"time": quotes["date"], "code": names})
    prices = quotes[["open", "high", "low", "close", "volume"]].assign(
        pre_close=quotes["prev_close"],
        money=quotes["amount"],
        avg=quotes["vwap"].fillna(quotes["close"]).round(2),
        paused=(~quotes["traded"]).astype(float),
    )
    for year, rows in key.join(prices).groupby(key["time"].dt.year):
        unlisted = rows[:1][["time"]].assign(code="688999.XSHG")  # NaN before a listing
        _put(pd.concat([rows, unlisted]), out / "price" / f"{year}.parquet")
    _put(key.assign(factor=quotes["adj_factor"]), out / "factor" / "all.parquet")
    day = pd.DataFrame({"day": _text(quotes["date"], "%Y-%m-%d"), "code": names})
    shares = quotes["float_cap"] / quotes["close"]
    valuation = {
        "turnover_ratio": (quotes["turn"] * 100).round(4),
        "circulating_cap": (shares / 1e4).round(4),
        "circulating_market_cap": (quotes["float_cap"] / 1e8).round(6),
        "market_cap": (quotes["total_cap"] / 1e8).round(6),
    }
    _put(day.assign(**valuation), out / "valuation" / "all.parquet")
    _put(day.assign(is_st=quotes["is_st"]), out / "is_st" / "all.parquet")
    first = ~quotes["code"].duplicated()
    sectors = day.assign(industry=quotes["industry"].astype(str))[first]
    _put(sectors, out / "industry" / "all.parquet")
    index = tables["index"]
    closes = pd.DataFrame({"time": index["date"], "code": "000905.XSHG", "close": index["close"]})
    _put(closes, out / "index_price" / "all.parquet")
    held = weights_of(tables)
    weights = {"index_code": "000905.XSHG", "code": held["code"].map(code),
               "date": _text(held["day"], "%Y-%m-%d"), "weight": held["weight"] * 100}  # fmt: skip
    _put(pd.DataFrame(weights), out / "index_weights" / "all.parquet")
    # A day without weights of its own gets the nearest day's (查询日期最近日期的权重信息).
    first = held["day"] == held["day"].min()
    _put(pd.DataFrame(weights)[first], out / "index_weights" / "asked_again.parquet")
    filed = {
        "code": accounts["code"].map(code),
        "end_date": _text(accounts["period_end"], "%Y-%m-%d"),
        "pub_date": _text(accounts["announced"], "%Y-%m-%d"),
        "report_type": 0,
    }
    named = {
        "income/all.parquet": {
            "np_parent_company_owners": "net_profit_ytd", "operating_revenue": "revenue_ytd"
        },
        "cashflow/all.parquet": {"net_operate_cash_flow": "operating_cash_flow_ytd"},
        "balance/all.parquet": {
            "equities_parent_company_owners": "equity", "total_assets": "total_assets",
            "total_liability": "total_liabilities", "paidin_capital": "total_shares",
            "total_non_current_liability": "noncurrent_liabilities",
        },
    }  # fmt: skip
    _statements(accounts, filed, named, out)


def write_ricequant(tables: Tables, out: Path) -> None:
    """https://www.ricequant.com/doc/rqdata/python/: generic-api, stock-mod, indices-mod."""
    quotes, accounts = tables["quotes"], tables["fundamentals"]
    suffix = {"SH": "XSHG", "SZ": "XSHE"}

    def code(name: str) -> str:
        return f"{name[2:]}.{suffix[name[:2]]}"

    names = quotes["code"].astype(str).map(code)
    key = pd.DataFrame({"order_book_id": names, "date": quotes["date"]})
    prices = quotes[["open", "high", "low", "close", "volume", "prev_close"]]
    _put(key.join(prices).assign(total_turnover=quotes["amount"]), out / "price" / "all.parquet")
    # Shares are whole, and known on days without trading, too; so is the free float.
    free = (quotes["volume"] / quotes["free_turn"]).groupby(quotes["code"]).ffill().round()
    shares = {
        "total": (quotes["total_cap"] / quotes["close"]).round(),
        "circulation_a": (quotes["float_cap"] / quotes["close"]).round(),
        "free_circulation": free,
    }
    _put(key.assign(**shares), out / "shares" / "all.parquet")
    _put(key.assign(is_st=quotes["is_st"]), out / "is_st" / "all.parquet")
    changes = events(quotes)
    factors = {"order_book_id": changes["code"].map(code), "ex_date": changes["date"],
               "ex_cum_factor": changes["adj_factor"].round(6)}  # fmt: skip
    _put(pd.DataFrame(factors), out / "ex_factor" / "all.parquet")
    first = ~quotes["code"].duplicated()
    sectors = key.assign(first_industry_name=quotes["industry"].astype(str))[first]
    _put(sectors, out / "industry" / "all.parquet")
    index = tables["index"]
    closes = {"order_book_id": "000905.XSHG", "date": index["date"], "close": index["close"]}
    _put(pd.DataFrame(closes), out / "index_price" / "all.parquet")
    held = weights_of(tables)
    weights = {"index_id": "000905.XSHG", "order_book_id": held["code"].map(code),
               "date": held["day"], "weight": held["weight"].round(6)}  # fmt: skip
    _put(pd.DataFrame(weights), out / "index_weights" / "all.parquet")
    end = accounts["period_end"].dt
    quarter = end.year.astype(str) + "q" + end.quarter.astype(str)
    filed = {"order_book_id": accounts["code"].map(code), "quarter": quarter,
             "info_date": accounts["announced"], "if_adjusted": 0}  # fmt: skip
    named = {
        "net_profit_parent_company": "net_profit_ytd", "operating_revenue": "revenue_ytd",
        "cash_flow_from_operating_activities": "operating_cash_flow_ytd",
        "equity_parent_company": "equity", "total_assets": "total_assets",
        "total_liabilities": "total_liabilities", "paid_in_capital": "total_shares",
        "non_current_liabilities": "noncurrent_liabilities",
    }  # fmt: skip
    _statements(accounts, filed, {"financials/all.parquet": named}, out)


def write_akshare(tables: Tables, out: Path) -> None:
    """https://akshare.akfamily.xyz/data/stock/stock.html: a CSV a stock under Chinese heads."""
    quotes, accounts = tables["quotes"], tables["fundamentals"]
    names = quotes["code"].astype(str).str.lower()
    traded = quotes["traded"].to_numpy()
    day = _text(quotes["date"], "%Y-%m-%d")
    hist = pd.DataFrame(
        {
            "日期": day, "股票代码": names.str[2:], "开盘": quotes["open"], "收盘": quotes["close"],
            "最高": quotes["high"], "最低": quotes["low"],
            "成交量": (quotes["volume"] / 100).round().astype(int), "成交额": quotes["amount"],
            "换手率": (quotes["turn"] * 100).round(2),
        }
    )[traded]  # fmt: skip
    shares = (quotes["float_cap"] / quotes["close"]).round()
    daily = pd.DataFrame({"date": day, "outstanding_share": shares})[traded]
    changes = events(quotes)
    for name, rows in hist.groupby(names[traded]):
        _put(rows, out / "hist" / f"{name}.csv")
        _put(daily.loc[rows.index], out / "daily" / f"{name}.csv")
        own = changes[changes["code"] == name.upper()]
        factors = {"date": ["1900-01-01", *_text(own["date"], "%Y-%m-%d")],
                   "hfq_factor": [1.0, *own["adj_factor"]]}  # fmt: skip
        _put(pd.DataFrame(factors), out / "hfq_factor" / f"{name}.csv")
    sectors = spells(quotes.astype({"industry": str}), "industry")
    number = sectors["value"].astype("category").cat.codes + 11
    changed = {"symbol": sectors["code"].str[2:], "start_date": _text(sectors["first"], "%Y-%m-%d"),
               "industry_code": number.astype(str) + "0101"}  # fmt: skip
    _put(pd.DataFrame(changed), out / "industry" / "all.csv")
    index = tables["index"]
    closes = {"date": _text(index["date"], "%Y-%m-%d"), "close": index["close"]}
    _put(pd.DataFrame(closes), out / "index" / "sh000905.csv")
    exchange = {"SH": "上海证券交易所", "SZ": "深圳证券交易所"}
    held = weights_of(tables)
    for when, rows in held.groupby("day"):
        weights = {"日期": str(when.date()), "指数代码": "000905",
                   "成分券代码": rows["code"].str[2:],
                   "交易所": rows["code"].str[:2].map(exchange),
                   "权重": (rows["weight"] * 100).round(3)}  # fmt: skip
        for asked in (when, when + pd.Timedelta(days=1)):
            _put(pd.DataFrame(weights), out / "weights" / f"{asked.date()}.csv")
    filed = {
        "SECUCODE": accounts["code"].map(lambda code: f"{code[2:]}.{code[:2]}"),
        "REPORT_DATE": _text(accounts["period_end"], "%Y-%m-%d 00:00:00"),
        "NOTICE_DATE": _text(accounts["announced"], "%Y-%m-%d 00:00:00"),
    }
    named = {
        "profit/all.csv": {"PARENT_NETPROFIT": "net_profit_ytd", "OPERATE_INCOME": "revenue_ytd"},
        "cash_flow/all.csv": {"NETCASH_OPERATE": "operating_cash_flow_ytd"},
        "balance/all.csv": {
            "TOTAL_PARENT_EQUITY": "equity", "TOTAL_ASSETS": "total_assets",
            "TOTAL_LIABILITIES": "total_liabilities", "SHARE_CAPITAL": "total_shares",
            "TOTAL_NONCURRENT_LIAB": "noncurrent_liabilities",
        },
    }  # fmt: skip
    _statements(accounts, filed, named, out)


WRITERS = {
    "tushare": write_tushare,
    "baostock": write_baostock,
    "jqdata": write_jqdata,
    "ricequant": write_ricequant,
    "akshare": write_akshare,
}
