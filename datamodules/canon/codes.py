"""Stock codes in one spelling: SH600000 for 600000.SH, sh.600000, 600000.XSHG and the like."""

import re

_EXCHANGES = {
    "SH": "SH", "SS": "SH", "XSHG": "SH", "SZ": "SZ", "XSHE": "SZ", "BJ": "BJ", "XBSE": "BJ",
    "BJSE": "BJ",
}  # fmt: skip
_NAMES = "|".join(sorted(_EXCHANGES, key=len, reverse=True))
_PREFIXED = re.compile(rf"({_NAMES})[._]?(\d{{6}})", re.IGNORECASE)
_SUFFIXED = re.compile(rf"(\d{{6}})[._]?({_NAMES})", re.IGNORECASE)


def canonical_code(code: str) -> str:
    """SH600000 for any of a vendor's spellings; a code of unknown form is left as it is.

    Price limits go by exchange and board, which only the canonical form tells.
    """
    if found := _PREFIXED.fullmatch(code.strip()):
        return _EXCHANGES[found[1].upper()] + found[2]
    if found := _SUFFIXED.fullmatch(code.strip()):
        return _EXCHANGES[found[2].upper()] + found[1]
    return code


def is_canonical(code: str) -> bool:
    """Whether a code tells its exchange: SH, SZ or BJ and six digits."""
    return re.fullmatch(r"(SH|SZ|BJ)\d{6}", code) is not None
