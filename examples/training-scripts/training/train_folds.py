"""Leaves out one fold after the other. Prints what it found as JSON, and keeps nothing else."""
import argparse
import json
import os

EPOCHS = "--epochs"

parser = argparse.ArgumentParser(description="Takes --batch-size? No: a description is no option.")
parser.add_argument(EPOCHS, type=int, default=2)
parser.add_argument("--folds", "-k", type=int, default=4)
parser.add_argument("--output_dir", default="out")
# parser.add_argument("--sample", type=int)
args = parser.parse_args()

values = [((i * 37) % 101) / 10 for i in range(400)]
errors = []
for fold in range(args.folds):
    kept = [v for i, v in enumerate(values) if i % args.folds != fold]
    left = [v for i, v in enumerate(values) if i % args.folds == fold]
    middle = sum(kept) / len(kept)
    errors.append(sum(abs(v - middle) for v in left) / len(left))
    print(f"fold {fold + 1} of {args.folds}: {errors[-1]:.3f}")
with open(os.path.join(args.output_dir, "folds.json"), "w") as file:
    json.dump(errors, file)
print(json.dumps({"mae": sum(errors) / len(errors), "folds": args.folds}))
