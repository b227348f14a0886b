"""Bad input as a table: each value that is quarantined, with the reason and what else its message
comes to, by Kafka and by HTTP; and what looks odd and is right."""

import dataclasses
import time

from recount_wire import slot_of, slot_text

NOW_US = time.time_ns() // 1000
SLOT = slot_text(slot_of(NOW_US))
DAY_US, HOUR_US = 86_400_000_000, 3_600_000_000
NO_JSON = 400  # over HTTP the whole body is refused, and nothing of it is counted

# Three items: a part, the machine, another part. Rows change the message or the machine's reading.
MESSAGE = (
    '{"machine_id":"MACHINE","cpu_usage":37.5,"memory_usage":61.2,'
    '"epoch":"6f1c0d3b5a7e4f2190ab34cd56ef7812","boot_id":"boot-1","labels":{"site":"lab-3"},'
    '"readings":[{"slot":"SLOT","scope":"user:anna","used":{"cpu":"1000"}},'
    '{"slot":"SLOT","scope":"machine","from_us":"0","to_us":"60000000","metered_us":"60000000",'
    '"estimated_us":"0","off_us":"0","used":{"cpu":"30000000","cpu_capacity":"120000000",'
    '"memory":"500","memory_capacity":"1000","uptime":"60000000"}},'
    '{"slot":"SLOT","scope":"user:paul","used":{"cpu":"2000"}}]}'
).replace("SLOT", SLOT)
USAGE = (
    '{"specversion":"1.0","type":"io.meterbill.usage.v1","source":"urn:test","id":"MACHINE",'
    '"subject":"MACHINE","data":{"scope":"user:anna","meter":"frames","quantity":"1.5",'
    '"unit":"unit","time":"SLOT"}}'
).replace("SLOT", SLOT)
MACHINE_SLOT = f'"slot":"{SLOT}","scope":"machine"'
GREATEST = "9223372036854775807"  # 2^63 - 1
READING_TYPE = ("ce_type", "io.meterbill.reading.v1")


def slot_at(us):
    return slot_text(slot_of(NOW_US + us))


AHEAD = MACHINE_SLOT.replace(SLOT, slot_at(2_400_000_000))
OLD = MACHINE_SLOT.replace(SLOT, slot_at(-401 * DAY_US))
OF_1999 = MACHINE_SLOT.replace(SLOT, "1999-12-31T23:45:00Z")
OF_2200 = MACHINE_SLOT.replace(SLOT, "2200-01-01T00:00:00Z")
MANY_READINGS = MESSAGE[: MESSAGE.index('"readings":[') + len('"readings":[')] + ",".join(
    f'{{"slot":"{SLOT}","scope":"a:{n}","used":{{}}}}' for n in range(1002)
) + "]}"
OFF_THE_QUARTER = MACHINE_SLOT.replace(":00Z", ":01Z")


def edited(text, old, new):
    assert text.count(old) == 1, old
    return text.replace(old, new)


@dataclasses.dataclass
class Row:
    """One bad value. `reason` is why each of its `bad` items is quarantined; `applied` and
    `repeated` count its other items. `http`: what differs there, NO_JSON, or None for what that
    route does not have."""

    name: str
    value: bytes
    reason: str
    http: object = "same"
    applied: int = 0
    repeated: int = 0
    bad: int = 1
    times: int = 1
    key: object = None
    headers: tuple = ()
    timestamp_us: int = NOW_US

    def value_for(self, route, number):
        if self.value is None:
            return None
        return self.value.replace(b"MACHINE", b"%s-%d" % (route.encode(), number))


def raw(name, value, reason, http="same", **more):
    return Row(name, value.encode() if isinstance(value, str) else value, reason, http, **more)


def sample(name, cpu, reason, machine='"MACHINE"', **more):
    """The prototype's message has no identity over HTTP, whatever else is wrong with it."""
    text = f'{{"machine_id": {machine}, "cpu_usage": {cpu}, "memory_usage": 61.2}}'
    return raw(f"sample: {name}", text, reason, NO_JSON, **more)


def message(name, old, new, reason, http="same", **more):
    """All of a message is one item, when its own fields are wrong."""
    return raw(f"message: {name}", edited(MESSAGE, old, new), reason, http, **more)


def reading(name, old, new, reason, **more):
    """The machine's reading of a message alone; the two others are applied."""
    return raw(f"reading: {name}", edited(MESSAGE, old, new), reason, applied=2, **more)


def usage(name, old, new, reason, http="same", **more):
    return raw(f"usage event: {name}", edited(USAGE, old, new), reason, http, **more)


def with_machine(name, machine, reason, http="same"):
    """In a sample and in a reading; `machine` as the bytes of a JSON string."""
    bare = b'{"machine_id": %s, "cpu_usage": 12.3, "memory_usage": 61.2}' % machine
    return [
        raw(f"sample: {name}", bare, reason, NO_JSON),
        raw(f"message: {name}", MESSAGE.encode().replace(b'"MACHINE"', machine), reason, http),
    ]


ROWS = [
    raw("not JSON", "nonsense", "not_json", NO_JSON),
    raw("no bytes", "", "not_json", NO_JSON),
    raw("half a message", MESSAGE[:-2], "not_json", NO_JSON),
    raw("a message and something behind it", MESSAGE + "x", "not_json", NO_JSON),
    sample("a word for a number", "nonsense", "not_json"),
    sample("a list with a hole for a number", "[1,,2]", "not_json"),
    sample("a number with a leading zero", "012.3", "not_json"),
    sample("NaN", "NaN", "not_json"),
    sample("1e400", "1e400", "bad_number"),
    sample("-5 percent", "-5", "implausible"),
    sample("250 percent", "250", "implausible"),
    sample("2^63-1 percent", GREATEST, "implausible", times=3),
    sample("a string for a number", '"12.3"', "wrong_type"),
    sample("true for a number", "true", "wrong_type"),
    sample("more decimals than are kept", "12.3000000001", "too_precise"),
    message("a word for a number", '"30000000"', "nonsense", "not_json", NO_JSON),
    message("a list with a hole for a number", '"30000000"', "[1,,2]", "not_json", NO_JSON),
    message("a number with a leading zero", '"30000000"', "012.3", "not_json", NO_JSON),
    message("NaN", '"30000000"', "NaN", "not_json", NO_JSON),
    reading("1e400", '"30000000"', "1e400", "bad_number"),
    reading("a total of -5", '"30000000"', "-5", "bad_number"),
    reading("a total of -5 as text", '"30000000"', '"-5"', "bad_number"),
    reading("a total of 2^63", '"30000000"', "9223372036854775808", "bad_number"),
    reading("a total of 2^63 as text", '"30000000"', '"9223372036854775808"', "bad_number"),
    reading("a time of 2^63", '"to_us":"60000000"', '"to_us":"9223372036854775808"', "bad_number"),
    reading("true for a total", '"30000000"', "true", "wrong_type"),
    reading(
        "a list for its totals", '"used":{"cpu":"30000000"', '"used":[],"x":{"a":"1"', "wrong_type"
    ),
    usage("NaN", '"1.5"', "NaN", "not_json", NO_JSON),
    usage("1e400", '"1.5"', "1e400", "bad_number"),
    usage("-5", '"1.5"', "-5", "bad_number"),
    usage("2^63-1 of a unit, three times", '"1.5"', f'"{GREATEST}"', "implausible", times=3),
    usage("a day ahead", SLOT, slot_at(DAY_US), "future"),
    usage("401 days old", SLOT, slot_at(-401 * DAY_US), "too_old"),
    raw("a list", "[" + MESSAGE + "]", "wrong_type"),
    raw("a string", '"MACHINE"', "wrong_type"),
    raw("a number", "12.3", "wrong_type"),
    raw("null", "null", "wrong_type"),
    message("a number for a machine", '"MACHINE"', "7", "wrong_type"),
    message("a list for labels", '{"site":"lab-3"}', "[]", "wrong_type"),
    message("an object for readings", '"readings":[', '"readings":{},"others":[', "wrong_type"),
    message("a key twice", '"MACHINE",', '"MACHINE","machine_id":"MACHINE",', "duplicate_key"),
    message("a meter twice", '"cpu":"30000000"', '"cpu":"1","cpu":"30000000"', "duplicate_key"),
    message("no machine", '"machine_id":"MACHINE",', "", "missing_field"),
    raw("sample: no machine", '{"cpu_usage": 1, "memory_usage": 2}', "missing_field", NO_JSON),
    *with_machine("no letter for a machine", b'""', "bad_machine_id"),
    *with_machine("10 kB for a machine", b'"' + b"a" * 10_240 + b'"', "bad_machine_id"),
    *with_machine("a machine that is not UTF-8", b'"web-\xff\xfe"', "not_utf8", NO_JSON),
    *with_machine("dots for a machine", b'".."', "bad_machine_id"),
    *with_machine("an option for a machine", b'"-rf"', "bad_machine_id"),
    *with_machine("HTML for a machine", b'"<script>alert(1)</script>"', "bad_machine_id"),
    reading("not on a quarter hour", MACHINE_SLOT, OFF_THE_QUARTER, "bad_slot"),
    reading("half an hour ahead", MACHINE_SLOT, AHEAD, "future"),
    reading("401 days old", MACHINE_SLOT, OLD, "too_old"),
    raw("a record before its slots", MESSAGE, "future", None, bad=3, timestamp_us=NOW_US - HOUR_US),
    sample("a record half an hour ahead", "12.3", "future", timestamp_us=NOW_US + 2_400_000_000),
    sample("a record 401 days old", "12.3", "too_old", timestamp_us=NOW_US - 401 * DAY_US),
    reading("more core-time than capacity", '"30000000"', '"122500001"', "implausible"),
    reading("more cores than any machine", '"120000000"', f'"{8193 * 60_000_000}"', "implausible"),
    reading(
        "more cores than any machine in the time covered",
        '"120000000","memory":"500","memory_capacity":"1000","uptime":"60000000"',
        f'"{8193 * 60_000_000}"',
        "implausible",
    ),
    reading("capacity in no time", '"uptime":"60000000"', '"uptime":"0"', "implausible"),
    reading("more memory than capacity", '"500"', '"1021"', "implausible"),
    reading("up longer than metered", '"uptime":"60000000"', '"uptime":"60000001"', "implausible"),
    reading("ends before it begins", '"from_us":"0"', '"from_us":"60000001"', "implausible"),
    reading("metered longer than it took", '"from_us":"0"', '"from_us":"2000000"', "implausible"),
    reading("a sample's meter", '"cpu":"30000000"', '"cpu":"30000000","cpu_usage":"5"', "bad_name"),
    reading("cpu without its capacity", '"cpu_capacity":"120000000",', "", "no_capacity"),
    reading("memory without its capacity", ',"memory_capacity":"1000"', "", "no_capacity"),
    message("a label of 16 KiB", "lab-3", "x" * 16_384, "bad_label"),
    reading("2^63-1 three times over", '"30000000"', f'"{GREATEST}"', "implausible", times=3),
    raw(
        "message: 2^63-1 in all three readings",
        MESSAGE.replace('"1000"}}', f'"{GREATEST}"}}}}')
        .replace('"30000000"', f'"{GREATEST}"')
        .replace('"2000"', f'"{GREATEST}"'),
        "implausible",
        bad=3,
    ),
    message("over 64 KiB", '"labels":', f'"x":"{"x" * 65_536}","labels":', "too_large"),
    raw("tombstone", None, "tombstone", None, key=b"web-1", headers=(("a", b"1"),)),
    message("1,000 deep", '"labels":', f'"x":{"[" * 1000}{"]" * 1000},"labels":', "too_deep"),
    usage("an unknown type", "io.meterbill.usage.v1", "io.meterbill.usage.v9", "unknown_type"),
    usage("an unknown version", '"1.0"', '"0.3"', "unknown_type"),
    raw(
        "an unknown type in headers that are no text",
        MESSAGE,
        "unknown_type",
        None,
        key=bytes(range(256)),
        headers=(("ce_type", b"io.example\xff\x00"), ("x", bytes(range(256))), ("x", b"")),
    ),
    raw(
        "a header twice",
        MESSAGE,
        "duplicate_key",
        None,
        headers=(READING_TYPE, ("CE_TYPE", "io.meterbill.usage.v1")),
    ),
    raw("65 headers", MESSAGE, "too_large", None, headers=(("a", b"1"),) * 65),
    raw("64 KiB of headers", MESSAGE, "too_large", None, headers=(("a", b"1" * 65_536),)),
    raw("1,002 readings", MANY_READINGS, "too_many", applied=1000),
    reading("of 1999", MACHINE_SLOT, OF_1999, "bad_slot"),
    reading("of 2200", MACHINE_SLOT, OF_2200, "bad_slot"),
    usage("of 1999", SLOT, "1999-12-31T23:59:59Z", "bad_slot"),
    sample("a record of 1999", "12.3", "bad_slot", timestamp_us=946_684_799_000_000),
]

# What looks odd and is right: nothing of it is quarantined.
GOOD = [
    raw("readings", MESSAGE, None, applied=3),
    raw("the same readings again", MESSAGE, None, repeated=3),
    raw("a smaller total", edited(MESSAGE, '"30000000"', '"29999999"'), None, repeated=3),
    raw("250 percent for display", edited(MESSAGE, "37.5", "250"), None, repeated=3),
    raw(
        "as much as two cores can show",
        edited(MESSAGE, '"30000000"', '"122500000"').replace(',"uptime":"60000000"', ""),
        None,
        applied=1,
        repeated=2,
    ),
    raw("a usage event", USAGE, None, applied=1),
    raw("its id again with another quantity", edited(USAGE, '"1.5"', '"9"'), None, repeated=1),
]
