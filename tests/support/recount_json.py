"""JSON as docs/wire.md wants it, for the recount: strict, and numbers as they were written, never
as floats."""

import json
import re
from fractions import Fraction

DEPTH_MAX, TOTAL_MAX = 32, 2**63 - 1

_TOTAL = re.compile(r"0|[1-9][0-9]{0,18}")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?", re.ASCII)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},]')
_EXPONENT = re.compile(r"[eE]([+-]?[0-9]+)$", re.ASCII)


class Refused(Exception):
    """An item is quarantined for this reason."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Number(str):
    """A JSON number as it was written."""


def _pairs(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise Refused("duplicate_key")
    return dict(pairs)


def _no_constant(_):
    raise Refused("not_json")


def _check_depth_and_text(value, depth=0):
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Refused("not_json") from None
        return
    if not isinstance(value, (dict, list)):
        return
    if depth == DEPTH_MAX:
        raise Refused("too_deep")
    for inner in [*value, *value.values()] if isinstance(value, dict) else value:
        _check_depth_and_text(inner, depth + 1)


def strict_json(data):
    """One whole JSON text of RFC 8259, no key twice; numbers as Number."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise Refused("not_utf8") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_pairs,
            parse_int=Number,
            parse_float=Number,
            parse_constant=_no_constant,
        )
    except RecursionError:
        raise Refused("too_deep") from None
    except ValueError:
        raise Refused("not_json") from None
    _check_depth_and_text(value)
    return value


def elements(body):
    """The texts of the elements of a JSON array, each exactly as it stands there; by its brackets,
    so that an element nested beyond reading is cut out like any other."""
    text, depth, start, found = body.decode(), 0, 0, []
    for token in _TOKEN.finditer(text):
        at = token[0]
        depth -= at in "]}"
        if (at == "," and depth == 1) or (at == "]" and depth == 0):
            found.append(text[start : token.start()].strip(" \t\r\n").encode())
        depth += at in "[{"
        if depth == 1 and at in "[,":
            start = token.end()
    return [] if found == [b""] else found


def field(obj, name, kind, default=None):
    if name not in obj:
        if default is not None:
            return default
        raise Refused("missing_field")
    value = obj[name]
    if not isinstance(value, kind) or (kind is str and isinstance(value, Number)):
        raise Refused("wrong_type")
    return value


def matching(text, pattern, reason):
    if not pattern.fullmatch(text):
        raise Refused(reason)
    return text


def exact(number):
    """The value of a JSON number, from its text."""
    exponent = _EXPONENT.search(number)
    if exponent and abs(int(exponent[1])) > 400:
        raise Refused("bad_number")
    return Fraction(str(number))


def total(value):
    if isinstance(value, Number):
        amount = exact(value)
    elif isinstance(value, str):
        amount = Fraction(matching(value, _TOTAL, "bad_number"))
    else:
        raise Refused("wrong_type")
    if amount.denominator != 1 or not 0 <= amount <= TOTAL_MAX:
        raise Refused("bad_number")
    return int(amount)


def nano(value):
    """In 10⁻⁹, exactly, and in no more than 38 digits."""
    if abs(value) * 10**9 >= 10**38:
        raise Refused("bad_number")
    if (value * 10**9).denominator != 1:
        raise Refused("too_precise")
    return int(value * 10**9)


def percent(number):
    if not isinstance(number, Number):
        raise Refused("wrong_type")
    amount = nano(exact(number))
    if not 0 <= amount <= 100 * 10**9:
        raise Refused("implausible")
    return amount


def quantity(value):
    if isinstance(value, Number):
        amount = exact(value)
    elif isinstance(value, str):
        amount = Fraction(matching(value, _DECIMAL, "bad_number"))
    else:
        raise Refused("wrong_type")
    if amount < 0:
        raise Refused("bad_number")
    nano(amount)
    return amount
