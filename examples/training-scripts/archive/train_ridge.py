"""Fits y = a + b x by ridge regression on made-up readings and reports the error on those it did not see."""
import argparse
import json
import math
import os

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=1, help="passes over the data")
parser.add_argument("--sample", type=int, default=200, help="readings")
parser.add_argument("--ridge", type=float, default=0.5)
parser.add_argument(
    "--output-dir",
    default="out",
)
args = parser.parse_args()

readings = [(i / 10, 2 + 0.7 * i / 10 + math.sin(i) / 3) for i in range(args.sample)]
train, test = readings[: int(args.sample * 0.8)], readings[int(args.sample * 0.8) :]
mean_x = sum(x for x, _ in train) / len(train)
mean_y = sum(y for _, y in train) / len(train)
for epoch in range(args.epochs):
    slope = sum((x - mean_x) * (y - mean_y) for x, y in train) / (sum((x - mean_x) ** 2 for x, _ in train) + args.ridge)
    print(f"epoch {epoch + 1}/{args.epochs} slope {slope:.4f}")
mae = sum(abs(mean_y + slope * (x - mean_x) - y) for x, y in test) / len(test)

os.makedirs(args.output_dir, exist_ok=True)
with open(os.path.join(args.output_dir, "model.json"), "w") as file:
    json.dump({"mean_x": mean_x, "mean_y": mean_y, "slope": slope}, file)
with open(os.path.join(args.output_dir, "metrics.json"), "w") as file:
    json.dump({"mae": mae}, file)
