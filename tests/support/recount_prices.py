"""The recount's own reading of prices.toml, and of which version holds in which quarter hour."""

import dataclasses
import datetime
import re
import tomllib
import zoneinfo
from fractions import Fraction

from recount_wire import CUSTOM_UNITS, SLOT_US, UNITS, parse_time_us, slot_of

# ISO 4217 currencies whose minor unit is not a hundredth.
_MINOR_DIGITS = {
    **dict.fromkeys(
        ("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF").split(), 0
    ),
    **dict.fromkeys(("BHD IQD JOD KWD LYD OMR TND").split(), 3),
}

BUILT_IN = """
currency = "USD"
time_zone = "UTC"
price = [
  {meter = "cpu_usage", unit = "percent_sample", price = "0.05"},
  {meter = "memory_usage", unit = "percent_sample", price = "0.01"},
  {meter = "cpu", unit = "core_hour", price = "0.02"},
  {meter = "memory", unit = "gib_hour", price = "0.0025"},
]
"""


@dataclasses.dataclass(frozen=True)
class Price:
    meter: str
    unit: str
    price: Fraction
    price_text: str
    since: int  # first slot it holds in; None: always
    parts: bool

    @property
    def unit_size(self):
        return UNITS.get(self.meter, CUSTOM_UNITS)[self.unit]


class PriceBook:
    def __init__(self, text):
        table = tomllib.loads(text)
        self.currency = table["currency"]
        self.zone = zoneinfo.ZoneInfo(table.get("time_zone", "UTC"))
        self.quantity_decimals = table.get("quantity_decimals", 9)
        self.minor_digits = _MINOR_DIGITS.get(self.currency, 2)
        self._series = {}
        for row in table.get("price", []):
            price = self._price(row)
            series = self._series.setdefault(price.meter, [])
            if any(p.since == price.since for p in series):
                raise ValueError(f"two prices of {price.meter} from the same time")
            series.append(price)
        for series in self._series.values():
            series.sort(key=lambda p: -1 if p.since is None else p.since)

    def _price(self, row):
        text = row["price"]
        if not isinstance(text, str) or not re.fullmatch(r"[0-9]+(\.[0-9]{1,12})?", text):
            raise ValueError(f"price of {row['meter']}: a decimal in quotes is needed")
        if row["unit"] not in UNITS.get(row["meter"], CUSTOM_UNITS):
            raise ValueError(f"{row['meter']} has no unit {row['unit']}")
        scopes = row.get("scopes", "machine")
        if scopes not in ("machine", "parts"):
            raise ValueError(f"scopes = {scopes}")
        since = row.get("from")
        if isinstance(since, (datetime.date, datetime.datetime)):
            since = since.isoformat().replace("+00:00", "Z")
        return Price(
            row["meter"],
            row["unit"],
            Fraction(text),
            text,
            None if since is None else self._first_slot(since),
            scopes == "parts",
        )

    def _first_slot(self, text):
        if "T" in text:
            time_us = parse_time_us(text)
            if time_us % SLOT_US:
                raise ValueError(f"{text} is not on a quarter hour")
            return slot_of(time_us)
        return self.day_start(datetime.date.fromisoformat(text))

    def local_date(self, slot):
        return datetime.datetime.fromtimestamp(slot * SLOT_US // 10**6, self.zone).date()

    def day_start(self, date):
        """The first slot of a local day; found by looking, so that skipped and repeated midnights
        need no rule of their own."""
        noon_utc = datetime.datetime(
            date.year, date.month, date.day, 12, tzinfo=datetime.timezone.utc
        )
        slot = slot_of(int(noon_utc.timestamp()) * 10**6) - 30 * 4
        while self.local_date(slot) < date:
            slot += 1
        return slot

    def period(self, slot):
        """The local month a slot lies in: (name, first slot, first slot after it)."""
        day = self.local_date(slot)
        first = day.replace(day=1)
        after = (first + datetime.timedelta(days=32)).replace(day=1)
        return f"{first:%Y-%m}", self.day_start(first), self.day_start(after)

    def prices_at(self, meter, slot):
        """The version that holds in a slot, if any, with the slot after its last."""
        series = self._series.get(meter, [])
        for index in reversed(range(len(series))):
            if series[index].since is None or series[index].since <= slot:
                yield series[index], (
                    series[index + 1].since if index + 1 < len(series) else None
                )
                break
