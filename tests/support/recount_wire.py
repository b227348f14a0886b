"""The recount's own reading of docs/wire.md: captured records in, items out. Shares nothing with
the programs it checks.

Numbers stay text until they become integers or fractions; nothing here is ever a float.
"""

import base64
import dataclasses
import datetime
import re
from fractions import Fraction

from recount_json import (
    Number,
    Refused,
    elements,
    field,
    matching,
    percent,
    quantity,
    strict_json,
    total,
)

READING, USAGE, PROBE = "io.meterbill.reading.v1", "io.meterbill.usage.v1", "io.meterbill.probe.v1"
SLOT_US = 900_000_000
VALUE_BYTES_MAX, QUANTITY_MAX = 65536, 2**53
HEADERS_MAX, HEADER_BYTES_MAX = 64, 65536
METERS_MAX, LABELS_MAX, SCOPES_MAX, EPOCHS_MAX, CORES_MAX = 64, 16, 1000, 64, 8192
READINGS_MAX = 1000
YEARS = range(2000, 2200)
FUTURE_US, AGE_US = 300_000_000, 400 * 86_400_000_000
COVER = ("from_us", "to_us", "metered_us", "estimated_us", "off_us")

CPU = {"core_second": 10**6, "core_hour": 3600 * 10**6}
MEMORY = {"gib_hour": 2**20 * 3600, "gb_hour": 3_515_625_000, "mib_hour": 2**10 * 3600}
BYTES = {
    "byte": 1,
    "mb": 10**6,
    "mib": 2**20,
    "gb": 10**9,
    "gib": 2**30,
    "tb": 10**12,
    "tib": 2**40,
}
UNITS = {
    "cpu": CPU,
    "cpu_capacity": CPU,
    "memory": MEMORY,
    "memory_capacity": MEMORY,
    "disk_read": BYTES,
    "disk_write": BYTES,
    "net_in": BYTES,
    "net_out": BYTES,
    "uptime": {"machine_second": 10**6, "machine_hour": 3600 * 10**6},
    "cpu_usage": {"percent_sample": 10**9},
    "memory_usage": {"percent_sample": 10**9},
}
CUSTOM_UNITS = {"unit": 10**9}

_MACHINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_EPOCH = re.compile(r"[0-9a-f]{32}")
_BOOT = re.compile(r"[!-~]{1,64}")
_SCOPE = re.compile(r"machine|unattributed|other|[a-z]+:.+", re.DOTALL)
_METER = re.compile(r"[a-z][a-z0-9_]{0,31}")
_LABEL = re.compile(r"[a-z0-9_.-]{1,63}")
_SLOT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:(00|15|30|45):00Z", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclasses.dataclass
class Item:
    """One thing delivered. `kind` is reading, sample, usage, probe or refused (then `reason` is
    set)."""

    kind: str
    at_us: int = 0
    reason: str = ""
    machine: str = ""
    epoch: str = ""
    boot: str = ""
    labels: tuple = ()
    slot: int = 0
    scope: str = "machine"
    cover: dict = None
    final: bool = False
    scopes: int = 0
    used: dict = dataclasses.field(default_factory=dict)
    identity: tuple = ()


def slot_of(time_us):
    """Quarter hours since 1970, floored."""
    return time_us // SLOT_US


def slot_text(slot):
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=slot * SLOT_US)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def check_year(slot):
    """Slots are of the 21st and 22nd century (the year 2000 counted in)."""
    first, after = (
        (datetime.date(year, 1, 1) - datetime.date(1970, 1, 1)).days * 96
        for year in (YEARS.start, YEARS.stop)
    )
    if not first <= slot < after:
        raise Refused("bad_slot")


def parse_time_us(text):
    """RFC 3339; what is finer than a microsecond is cut."""
    match = _TIME.fullmatch(text)
    if not match:
        raise Refused("wrong_type")
    try:
        moment = datetime.datetime.fromisoformat(match[1] + match[3].replace("Z", "+00:00"))
    except ValueError:
        raise Refused("wrong_type") from None
    since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (since.days * 86400 + since.seconds) * 10**6 + int(
        ((match[2] or ".0")[1:] + "000000")[:6]
    )


def reading_meter(name):
    """Sample meters are never billed from what has an epoch."""
    if name in ("cpu_usage", "memory_usage"):
        raise Refused("bad_name")
    return matching(name, _METER, "bad_name")


def _scope(text):
    if len(text.encode()) > 255 or any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in text):
        raise Refused("bad_name")
    return matching(text, _SCOPE, "bad_name")


def _labels(value):
    if len(value) > LABELS_MAX:
        raise Refused("bad_label")
    for key, text in value.items():
        matching(key, _LABEL, "bad_label")
        if not isinstance(text, str) or isinstance(text, Number):
            raise Refused("wrong_type")
        if len(text.encode()) > 255 or any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in text):
            raise Refused("bad_label")
    return tuple(sorted(value.items()))


def cpu_limit_us(capacity, uptime):
    """What the kernel's tick counters may show: capacity + 2 % + 50 ms for each core, at least
    one."""
    cores = max(1, min(CORES_MAX, -(-capacity // uptime))) if uptime > 0 else 1
    return Fraction(capacity) * 102 / 100 + cores * 50_000


def check_plausible(item):
    """Refuses what cannot be true by itself."""
    used = item.used
    amounts = list(used.values()) + (list(item.cover.values()) if item.cover else [])
    if any(amount > QUANTITY_MAX for amount in amounts):
        raise Refused("implausible")
    if item.scope != "machine":
        return
    for meter in ("cpu", "memory"):
        if meter in used and f"{meter}_capacity" not in used:
            raise Refused("no_capacity")
    cover, capacity = item.cover, used.get("cpu_capacity", 0)
    covered = cover["metered_us"] + cover["estimated_us"]
    uptime = used.get("uptime", covered)
    memory_limit = Fraction(used.get("memory_capacity", 0)) * 102 / 100
    if (
        cover["to_us"] < cover["from_us"]
        or covered > cover["to_us"] - cover["from_us"] + 1_000_000
        or uptime > covered
        or capacity > CORES_MAX * uptime
        or used.get("cpu", 0) > cpu_limit_us(capacity, uptime)
        or used.get("memory", 0) > memory_limit
    ):
        raise Refused("implausible")


def check_timely(slot, at_us, now_us):
    if slot * SLOT_US > min(at_us, now_us) + FUTURE_US:
        raise Refused("future")
    if slot * SLOT_US < now_us - AGE_US:
        raise Refused("too_old")


def _one_reading(message, element, at_us):
    if not isinstance(element, dict):
        raise Refused("wrong_type")
    slot = matching(field(element, "slot", str), _SLOT, "bad_slot")
    try:
        slot = slot_of(parse_time_us(slot))
    except Refused:
        raise Refused("bad_slot") from None
    check_year(slot)
    scope = _scope(field(element, "scope", str))
    used = field(element, "used", dict)
    if len(used) > METERS_MAX:
        raise Refused("too_many")
    item = Item(
        "reading",
        at_us,
        slot=slot,
        scope=scope,
        final=field(element, "final", bool, False),
        **message,
        used={reading_meter(meter): total(amount) for meter, amount in used.items()},
    )
    if scope == "machine":
        if any(name not in element for name in COVER):
            raise Refused("missing_field")
        item.cover = {name: total(element[name]) for name in COVER}
        scopes = total(element.get("scopes", "0"))
        if scopes > SCOPES_MAX:
            raise Refused("too_many")
        item.scopes = scopes if item.final else 0
    check_plausible(item)
    return item


def _machine(text):
    return matching(text, _MACHINE, "bad_machine_id")


def _readings(value, at_us):
    message = {
        "machine": _machine(field(value, "machine_id", str)),
        "epoch": matching(field(value, "epoch", str), _EPOCH, "bad_name"),
        "boot": matching(field(value, "boot_id", str), _BOOT, "bad_name"),
        "labels": _labels(field(value, "labels", dict, {})),
    }
    # A message without readings says that the machine lives; nothing grows.
    items = [] if field(value, "readings", list) else [Item("probe", at_us)]
    for element in value["readings"][:READINGS_MAX]:
        try:
            items.append(_one_reading(message, element, at_us))
        except Refused as refused:
            items.append(Item("refused", at_us, refused.reason, machine=message["machine"]))
    if len(value["readings"]) > READINGS_MAX:
        items.append(Item("refused", at_us, "too_many", machine=message["machine"]))
    return items


def _identity(attributes, name):
    text = attributes.get(name, "")
    if not text:
        raise Refused("missing_field")
    if len(text.encode()) > 255 or any(ord(c) < 0x20 or 0x7F <= ord(c) <= 0x9F for c in text):
        raise Refused("bad_name")
    return text


def _usage(attributes, value, at_us):
    identity = (_identity(attributes, "source"), _identity(attributes, "id"))
    machine = _machine(_identity(attributes, "subject"))
    scope = _scope(field(value, "scope", str))
    meter = matching(field(value, "meter", str), _METER, "bad_name")
    # The data's time wins; the attribute stands in for one that is missing there.
    text = field(value, "time", str, attributes.get("time") or None)
    try:
        slot = slot_of(parse_time_us(text))
    except Refused:
        raise Refused("bad_slot") from None
    check_year(slot)
    units = UNITS.get(meter, CUSTOM_UNITS)
    unit = field(value, "unit", str)
    if unit not in units:
        raise Refused("unknown_unit")
    if "quantity" not in value:
        raise Refused("missing_field")
    base = quantity(value["quantity"]) * units[unit]
    if base > QUANTITY_MAX:
        raise Refused("implausible")
    if base.denominator != 1:
        raise Refused("too_precise")
    return Item(
        "usage",
        at_us,
        machine=machine,
        epoch="events",
        slot=slot,
        scope=scope,
        used={meter: int(base)},
        identity=identity,
    )


def _sample(value, at_us, identity):
    machine = _machine(field(value, "machine_id", str))
    if "cpu_usage" not in value or "memory_usage" not in value:
        raise Refused("missing_field")
    used = {name: percent(value[name]) for name in ("cpu_usage", "memory_usage")}
    check_year(slot_of(at_us))
    return Item(
        "sample",
        at_us,
        machine=machine,
        epoch="samples",
        slot=slot_of(at_us),
        used=used,
        identity=identity,
    )


def _event(attributes, value, at_us):
    kind = attributes.get("type")
    if not kind:
        raise Refused("missing_field")
    if attributes.get("specversion", "1.0") != "1.0" or kind not in (READING, USAGE, PROBE):
        raise Refused("unknown_type")
    if kind == PROBE:
        return [Item("probe", at_us)]
    if value is None:
        raise Refused("missing_field")
    if not isinstance(value, dict):
        raise Refused("wrong_type")
    return _readings(value, at_us) if kind == READING else [_usage(attributes, value, at_us)]


def _structured(event, at_us):
    attributes = {
        name: field(event, name, str)
        for name in ("specversion", "id", "source", "type", "subject", "time")
        if name in event
    }
    if "specversion" not in event:
        raise Refused("missing_field")
    data = event.get("data")
    if "data_base64" in event:
        if "data" in event:
            raise Refused("duplicate_key")
        try:
            data = strict_json(base64.b64decode(field(event, "data_base64", str), validate=True))
        except ValueError:
            raise Refused("wrong_type") from None
    elif "data" in event and not isinstance(data, dict) and attributes.get("type") != PROBE:
        raise Refused("wrong_type")
    return _event(attributes, data, at_us)


def _object(data):
    if len(data) > VALUE_BYTES_MAX:
        raise Refused("too_large")
    value = strict_json(data)
    if not isinstance(value, dict):
        raise Refused("wrong_type")
    return value


def _binary_attributes(headers):
    """None when the headers hold no event."""
    names = [name.lower() for name, _ in headers if name.lower().startswith("ce_")]
    if len(set(names)) != len(names):
        raise Refused("duplicate_key")
    if "ce_type" not in names and "ce_specversion" not in names:
        return None
    attributes = {
        name.lower()[3:]: base64.b64decode(text or "").decode("utf-8", "replace")
        for name, text in headers
        if name.lower().startswith("ce_")
    }
    return {name: text for name, text in attributes.items() if text}


def check_headers(record):
    texts = [record["key"]] + [value for _, value in record["headers"]]
    size = sum(len(base64.b64decode(text or "")) for text in texts)
    size += sum(len(name.encode()) for name, _ in record["headers"])
    if len(record["headers"]) > HEADERS_MAX or size > HEADER_BYTES_MAX:
        raise Refused("too_large")


def _kafka_items(record, at_us):
    if record["value"] is None:
        raise Refused("tombstone")
    data = base64.b64decode(record["value"])
    if len(data) > VALUE_BYTES_MAX:
        raise Refused("too_large")
    check_headers(record)
    attributes = _binary_attributes(record["headers"])
    structured = any(
        name.lower() == "content-type"
        and base64.b64decode(text or "").lower().startswith(b"application/cloudevents")
        for name, text in record["headers"]
    )
    if attributes is not None and not structured:
        if attributes.get("type") == PROBE:
            return [Item("probe", at_us)]
        return _event(attributes, _object(data), at_us)
    value = _object(data)
    if "specversion" in value or (structured and "epoch" not in value):
        return _structured(value, at_us)
    if "epoch" in value:
        return _readings(value, at_us)
    place = (record["topic"], record.get("incarnation", 0), record["partition"], record["offset"])
    return [_sample(value, at_us, place)]


def _http_element(data, at_us):
    try:
        value = _object(data)
        return (
            _readings(value, at_us)
            if "epoch" in value and "specversion" not in value
            else _structured(value, at_us)
        )
    except Refused as refused:
        return [Item("refused", at_us, refused.reason)]


def _http_items(exchange, at_us):
    """Of a request that the worker took; one that is no JSON was answered 400 and counts as
    nothing."""
    headers = {name.lower(): text for name, text in exchange["request_headers"]}
    batch = headers.get("content-type", "").lower().startswith("application/cloudevents-batch+json")
    body = base64.b64decode(exchange["body"])
    return [
        item
        for data in (elements(body) if batch else [body])
        for item in _http_element(data, at_us)
    ]


def items_of(record, now_us):
    """All items of a captured record. An HTTP request without an answer is taken as applied: a
    reading is sent again until it is acknowledged, and merging it twice changes nothing."""
    if record["via"] == "http":
        taken = (
            record["forwarded"] and record["status"] in (None, 204) and record["method"] == "POST"
        )
        if not taken or not record["path"].startswith("/api/v1/events"):
            return []
        at_us = record["received_ms"] * 1000
    else:
        at_us = record["timestamp_ms"] * 1000
    try:
        items = (
            _http_items(record, at_us) if record["via"] == "http" else _kafka_items(record, at_us)
        )
    except Refused as refused:
        items = [Item("refused", at_us, refused.reason)]
    for item in items:
        if item.kind in ("reading", "usage", "sample"):
            try:
                check_timely(item.slot, at_us, now_us)
            except Refused as refused:
                item.kind, item.reason = "refused", refused.reason
    return items


def sample_of(record):
    """The machine whose sample a captured record is; None for anything else."""
    for item in items_of(record, record["timestamp_ms"] * 1000):
        if item.kind == "sample":
            return item.machine
    return None
