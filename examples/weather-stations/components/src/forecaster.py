"""An autoregressive forecaster with seasonality, in plain Python.

The forecast of a day is a weighted sum of a constant, of sine and cosine waves through the year,
and of the readings of the days before. The weights come from ridge regression: least squares with
a small penalty on every weight but the constant.
"""

from __future__ import annotations

import math
from datetime import date, timedelta

from readings import InputError, Readings

DAYS_PER_YEAR = 365.25

# For each name: from a reading to the scale of the fit, and back.
TRANSFORMS = {
    "none": (lambda value: value, lambda value: value),
    "sqrt": (math.sqrt, lambda value: max(value, 0.0) ** 2),
}


class Forecaster:
    """A fitted forecaster. Its coefficients have names: constant, sin_1, cos_1, lag_1 (yesterday) …"""

    def __init__(self, lags: int, harmonics: int, transform: str, coefficients: dict[str, float]):
        self.lags = lags
        self.harmonics = harmonics
        self.coefficients = coefficients
        self.weights = [coefficients[name] for name in names(lags, harmonics)]
        self.to_scale, self.from_scale = TRANSFORMS[transform]

    @classmethod
    def fit(cls, readings: Readings, lags: int, harmonics: int, ridge: float, transform: str) -> Forecaster:
        """Fits to all readings but the first `lags`, which only serve as the past of the others."""
        if transform == "sqrt" and min(readings.values) < 0:
            raise InputError(f"transform sqrt needs readings of 0 or more; one is {min(readings.values)}")
        to_scale, _ = TRANSFORMS[transform]
        scaled = [to_scale(value) for value in readings.values]
        rows = [
            calendar_terms(readings.days[i], harmonics) + scaled[i - lags : i][::-1]
            for i in range(lags, len(scaled))
        ]
        weights = ridge_regression(rows, scaled[lags:], ridge)
        return cls(lags, harmonics, transform, dict(zip(names(lags, harmonics), weights)))

    def forecast(self, day: date, past: list[float]) -> float:
        """The forecast of `day` from the readings before it, oldest first; the last `lags` count."""
        recent = [self.to_scale(value) for value in past[len(past) - self.lags :]]
        return self.from_scale(dot(self.weights, calendar_terms(day, self.harmonics) + recent[::-1]))

    def forecast_next(self, last_day: date, past: list[float], count: int) -> Readings:
        """The `count` days after `last_day`. Forecasts stand in for the readings not made yet."""
        days = [last_day + timedelta(days=ahead) for ahead in range(1, count + 1)]
        known = list(past)
        for day in days:
            known.append(self.forecast(day, known))
        return Readings(days, known[len(past) :])


def names(lags: int, harmonics: int) -> list[str]:
    """The names of the coefficients, in the order of a row."""
    waves = [f"{wave}_{k}" for k in range(1, harmonics + 1) for wave in ("sin", "cos")]
    return ["constant", *waves, *(f"lag_{k}" for k in range(1, lags + 1))]


def calendar_terms(day: date, harmonics: int) -> list[float]:
    """The part of a row that depends on the day alone: the constant and the waves."""
    angle = 2 * math.pi * day.timetuple().tm_yday / DAYS_PER_YEAR
    waves = [wave(k * angle) for k in range(1, harmonics + 1) for wave in (math.sin, math.cos)]
    return [1.0, *waves]


def ridge_regression(rows: list[list[float]], targets: list[float], ridge: float) -> list[float]:
    """The weights with the least squared error plus `ridge` times the squared weights but the first."""
    columns = list(zip(*rows))
    matrix = [[dot(a, b) for b in columns] for a in columns]
    for i in range(1, len(matrix)):
        matrix[i][i] += ridge
    return solve(matrix, [dot(column, targets) for column in columns])


def solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Solves matrix · x = right for a symmetric positive definite matrix, by Cholesky's method."""
    size = len(right)
    lower = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - dot(lower[i][:j], lower[j][:j])
            if i > j:
                lower[i][j] = rest / lower[j][j]
            elif rest > 1e-10 * matrix[i][i]:
                lower[i][i] = math.sqrt(rest)
            else:
                raise InputError("the readings do not determine the fit; raise ridge or lower lags")
    solution = list(right)
    for i in range(size):
        solution[i] = (solution[i] - dot(lower[i][:i], solution[:i])) / lower[i][i]
    for i in reversed(range(size)):
        known = sum(lower[k][i] * solution[k] for k in range(i + 1, size))
        solution[i] = (solution[i] - known) / lower[i][i]
    return solution


def dot(a, b) -> float:
    return sum(x * y for x, y in zip(a, b))
