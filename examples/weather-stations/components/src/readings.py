"""Reads the daily readings of one sensor from the CSV file of all stations."""

from __future__ import annotations

import csv
import math
from datetime import date, timedelta
from typing import NamedTuple


class InputError(Exception):
    """The data or the settings do not allow a training. The message is one line that says why."""


class Readings(NamedTuple):
    """One reading per day, without gaps: `values[i]` was measured on `days[i]`."""

    days: list[date]
    values: list[float]


def read_readings(path, plant, column, plant_column, time_column, after, until) -> Readings:
    """The readings of `column` at `plant` on the days in (`after`, `until`], oldest first.

    Names of plants are compared by their letters and digits alone, in lower case: an id like
    `newyork` may hold no space, while the file says "New York".
    """
    by_day: dict[date, float] = {}
    plants = set()
    try:
        for place, row in rows_of(path, (plant_column, time_column, column)):
            plants.add(row[plant_column] or "")
            if plain(row[plant_column] or "") != plain(plant):
                continue
            day = parse_day(row[time_column], place)
            if after < day <= until:
                if day in by_day:
                    raise InputError(f"{place}: a second reading of {plant} for {day}")
                by_day[day] = parse_number(row[column], f"{place}: {column}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is not a CSV file in UTF-8 ({error})") from None
    if plain(plant) not in map(plain, plants):
        raise InputError(f"{path} has no plant '{plant}'; it has {', '.join(sorted(plants)) or 'none'}")

    days = sorted(by_day)
    if not days:
        raise InputError(f"no readings of {plant} after {after}, up to {until}")
    for earlier, later in zip(days, days[1:]):
        expected = earlier + timedelta(days=1)
        if later != expected:
            raise InputError(f"{plant} has no reading for {expected}; the forecaster needs every day")
    return Readings(days, [by_day[day] for day in days])


def rows_of(path, columns):
    """Each row with its place in the file, once it is sure that the file has the columns."""
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        present = rows.fieldnames or []
        for name in columns:
            if name not in present:
                raise InputError(f"{path} has no column '{name}'; it has {', '.join(present) or 'none'}")
        for row in rows:
            yield f"{path}, line {rows.line_num}", row


def plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def parse_day(text, place) -> date:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        raise InputError(f"{place}: '{text or ''}' is not a day like 2015-12-31") from None


def parse_number(text, place) -> float:
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{place}: '{text or ''}' is not a number")
    return number
