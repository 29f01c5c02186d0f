"""Prints the forecast of the days after a model's last reading: one day and value per line.

    python3 predict.py path/to/model.json --days 7
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date
from pathlib import Path

from forecaster import Forecaster


def main() -> int:
    parser = argparse.ArgumentParser(description="Print the next days' forecast of a trained model.")
    parser.add_argument("model", help="model.json, or the folder that holds it")
    parser.add_argument("--days", type=int, default=7, help="how many days, 7 unless told")
    args = parser.parse_args()

    path = Path(args.model)
    try:
        model = json.loads((path / "model.json" if path.is_dir() else path).read_text(encoding="utf-8"))
        forecaster = Forecaster(model["lags"], model["harmonics"], model["transform"], model["coefficients"])
        last_day, last_values = date.fromisoformat(model["last_day"]), model["last_values"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"error: {args.model} is not a model written by train.py: {error}", file=sys.stderr)
        return 2

    forecast = forecaster.forecast_next(last_day, last_values, args.days)
    for day, value in zip(forecast.days, forecast.values):
        print(f"{day}  {value:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
