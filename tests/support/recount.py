#!/usr/bin/env python3
"""The independent recount: what every machine owes, worked out again from what was captured on the
way.

    python3 tests/support/recount.py --prices prices.toml capture.jsonl … > recount.json

It follows docs/wire.md and docs/ledger.md, shares no code with the programs, and counts in
fractions. A capture holds the records of capture.py and http_capture.py in any mixture and with any
repetition.
"""

import argparse
import collections
import json
import sys
import time
from fractions import Fraction

import capture
from recount_prices import BUILT_IN, PriceBook
from recount_json import TOTAL_MAX
from recount_wire import EPOCHS_MAX, SCOPES_MAX, SLOT_US, cpu_limit_us, items_of, slot_of, slot_text

CONFLICT_US = SLOT_US + SLOT_US // 20
PSEUDO = ("samples", "events")


def decimal_text(value):
    """A fraction with a finite decimal expansion, exactly, without trailing zeros."""
    digits = 0
    while (value * 10**digits).denominator != 1:
        digits += 1
        if digits > 60:
            raise ValueError(f"{value} has no short decimal form")
    return fixed_text(value, digits)


def fixed_text(value, digits):
    scaled = value * 10**digits
    if scaled.denominator != 1:
        raise ValueError(f"{value} has more than {digits} decimals")
    text = str(abs(int(scaled))).rjust(digits + 1, "0")
    sign = "-" if scaled < 0 else ""
    return sign + (f"{text[:-digits]}.{text[-digits:]}" if digits else text)


def round_half_even(value, digits):
    return Fraction(round(value * 10**digits), 10**digits)


def labels_text(labels):
    def escaped(text):
        return "".join("\\" + c if c in "\\,=" else c for c in text)

    return ",".join(f"{key}={escaped(value)}" for key, value in labels)


class EpochSlot:
    """One epoch's greatest readings in one slot."""

    def __init__(self):
        self.cover, self.scopes = None, 0
        self.used, self.final = collections.defaultdict(dict), set()

    def merge(self, item):
        grew = False
        totals = self.used[item.scope]
        for meter, total in item.used.items():
            if meter not in totals or total > totals[meter]:
                totals[meter], grew = total, True
        if item.final and item.scope not in self.final:
            self.final.add(item.scope)
            grew = True
        if item.cover:
            old = self.cover or {"from_us": item.cover["from_us"]}
            new = {
                name: min(old[name], value) if name == "from_us" else max(old.get(name, 0), value)
                for name, value in item.cover.items()
            }
            grew, self.cover = grew or new != self.cover, new
            if item.scopes > self.scopes:
                self.scopes, grew = item.scopes, True
        return grew

    def complete(self):
        return self.scopes > 0 and len(self.final) >= self.scopes

    def parts_exceed(self):
        machine = self.used.get("machine")
        if not self.complete() or machine is None:
            return False
        parts = sum(
            totals.get("cpu", 0)
            for scope, totals in self.used.items()
            if scope != "machine" and not scope.startswith("view:")
        )
        return parts > cpu_limit_us(machine.get("cpu_capacity", 0), machine.get("uptime", 0))


class Machine:
    def __init__(self):
        self.slots = collections.defaultdict(dict)  # slot → epoch → EpochSlot
        self.epochs = {}  # epoch → (boot, labels)
        self.added = collections.defaultdict(int)  # (pseudo-epoch, slot, scope, meter) → sum

    def conflicts(self):
        """Epoch → slot from which it is held: the first that it shares with one it conflicts
        with."""
        held, pairs = {}, set()
        for slot, epochs in self.slots.items():
            covered = {epoch: row.cover for epoch, row in epochs.items() if row.cover}
            for one, a in covered.items():
                for other, b in covered.items():
                    if (
                        one < other
                        and self.epochs[one][0] == self.epochs[other][0]
                        and max(a["from_us"], b["from_us"]) < min(a["to_us"], b["to_us"])
                    ):
                        pairs.add((one, other))
            boots = {self.epochs[epoch][0] for epoch in covered}
            if (
                len(boots) > 1
                and sum(c["metered_us"] + c["estimated_us"] for c in covered.values()) > CONFLICT_US
            ):
                pairs |= {
                    (one, other)
                    for one in covered
                    for other in covered
                    if one < other and self.epochs[one][0] != self.epochs[other][0]
                }
        for pair in pairs:
            shared = min(
                slot
                for slot, epochs in self.slots.items()
                if all(epoch in epochs and epochs[epoch].cover for epoch in pair)
            )
            for epoch in pair:
                held[epoch] = min(shared, held.get(epoch, shared))
        return held


class Recount:
    def __init__(self, book=None, now_us=None):
        self.book = book or PriceBook(BUILT_IN)
        self.now_us = now_us if now_us is not None else time.time_ns() // 1000
        self.machines = collections.defaultdict(Machine)
        self.counts = collections.Counter(applied=0, repeated=0, quarantined=0)
        self.reasons = collections.Counter()
        self._known = set()

    def add_records(self, records):
        for record in records:
            for item in items_of(record, self.now_us):
                self._add(item)

    def _add(self, item):
        if item.kind == "refused":
            self._refuse(item.reason)
        elif item.kind == "probe":
            self.counts["repeated"] += 1
        elif item.kind == "reading":
            self._add_reading(item)
        else:
            self._add_quantity(item)

    def _refuse(self, reason):
        self.counts["quarantined"] += 1
        self.reasons[reason] += 1

    def _add_reading(self, item):
        known = self.machines[item.machine] if item.machine in self.machines else Machine()
        facts, epochs = known.epochs.get(item.epoch), known.slots.get(item.slot, {})
        if facts is not None and facts != (item.boot, item.labels):
            self._refuse("labels_changed")
            return
        row = epochs.get(item.epoch)
        if (row is None and len(epochs) >= EPOCHS_MAX) or (
            row is not None and item.scope not in row.used and len(row.used) >= SCOPES_MAX
        ):
            self._refuse("too_many")
            return
        machine = self.machines[item.machine]
        machine.epochs[item.epoch] = (item.boot, item.labels)
        row = machine.slots[item.slot].setdefault(item.epoch, EpochSlot())
        new = item.scope not in row.used
        self.counts["applied" if row.merge(item) or new else "repeated"] += 1

    def _add_quantity(self, item):
        identity = (item.kind, *item.identity)
        if identity in self._known:
            self.counts["repeated"] += 1
            return
        added = self.machines[item.machine].added
        keys = {
            (item.epoch, item.slot, item.scope, meter): amount
            for meter, amount in item.used.items()
        }
        if any(added.get(key, 0) + amount > TOTAL_MAX for key, amount in keys.items()):
            self._refuse("overflow")
            return
        self._known.add(identity)
        for key, amount in keys.items():
            added[key] += amount
        self.counts["applied"] += 1

    def quantities(self, name):
        """What is not held of a machine, views included: (pseudo or "", slot, scope, labels,
        meter) → base units, and what is held."""
        machine = self.machines[name]
        billed, held = collections.Counter(), collections.Counter()
        bound = machine.conflicts()
        for slot, epochs in machine.slots.items():
            for epoch, row in epochs.items():
                in_conflict = epoch in bound and slot >= bound[epoch]
                exceeds = row.parts_exceed()
                labels = machine.epochs[epoch][1]
                for scope, totals in row.used.items():
                    into = held if in_conflict or exceeds else billed
                    for meter, total in totals.items():
                        into[("", slot, scope, labels, meter)] += total
        for (pseudo, slot, scope, meter), total in machine.added.items():
            billed[(pseudo, slot, scope, (), meter)] += total
        return billed, held

    @staticmethod
    def bills(price, scope):
        if scope.startswith("view:"):
            return False
        if price.parts:
            return scope != "machine"
        return scope == "machine"

    def lines(self, name, period=None, before_slot=None):
        """The lines of a machine, sorted, and its meters without a price."""
        segments, unpriced = collections.Counter(), set()
        for (pseudo, slot, scope, labels, meter), base in self.quantities(name)[0].items():
            month, first, after = self.book.period(slot)
            if (period and month != period) or (before_slot is not None and slot >= before_slot):
                continue
            priced = False
            for price, until in self.book.prices_at(meter, slot):
                priced = True
                if self.bills(price, scope):
                    start = first if price.since is None else max(first, price.since)
                    end = after if until is None else min(after, until)
                    segments[(scope, labels, meter, start, end, month, price)] += base
            if not priced:
                unpriced.add(meter)
        lines = [self._line(*key, base) for key, base in segments.items()]
        return sorted(
            lines, key=lambda l: (l["scope"], l["labels"], l["meter"], l["from"], l["price_scopes"])
        ), sorted(unpriced)

    def _line(self, scope, labels, meter, start, end, month, price, base):
        quantity = round_half_even(Fraction(base, price.unit_size), self.book.quantity_decimals)
        cost = quantity * price.price
        amount = round_half_even(cost, self.book.minor_digits)
        return {
            "scope": scope,
            "labels": labels_text(labels),
            "meter": meter,
            "unit": price.unit,
            "period": month,
            "from": slot_text(start),
            "to": slot_text(end),
            "price": price.price_text,
            "price_scopes": "parts" if price.parts else "machine",
            "base_quantity": str(base),
            "quantity": decimal_text(quantity),
            "cost": decimal_text(cost),
            "amount": fixed_text(amount, self.book.minor_digits),
        }

    def usage(self, name):
        """Rows as `meterbill usage --csv` has them: (scope, labels, slot, meter, base units), held
        ones left out."""
        rows = collections.Counter()
        for (_, slot, scope, labels, meter), base in self.quantities(name)[0].items():
            rows[(scope, labels_text(labels), slot_text(slot), meter)] += base
        return [(*key, str(base)) for key, base in sorted(rows.items())]

    def bill(self, name, period=None, before_slot=None):
        lines, unpriced = self.lines(name, period, before_slot)
        held = self.quantities(name)[1]
        return {
            "total_cost": decimal_text(sum((Fraction(l["cost"]) for l in lines), Fraction(0))),
            "total_amount": fixed_text(
                sum((Fraction(l["amount"]) for l in lines), Fraction(0)), self.book.minor_digits
            ),
            "lines": lines,
            "unpriced": unpriced,
            "held": [
                [slot_text(slot), scope, meter, str(total)]
                for (_, slot, scope, _, meter), total in sorted(held.items())
            ],
        }

    def result(self, period=None, before_slot=None, with_usage=False):
        machines = {}
        for name in sorted(self.machines):
            machines[name] = self.bill(name, period, before_slot)
            if with_usage:
                machines[name]["usage"] = self.usage(name)
        return {
            "currency": self.book.currency,
            "counts": dict(self.counts),
            "reasons": dict(sorted(self.reasons.items())),
            "machines": machines,
        }


def recount(records, prices_text=None, now_us=None):
    """A Recount of captured records, ready to be asked."""
    counted = Recount(PriceBook(prices_text) if prices_text else None, now_us)
    counted.add_records(records)
    return counted


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "captures", nargs="+", help="files of captured records, in order of arrival"
    )
    parser.add_argument("--prices", help="prices.toml; default: the built-in book")
    parser.add_argument("--period", help="only this local month, as 2026-11")
    parser.add_argument(
        "--before",
        metavar="SECONDS",
        type=int,
        help="cut-off: only slots that start before this Unix time",
    )
    parser.add_argument("--usage", action="store_true", help="print usage per slot as well")
    options = parser.parse_args()
    prices = None
    if options.prices:
        with open(options.prices, encoding="utf-8") as book:
            prices = book.read()
    counted = recount((r for path in options.captures for r in capture.read_records(path)), prices)
    before = None if options.before is None else slot_of(options.before * 10**6)
    json.dump(counted.result(options.period, before, options.usage), sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
