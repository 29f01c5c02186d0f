"""Trains the forecaster of one circuit: one sensor of one weather station.

Writes model.json (for predict.py) and metrics.json to the folder --model. Where the data or the
settings do not allow a training, it exits with 2 and one line on stderr.

The last --holdout-days tell how good the forecasts are: a model fitted without them forecasts each
of these days from the readings before it. The saved model has the same settings and knows all days.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from datetime import date
from pathlib import Path

from forecaster import TRANSFORMS, Forecaster, names
from readings import InputError, Readings, parse_day, read_readings

# A smaller gain is luck, not skill.
LEAST_SKILL = 0.01


def main() -> int:
    args = parse_arguments()
    try:
        train(args)
    except InputError as error:
        return fail(str(error))
    except OSError as error:
        return fail(f"{error.filename}: {error.strerror}")
    return 0


def train(args: argparse.Namespace) -> None:
    check_settings(args)
    settings = {name: getattr(args, name) for name in ("lags", "harmonics", "ridge", "transform")}
    cutoff = parse_day(args.cutoff_date, "cutoff_date")
    after = date.fromordinal(max(1, cutoff.toordinal() - args.training_days))
    readings = read_readings(
        args.data, args.plant, args.features, args.plant_column, args.time_column, after, cutoff
    )
    count, last_day = len(readings.days), readings.days[-1]
    log(f"{args.plant} {args.features}: {count} days from {readings.days[0]} to {last_day}")
    needed = args.holdout_days + args.lags + 2 * len(names(args.lags, args.harmonics))
    if count < needed:
        raise InputError(f"{args.plant} has {count} days in the window; these settings need {needed}")

    metrics = evaluate(readings, args.holdout_days, settings)
    model = Forecaster.fit(readings, **settings)
    next_day = model.forecast_next(last_day, readings.values, 1)
    log(f"fitted to all {count} days; the forecast for {next_day.days[0]} is {next_day.values[0]:.1f}")

    folder = Path(args.model)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "metrics.json", metrics)
    write_json(
        folder / "model.json",
        {
            "plant": args.plant,
            "feature": args.features,
            **settings,
            "coefficients": model.coefficients,
            "last_day": last_day.isoformat(),
            "last_values": readings.values[-args.lags :],
        },
    )
    log("wrote model.json and metrics.json")


def evaluate(readings: Readings, holdout_days: int, settings: dict) -> dict[str, float]:
    """Forecasts the held out days one by one, and compares with two forecasts that need no model.

    The naive forecast says that a day will be like the day before. `skill` is the part of its mean
    absolute error that the model saves: 0.05 is 5 % better, below 0 is worse. The other forecast
    says the median of the past every day; it is hard to beat where most days are alike, like dry ones.
    """
    split = len(readings.days) - holdout_days
    past = Readings(readings.days[:split], readings.values[:split])
    log(f"holding out {holdout_days} days, fitting to the {split} before")
    model = Forecaster.fit(past, **settings)

    actual = readings.values[split:]
    days = enumerate(readings.days[split:], split)
    forecasts = [model.forecast(day, readings.values[:i]) for i, day in days]
    naive = readings.values[split - 1 : -1]
    median = statistics.median(past.values)
    mae, naive_mae = mean_absolute_error(forecasts, actual), mean_absolute_error(naive, actual)
    median_mae = mean_absolute_error([median] * holdout_days, actual)
    skill = 1 - mae / naive_mae if naive_mae > 0 else 0.0
    beats_naive = skill >= LEAST_SKILL

    log(f"mean absolute error {mae:.3f}; naive forecast {naive_mae:.3f}; always {median:g}: {median_mae:.3f}")
    if beats_naive:
        log(f"beats the naive forecast by {100 * skill:.1f} %")
    else:
        log(f"does not beat the naive forecast (skill {skill:.3f}): keep the naive forecast")
    if mae >= median_mae:
        log(f"forecasting {median:g} every day is no worse: take these forecasts with care")
    metrics = {
        "mae": mae,
        "rmse": root_mean_square_error(forecasts, actual),
        "skill": skill,
        "beats_naive": int(beats_naive),
        "naive_mae": naive_mae,
        "naive_rmse": root_mean_square_error(naive, actual),
        "median_mae": median_mae,
    }
    return {name: round(value, 6) for name, value in metrics.items()}


def mean_absolute_error(forecasts: list[float], actual: list[float]) -> float:
    return statistics.fmean(abs(f - a) for f, a in zip(forecasts, actual))


def root_mean_square_error(forecasts: list[float], actual: list[float]) -> float:
    return math.sqrt(statistics.fmean((f - a) ** 2 for f, a in zip(forecasts, actual)))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        usage="train.py [options]", description="Train the forecaster of one circuit."
    )
    option = parser.add_argument
    option("--data", required=True, help="CSV file with one row per station and day")
    option("--plant", required=True, help="the station, for example newyork")
    option("--features", required=True, help="the one column to forecast, for example temp_max")
    option("--plant-column", default="location", help="the column that names the station")
    option("--time-column", default="date", help="the column that holds the day")
    option("--cutoff-date", required=True, help="the last day to train on")
    option("--training-days", required=True, type=int, help="how many days, counted back from it")
    option("--lags", default=7, type=int, help="days back that a forecast looks at")
    option("--harmonics", default=2, type=int, help="waves through the year")
    option("--ridge", default=1.0, type=float, help="penalty on large weights")
    option("--transform", default="none", choices=sorted(TRANSFORMS), help="scale of the fit")
    option("--holdout-days", default=365, type=int, help="the last days, kept for the evaluation")
    option("--model", required=True, help="the folder to write to")
    return parser.parse_args()


def check_settings(args: argparse.Namespace) -> None:
    if "," in args.features:
        raise InputError(f"a circuit forecasts one column, but features names several: {args.features}")
    least = {"training_days": 1, "lags": 1, "harmonics": 0, "ridge": 0, "holdout_days": 1}
    for name, minimum in least.items():
        value = getattr(args, name)
        if not minimum <= value < math.inf:
            raise InputError(f"{name} is {value}; it must be a number of at least {minimum}")


def write_json(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def log(line: str) -> None:
    print(line, flush=True)


def fail(message: str) -> int:
    print(f"error: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
