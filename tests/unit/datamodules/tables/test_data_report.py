import json


def test_the_report_is_plain_json(clean, load):
    report = load(**clean).report
    assert json.loads(json.dumps(report.to_dict()))["tables"]["quotes"] == {
        "rows": 18,
        "codes": 3,
        "sessions": 6,
        "first": "2021-03-01",
        "last": "2021-03-08",
    }


def test_the_lines_name_source_tables_and_findings(clean, load):
    quotes = clean["quotes"].assign(pe=1.0)
    quotes.loc[4, "volume"] = -1.0
    lines = load(quotes=quotes, settings={"max_bad_rows": 0.1}).report.lines()
    assert lines[0].startswith("tables from parquet ")
    assert lines[1].startswith("quotes: rows 18, codes 3, sessions 6")
    assert lines[2] == ("quotes: 1 with a negative volume (e.g. 2021-03-02 SH688001 volume=-1)")
    assert "quotes: 1 columns that nothing reads: pe" in lines
    assert "quotes: 1 rows are not traded" in lines


def test_a_table_that_is_not_there_counts_nothing(clean, load):
    report = load(quotes=clean["quotes"]).report
    assert (report.count("quotes"), report.count("index")) == (18, 0)


def test_the_dearest_five_findings_are_printed_and_the_others_counted(clean, load):
    quotes = clean["quotes"].drop(columns=["prev_close", "total_cap"]).assign(pe=1.0)
    quotes.loc[4, "volume"] = -1.0
    quotes.loc[[7, 8], "float_cap"] = 0.0
    quotes.loc[[1, 2, 3], "industry"] = None
    quotes["code"] = quotes["code"].str[2:]
    tables = load(quotes=quotes, index=clean["index"], settings={"max_bad_rows": 0.1})
    lines = tables.report.lines()
    assert [line.split(" (e.g.")[0] for line in lines[3:]] == [
        "WARNING quotes: 3 codes do not tell their exchange (SH600000 would): main-board price"
        " limits are assumed",
        "quotes: 2 traded rows have no positive float_cap",
        "quotes: 1 with a negative volume",
        "quotes: 3 traded rows have no industry",
        "quotes: 2 optional columns absent: total_cap, prev_close",
        "and 2 smaller findings, all in the data report",
    ]
    assert len(tables.report.notes) + len(tables.report.faults) == 7


def test_what_is_accepted_and_not_there_is_said(clean, load):
    (note,) = load(quotes=clean["quotes"], settings={"accept": ["units"]}).report.notes
    assert (note.says, note.examples) == ("accepted findings are not there", ("units",))
