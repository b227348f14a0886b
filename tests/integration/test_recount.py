"""The recount against values worked out by hand: whoever checks bills must be right by itself."""

import base64
import datetime
import itertools
import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import recount
from recount_prices import PriceBook
from recount_json import Refused, strict_json
from recount_wire import parse_time_us, slot_of

NOW = "2026-11-22T10:20:00Z"
NOW_US = parse_time_us(NOW)
SLOT = "2026-11-22T10:15:00Z"
EPOCH, OTHER = "a" * 32, "b" * 32


def b64(data):
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def kafka(value, headers=(), offset=0, at=NOW, partition=0):
    value = value if isinstance(value, (bytes, str)) or value is None else json.dumps(value)
    return {
        "via": "kafka",
        "topic": "resource_usage",
        "partition": partition,
        "offset": offset,
        "timestamp_ms": parse_time_us(at) // 1000,
        "key": None,
        "headers": [[n, b64(v)] for n, v in headers],
        "value": None if value is None else b64(value),
    }


def http(events, status=204, forwarded=True, batch=True):
    body = json.dumps(events if batch else events[0])
    content = "application/cloudevents-batch+json" if batch else "application/cloudevents+json"
    return {
        "via": "http",
        "received_ms": NOW_US // 1000,
        "method": "POST",
        "path": "/api/v1/events",
        "request_headers": [["Content-Type", content]],
        "body": b64(body),
        "forwarded": forwarded,
        "status": status,
        "response_headers": [],
        "response_body": "",
        "outcome": "answered",
    }


def machine_reading(used=None, slot=SLOT, start=0, seconds=300, **more):
    cover = {
        "from_us": str(start),
        "to_us": str(start + seconds * 10**6),
        "metered_us": str(seconds * 10**6),
        "estimated_us": "0",
        "off_us": "0",
    }
    return {"slot": slot, "scope": "machine", **cover, "used": used or {}, **more}


def message(readings, machine="web-1", epoch=EPOCH, boot="boot-1", labels=None):
    return {
        "machine_id": machine,
        "cpu_usage": 1.5,
        "memory_usage": 2,
        "epoch": epoch,
        "boot_id": boot,
        "labels": labels or {},
        "seq": 1,
        "readings": readings,
    }


def over_kafka(value, **more):
    return kafka(value, [("ce_type", "io.meterbill.reading.v1"), ("ce_specversion", "1.0")], **more)


def event(value, kind="io.meterbill.reading.v1", **more):
    return {
        "specversion": "1.0",
        "type": kind,
        "source": "s",
        "id": "1",
        "subject": "web-1",
        "time": NOW,
        "data": value,
        **more,
    }


def cpu(core_us, capacity=600_000_000):
    return {"cpu": str(core_us), "cpu_capacity": str(capacity), "uptime": "300000000"}


def counted(records, prices=None):
    return recount.recount(records, prices, NOW_US)


BOOK = 'currency = "USD"\ntime_zone = "UTC"\n'


def price(meter, unit, text, **more):
    rest = "".join(f'{key} = "{value}"\n' for key, value in more.items())
    return f'[[price]]\nmeter = "{meter}"\nunit = "{unit}"\nprice = "{text}"\n{rest}'


class SampleTest(unittest.TestCase):
    SAMPLE = b'{"machine_id": "Machine_B", "cpu_usage": 12.3, "memory_usage": 61.2}'

    def test_a_thousand_of_the_prototypes_messages_cost_1227_exactly(self):
        one = counted([kafka(self.SAMPLE)]).bill("Machine_B")
        self.assertEqual((one["total_cost"], one["total_amount"]), ("1.227", "1.23"))
        bill = counted([kafka(self.SAMPLE, offset=n) for n in range(1000)]).bill("Machine_B")
        self.assertEqual((bill["total_cost"], bill["total_amount"]), ("1227", "1227.00"))
        self.assertEqual(
            [(l["meter"], l["quantity"], l["cost"]) for l in bill["lines"]],
            [("cpu_usage", "12300", "615"), ("memory_usage", "61200", "612")],
        )

    def test_a_sample_counts_once_for_each_position(self):
        records = [
            kafka(self.SAMPLE),
            kafka(self.SAMPLE),
            kafka(self.SAMPLE, partition=1),
            {**kafka(self.SAMPLE), "incarnation": 1},
        ]
        again = counted(records)
        self.assertEqual(again.bill("Machine_B")["total_cost"], "3.681")
        self.assertEqual(dict(again.counts), {"applied": 3, "repeated": 1, "quarantined": 0})

    def test_a_sample_is_booked_at_the_records_time(self):
        early = kafka(self.SAMPLE, at="2026-10-31T23:59:59Z")
        self.assertEqual(
            [l["period"] for l in counted([early]).bill("Machine_B")["lines"]], ["2026-10"] * 2
        )

    def test_what_is_no_sample_is_quarantined_with_its_reason(self):
        table = [
            (b"nonsense", "not_json"),
            (b"", "not_json"),
            (b"\xff", "not_utf8"),
            (None, "tombstone"),
            (b"[1,,2]", "not_json"),
            (b'{"machine_id":"m","cpu_usage":012.3,"memory_usage":1}', "not_json"),
            (b'{"machine_id":"m","cpu_usage":NaN,"memory_usage":1}', "not_json"),
            (b'{"machine_id":"m","cpu_usage":1e400,"memory_usage":1}', "bad_number"),
            (b'{"machine_id":"m","cpu_usage":1e99999999999,"memory_usage":1}', "bad_number"),
            (b'{"machine_id":"m","cpu_usage":-5,"memory_usage":1}', "implausible"),
            (b'{"machine_id":"m","cpu_usage":250,"memory_usage":1}', "implausible"),
            (b'{"machine_id":"m","cpu_usage":"1","memory_usage":1}', "wrong_type"),
            (b'{"machine_id":"m","cpu_usage":1.0000000001,"memory_usage":1}', "too_precise"),
            (b'{"machine_id":"m","cpu_usage":1,"cpu_usage":2,"memory_usage":1}', "duplicate_key"),
            (b'{"cpu_usage":1,"memory_usage":1}', "missing_field"),
            (b'{"machine_id":"m","cpu_usage":1}', "missing_field"),
            (b'{"machine_id":"","cpu_usage":1,"memory_usage":1}', "bad_machine_id"),
            (b'{"machine_id":"..","cpu_usage":1,"memory_usage":1}', "bad_machine_id"),
            (b'{"machine_id":"-rf","cpu_usage":1,"memory_usage":1}', "bad_machine_id"),
            (
                b'{"machine_id":"' + b"m" * 129 + b'","cpu_usage":1,"memory_usage":1}',
                "bad_machine_id",
            ),
            (b'{"machine_id":"m","cpu_usage":1,"memory_usage":1,"epoch":"e"}', "bad_name"),
            (b'{"machine_id":"m","cpu_usage":1,"memory_usage":null}', "wrong_type"),
            (b"[" * 1000 + b"]" * 1000, "too_deep"),
            (b"[" * 33 + b"]" * 33, "too_deep"),
            (b"[" * 32 + b"]" * 32, "wrong_type"),
            (b" " * 65537, "too_large"),
            (b"[]", "wrong_type"),
        ]
        for value, reason in table:
            with self.subTest(value=(value or b"")[:60]):
                again = counted([kafka(value)])
                self.assertEqual((dict(again.reasons), len(again.machines)), ({reason: 1}, 0))

    def test_exact_numbers_in_any_notation(self):
        value = b'{"machine_id":"m","cpu_usage":1.23e1,"memory_usage":0.612E+2,"more":[null,true]}'
        self.assertEqual(counted([kafka(value)]).bill("m")["total_cost"], "1.227")


class MergeTest(unittest.TestCase):
    def history(self):
        return [
            over_kafka(message([machine_reading(cpu(n * 10**6), seconds=300)]), offset=n)
            for n in (1, 2, 3)
        ] + [
            http([event(message([machine_reading(cpu(5 * 10**6), start=10**9)], epoch=OTHER))])
        ]

    def test_usage_is_the_greatest_of_each_epoch_summed(self):
        again = counted(self.history())
        self.assertIn(("machine", "", SLOT, "cpu", "8000000"), again.usage("web-1"))
        self.assertEqual(dict(again.counts), {"applied": 4, "repeated": 0, "quarantined": 0})

    def test_order_and_repetition_change_nothing(self):
        expected = counted(self.history()).bill("web-1")
        for order in itertools.permutations(self.history()):
            again = counted(list(order) + list(order[:2]))
            self.assertEqual(again.bill("web-1"), expected)
            self.assertEqual(sum(again.counts.values()), 6)

    def test_each_meter_merges_by_itself(self):
        records = [
            over_kafka(message([{"slot": SLOT, "scope": "service:a", "used": used}]))
            for used in ({"cpu": "5", "net_in": "1"}, {"cpu": "4", "net_in": "7"})
        ]
        self.assertEqual(
            [r[3:] for r in counted(records).usage("web-1")], [("cpu", "5"), ("net_in", "7")]
        )

    def test_label_sets_are_lines_of_their_own_and_changed_ones_are_quarantined(self):
        records = [
            over_kafka(message([machine_reading(cpu(10**6))], labels={"site": "a,b"})),
            over_kafka(message([machine_reading(cpu(2 * 10**6))], labels={"site": "c"})),
            over_kafka(
                message(
                    [machine_reading(cpu(3 * 10**6), start=10**9)],
                    epoch=OTHER,
                    labels={"site": "c"},
                )
            ),
        ]
        again = counted(records, BOOK + price("cpu", "core_second", "1"))
        self.assertEqual(
            [(l["labels"], l["cost"]) for l in again.bill("web-1")["lines"]],
            [("site=a\\,b", "1"), ("site=c", "3")],
        )
        self.assertEqual(dict(again.reasons), {"labels_changed": 1})

    def test_only_what_the_worker_was_given_and_took_counts(self):
        value = event(message([machine_reading(cpu(10**6))]))
        for record, number in [
            (http([value]), 1),
            (http([value], batch=False), 1),
            (http([value], status=None), 1),
            (http([value], status=400), 0),
            (http([value], status=503), 0),
            (http([value], status=None, forwarded=False), 0),
        ]:
            self.assertEqual(len(counted([record]).machines), number)

    def test_structured_events_over_kafka(self):
        value = event(message([machine_reading(cpu(10**6))]))
        for headers in ([], [("content-type", "application/cloudevents+json; charset=UTF-8")]):
            self.assertEqual(counted([kafka(value, headers)]).counts["applied"], 1)
        data = b64(json.dumps(value.pop("data")))
        self.assertEqual(counted([kafka({**value, "data_base64": data})]).counts["applied"], 1)

    def test_readings_need_no_envelope(self):
        value = message([machine_reading(cpu(10**6))])
        for record in (
            kafka(value),
            http([value]),
            kafka(value, [("content-type", "application/json")]),
        ):
            self.assertEqual(counted([record]).counts["applied"], 1)

    def test_probes_and_empty_messages_count_as_repeated(self):
        for record in (
            kafka(event({}, "io.meterbill.probe.v1")),
            kafka(b"\xff", [("ce_type", "io.meterbill.probe.v1")]),
            over_kafka(message([])),
        ):
            self.assertEqual(
                dict(counted([record]).counts), {"applied": 0, "repeated": 1, "quarantined": 0}
            )

    def test_envelopes_that_say_nothing_we_know(self):
        reading = message([machine_reading()])
        for record, reason in [
            (kafka(event({}, "other")), "unknown_type"),
            (kafka(event(reading, specversion="0.3")), "unknown_type"),
            (kafka(reading, [("ce_specversion", "1.0")]), "missing_field"),
            (kafka(reading, [("ce_type", "x"), ("CE_TYPE", "x")]), "duplicate_key"),
            (kafka([], [("ce_type", "io.meterbill.reading.v1")]), "wrong_type"),
            (http([5]), "wrong_type"),
            (http([{"machine_id": "m"}]), "missing_field"),
            (http([event(reading, note="x" * 65536)]), "too_large"),
        ]:
            self.assertEqual(dict(counted([record]).reasons), {reason: 1})


class PlausibleTest(unittest.TestCase):
    def reason(self, reading, **more):
        again = counted([over_kafka(message([reading], **more))])
        return next(iter(again.reasons), None)

    def test_limits_hold_to_the_last_unit(self):
        # 600 core-seconds in 300 s are two cores: 600 s + 12 s + 0.1 s.
        table = [
            (cpu(612_100_000), None),
            (cpu(612_100_001), "implausible"),
            (cpu(50_000, 0), None),
            (cpu(50_001, 0), "implausible"),
            ({"cpu": "1"}, "no_capacity"),
            ({"memory": "1"}, "no_capacity"),
            ({"memory": "102", "memory_capacity": "100"}, None),
            ({"memory": "103", "memory_capacity": "100"}, "implausible"),
            ({"uptime": "300000000"}, None),
            ({"uptime": "300000001"}, "implausible"),
            ({"cpu_capacity": str(8192 * 300_000_000), "uptime": "300000000"}, None),
            ({"cpu_capacity": str(8192 * 300_000_000 + 1), "uptime": "300000000"}, "implausible"),
            # Without uptime the time covered stands for it; in no time there is no capacity.
            ({"cpu": "612100000", "cpu_capacity": "600000000"}, None),
            ({"cpu": "612100001", "cpu_capacity": "600000000"}, "implausible"),
            ({"cpu_capacity": str(8192 * 300_000_000 + 1)}, "implausible"),
            ({"cpu_capacity": "1", "uptime": "0"}, "implausible"),
            ({"net_in": str(2**53)}, None),
            ({"net_in": str(2**53 + 1)}, "implausible"),
            ({"net_in": str(2**63 - 1)}, "implausible"),
            ({"net_in": str(2**63)}, "bad_number"),
            ({"net_in": "-1"}, "bad_number"),
            ({"net_in": 7}, None),
            ({"net_in": 7.5}, "bad_number"),
            ({"net_in": 7.0}, None),
            ({"net_in": "7.0"}, "bad_number"),
            ({"net_in": "07"}, "bad_number"),
            ({"net_in": None}, "wrong_type"),
            ({"net_in": True}, "wrong_type"),
            ({"Net": "1"}, "bad_name"),
            ({f"m{n}": "1" for n in range(65)}, "too_many"),
        ]
        for used, reason in table:
            with self.subTest(used=str(used)[:60]):
                self.assertEqual(self.reason(machine_reading(used)), reason)

    def test_slots_and_names(self):
        # NOW is 10:20 and a slot may start five minutes ahead.
        table = [
            ({"slot": "2026-11-22T10:30:00Z"}, "future"),
            ({"slot": "2026-11-22T10:16:00Z"}, "bad_slot"),
            ({"slot": "2026-11-22T10:15:00+00:00"}, "bad_slot"),
            ({"slot": "2026-13-22T10:15:00Z"}, "bad_slot"),
            ({"slot": "1999-12-31T23:45:00Z"}, "bad_slot"),
            ({"slot": "2000-01-01T00:00:00Z"}, "too_old"),
            ({"slot": "2199-12-31T23:45:00Z"}, "future"),
            ({"slot": "2200-01-01T00:00:00Z"}, "bad_slot"),
            ({"slot": "2025-10-18T10:30:00Z"}, None),
            ({"slot": "2025-10-18T10:15:00Z"}, "too_old"),
            ({"scope": "view:x"}, None),
            ({"scope": "a" * 300}, "bad_name"),
            ({"scope": "nonsense"}, "bad_name"),
        ]
        for change, reason in table:
            with self.subTest(change=change):
                self.assertEqual(self.reason({**machine_reading(), **change}), reason)

    def test_one_bad_reading_leaves_the_others_of_its_message_alone(self):
        again = counted(
            [
                over_kafka(
                    message(
                        [
                            machine_reading({"cpu": "1"}),
                            {"slot": SLOT, "scope": "other", "used": {"cpu": "4"}},
                            5,
                        ]
                    )
                )
            ]
        )
        self.assertEqual(
            (dict(again.counts), dict(again.reasons)),
            ({"applied": 1, "repeated": 0, "quarantined": 2}, {"no_capacity": 1, "wrong_type": 1}),
        )

    def test_labels_have_limits(self):
        self.assertEqual(self.reason(machine_reading(), labels={"k": "v" * 16384}), "bad_label")
        self.assertEqual(
            self.reason(machine_reading(), labels={str(n): "v" for n in range(17)}), "bad_label"
        )


class HoldTest(unittest.TestCase):
    SLOTS = [f"2026-11-22T{clock}:00Z" for clock in ("09:30", "09:45", "10:00", "10:15")]

    def held_slots(self, records):
        bill = counted(records, BOOK + price("uptime", "machine_second", "1")).bill("web-1")
        return sorted({row[0] for row in bill["held"]}), bill["total_cost"]

    def reading(self, slot, start, seconds, **more):
        used = {"uptime": str(seconds * 10**6)}
        return over_kafka(
            message([machine_reading(used, self.SLOTS[slot], start * 10**6, seconds)], **more)
        )

    def test_one_boot_at_two_places_is_held_from_the_overlap_on(self):
        records = [
            self.reading(0, 0, 900),
            self.reading(1, 900, 900),
            self.reading(2, 1800, 900),
            self.reading(1, 1700, 200, epoch=OTHER),
            self.reading(2, 1900, 100, epoch=OTHER),
            self.reading(3, 2800, 100, epoch=OTHER),
        ]
        for order in itertools.permutations(records):
            self.assertEqual(self.held_slots(order), (self.SLOTS[1:], "900"))

    def test_a_clock_step_without_overlap_is_billed_even_above_a_quarter_hour(self):
        records = [self.reading(1, 0, 900), self.reading(1, 900, 600, epoch=OTHER)]
        self.assertEqual(self.held_slots(records), ([], "1500"))

    def test_two_boots_may_cover_a_slot_and_five_percent_and_no_more(self):
        def both(seconds):
            return self.held_slots(
                [self.reading(1, 0, 600), self.reading(1, 0, seconds, epoch=OTHER, boot="boot-2")]
            )

        self.assertEqual(both(345), ([], "945"))
        self.assertEqual(both(346), ([self.SLOTS[1]], "0"))

    def test_parts_above_the_machine_hold_the_epoch_once_the_slot_is_complete(self):
        def held(scope, final):
            part = {"slot": SLOT, "scope": scope, "used": {"cpu": "612100001"}, "final": final}
            whole = machine_reading(cpu(10**6), final=True, scopes=3)
            view = {"slot": SLOT, "scope": "view:all", "used": {"cpu": "9"}, "final": True}
            bill = counted([over_kafka(message([whole, part, view]))]).bill("web-1")
            return [row[1] for row in bill["held"] if row[2] == "cpu"]

        self.assertEqual(held("service:a", True), ["machine", "service:a", "view:all"])
        self.assertEqual(held("service:a", False), [])
        self.assertEqual(held("view:b", True), [])


class UsageEventTest(unittest.TestCase):
    def usage(
        self, quantity="1.5", meter="net_out", unit="gb", scope="machine", number="1", **more
    ):
        data = {
            "scope": scope,
            "meter": meter,
            "quantity": quantity,
            "unit": unit,
            "time": NOW,
            **more,
        }
        return event(data, "io.meterbill.usage.v1", id=number)

    def test_an_event_counts_once_whatever_its_route(self):
        one = self.usage()
        headers = [
            ("ce_type", one["type"]),
            ("ce_source", "s"),
            ("ce_id", "1"),
            ("ce_subject", "web-1"),
        ]
        again = counted(
            [http([one, one]), kafka(one["data"], headers), http([self.usage(number="2")])],
            BOOK + price("net_out", "gb", "2"),
        )
        self.assertEqual(
            (again.bill("web-1")["total_cost"], dict(again.counts)),
            ("6", {"applied": 2, "repeated": 2, "quarantined": 0}),
        )

    def test_the_events_own_time_stands_in_for_one_that_the_data_lacks(self):
        other = "2026-11-22T09:50:00+01:00"
        table = [
            (NOW, other, SLOT),
            (None, other, "2026-11-22T08:45:00Z"),
            (NOW, "yesterday", SLOT),
            ("yesterday", NOW, "bad_slot"),
            (None, "yesterday", "bad_slot"),
            (5, NOW, "wrong_type"),
            (None, "", "missing_field"),
            (None, None, "missing_field"),
        ]
        for of_data, of_event, wanted in table:
            one = self.usage(time=of_data)
            if of_data is None:
                del one["data"]["time"]
            headers = [
                ("ce_type", one["type"]),
                ("ce_source", "s"),
                ("ce_id", "1"),
                ("ce_subject", "web-1"),
            ]
            one.pop("time", None)
            if of_event is not None:
                one["time"] = of_event
                headers.append(("CE_time", of_event))
            for route, record in (("http", http([one])), ("kafka", kafka(one["data"], headers))):
                with self.subTest(of_data=of_data, of_event=of_event, route=route):
                    again = counted([record])
                    slots = [row[2] for name in again.machines for row in again.usage(name)]
                    self.assertEqual(slots + list(again.reasons), [wanted])

    def test_quantities_are_whole_base_units(self):
        table = [
            ({"quantity": "0.000000001", "meter": "pages", "unit": "unit"}, None),
            ({"quantity": "0.0000000001", "meter": "pages", "unit": "unit"}, "too_precise"),
            ({"quantity": "0.000000001", "meter": "cpu", "unit": "core_hour"}, "too_precise"),
            ({"quantity": "0.000000005", "meter": "cpu", "unit": "core_hour"}, None),
            ({"quantity": "1", "unit": "core_hour"}, "unknown_unit"),
            ({"quantity": "-1"}, "bad_number"),
            ({"quantity": "1e3"}, "bad_number"),
            ({"quantity": "1.5000000000"}, None),
            ({"quantity": 1.5}, None),
            ({"quantity": None}, "wrong_type"),
            ({"time": "yesterday"}, "bad_slot"),
            ({"scope": "x"}, "bad_name"),
            ({"number": ""}, "missing_field"),
            ({"number": "i" * 256}, "bad_name"),
            ({"quantity": "99999999999"}, "implausible"),
            ({"time": "2026-11-22T10:30:00Z"}, "future"),
            ({"time": "2024-11-22T10:30:00Z"}, "too_old"),
        ]
        for change, reason in table:
            with self.subTest(change=change):
                self.assertEqual(
                    next(iter(counted([http([self.usage(**change)])]).reasons), None), reason
                )

    def test_a_price_bills_the_scopes_it_names_and_never_views(self):
        events = [
            self.usage("1", scope=scope, number=scope)
            for scope in ("machine", "service:a", "view:b")
        ]
        part = over_kafka(
            message([{"slot": SLOT, "scope": "service:a", "used": {"net_out": "8000000000"}}])
        )
        machine = counted([http(events), part], BOOK + price("net_out", "gb", "1"))
        self.assertEqual(
            [(l["scope"], l["quantity"]) for l in machine.bill("web-1")["lines"]],
            [("machine", "1")],
        )
        parts = counted([http(events), part], BOOK + price("net_out", "gb", "1", scopes="parts"))
        self.assertEqual(
            [(l["scope"], l["quantity"]) for l in parts.bill("web-1")["lines"]],
            [("service:a", "9")],
        )


class PriceTest(unittest.TestCase):
    def pages(self, quantity, at=NOW):
        data = {
            "scope": "machine",
            "meter": "pages",
            "quantity": quantity,
            "unit": "unit",
            "time": at,
        }
        return http([event(data, "io.meterbill.usage.v1", id=quantity + at)])

    def test_quantity_and_amount_are_rounded_half_even_and_cost_is_exact(self):
        for quantity, rounded in [("0.5", "0"), ("1.5", "2"), ("2.5", "2"), ("2.500000001", "3")]:
            bill = counted(
                [self.pages(quantity)],
                'quantity_decimals = 0\n' + BOOK + price("pages", "unit", "1"),
            ).bill("web-1")
            self.assertEqual(bill["lines"][0]["quantity"], rounded)
        for text, amount in [
            ("0.005", "0.00"),
            ("0.015", "0.02"),
            ("0.025", "0.02"),
            ("0.025000000001", "0.03"),
        ]:
            bill = counted([self.pages("1")], BOOK + price("pages", "unit", text)).bill("web-1")
            self.assertEqual((bill["total_cost"], bill["total_amount"]), (text, amount))

    def test_cost_follows_the_rounded_quantity(self):
        # One core-second is 1/3600 core-hour, 0.000277778 after rounding.
        line = counted([over_kafka(message([machine_reading(cpu(10**6))]))]).bill("web-1")[
            "lines"
        ][0]
        self.assertEqual(
            (line["quantity"], line["cost"], line["amount"]),
            ("0.000277778", "0.00000555556", "0.00"),
        )

    def test_memory_is_priced_in_its_three_units(self):
        used = {"memory": "3774873600", "memory_capacity": "3774873600"}
        for unit, quantity in [("gib_hour", "1"), ("gb_hour", "1.073741824"), ("mib_hour", "1024")]:
            bill = counted(
                [over_kafka(message([machine_reading(used)]))], BOOK + price("memory", unit, "1")
            ).bill("web-1")
            self.assertEqual(
                (bill["total_cost"], bill["unpriced"]), (quantity, ["memory_capacity"])
            )

    def test_prices_change_at_local_midnight_and_at_given_instants(self):
        book = (
            'currency = "EUR"\ntime_zone = "Europe/Berlin"\n'
            + price("pages", "unit", "1")
            + price("pages", "unit", "10", **{"from": "2026-11-01"})
            + price("pages", "unit", "100", **{"from": "2026-11-15T10:15:00Z"})
        )
        records = [
            self.pages("1", at)
            for at in (
                "2026-10-31T22:59:59Z",
                "2026-10-31T23:00:00Z",
                "2026-11-15T10:14:59.999999Z",
                "2026-11-15T10:15:00Z",
            )
        ]
        bill = counted(records, book).bill("web-1")
        self.assertEqual(
            [(l["period"], l["from"], l["to"], l["cost"]) for l in bill["lines"]],
            [
                ("2026-10", "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", "1"),
                ("2026-11", "2026-10-31T23:00:00Z", "2026-11-15T10:15:00Z", "20"),
                ("2026-11", "2026-11-15T10:15:00Z", "2026-11-30T23:00:00Z", "100"),
            ],
        )
        self.assertEqual(counted(records, book).bill("web-1", "2026-10")["total_cost"], "1")

    def test_a_day_without_midnight_begins_when_its_clock_first_shows_it(self):
        book = PriceBook('currency = "USD"\ntime_zone = "Asia/Beirut"\n')
        self.assertEqual(
            book.day_start(datetime.date(2026, 3, 29)),
            slot_of(parse_time_us("2026-03-28T22:00:00Z")),
        )

    def test_minor_units_follow_the_currency(self):
        for currency, amount in [("JPY", "1"), ("USD", "1.23"), ("BHD", "1.235")]:
            book = f'currency = "{currency}"\n' + price("pages", "unit", "1.2345678")
            self.assertEqual(counted([self.pages("1")], book).bill("web-1")["total_amount"], amount)

    def test_a_float_for_a_price_is_refused(self):
        self.assertRaises(
            ValueError, PriceBook, BOOK + price("cpu", "core_hour", "1").replace('"1"', "0.05")
        )
        self.assertRaises(ValueError, PriceBook, BOOK + price("cpu", "gb", "1"))
        self.assertRaises(
            ValueError,
            PriceBook,
            BOOK + price("cpu", "core_hour", "1", **{"from": "2026-11-15T10:16:00Z"}),
        )
        self.assertRaises(
            ValueError,
            PriceBook,
            BOOK + price("cpu", "core_hour", "1") + price("cpu", "core_hour", "2"),
        )


class StrictJsonTest(unittest.TestCase):
    def test_only_whole_texts_of_rfc_8259_pass(self):
        for text in (
            b"1.2abc",
            b"01",
            b"+1",
            b".5",
            b"1.",
            b"1 2",
            b'"\t"',
            b'"\\ud800"',
            b"\xef\xbb\xbf1",
            b"Infinity",
            b"tru",
        ):
            with self.subTest(text=text):
                self.assertRaises(Refused, strict_json, text)
        self.assertEqual(strict_json(b' {"a":[1.50,"\\u00fc",null]} '), {"a": ["1.50", "ü", None]})


if __name__ == "__main__":
    unittest.main()
