#!/usr/bin/env python3
"""Writes what Python's zoneinfo says of every zone, for a test of ours to compare with: a row a
zone, its name and the seconds east of UTC at noon of the first day of each month."""

import datetime
import sys
import zoneinfo

FIRST_YEAR, LAST_YEAR = 1990, 2060

MONTHS = [datetime.datetime(year, month, 1, 12, tzinfo=datetime.timezone.utc)
          for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in range(1, 13)]


def main():
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        print(*(int(month.timestamp()) for month in MONTHS), file=out)
        with open("/usr/share/zoneinfo/tzdata.zi", encoding="utf-8") as text:
            words = [line.split() for line in text]
        names = {w[1] for w in words if w[0] == "Z"} | {w[2] for w in words if w[0] == "L"}
        for name in sorted(names - {"Factory"}):  # which stands for "not set"
            zone = zoneinfo.ZoneInfo(name)
            print(name, *(int(month.astimezone(zone).utcoffset().total_seconds())
                          for month in MONTHS), file=out)


if __name__ == "__main__":
    main()
