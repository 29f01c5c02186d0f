"""The straightforward way to plan: plan_baseline.py CIRCUITS_YAML TRAINYARD_DB COMPONENT_VERSION

Loads the fleet with PyYAML's C loader, checks it, computes training hash and inputs digest of every circuit, reads
what the good models were trained with from the same database, and prints which circuits need training.
"""

import hashlib
import json
import sqlite3
import sys

import yaml

KEYS = {
    "plant_id", "circuit_id", "model_name", "cutoff_date", "training_days", "delta_version", "delta_table_path",
    "data_path", "features", "filter", "hyperparameters", "pipeline_component_version", "environment_version", "tags",
    "optional", "plant_column", "circuit_column", "time_column",
}  # fmt: skip
HASHED = ("cutoff_date", "delta_version", "pipeline_component_version", "training_days")
INPUTS = ("data_path", "delta_table_path", "plant_column", "circuit_column", "time_column")


def resolve(defaults, entry):
    circuit = {**defaults, **entry}
    for key in ("hyperparameters", "tags"):
        circuit[key] = {**defaults.get(key, {}), **entry.get(key, {})}
    return circuit


def check(circuit, position, seen):
    unknown = circuit.keys() - KEYS
    if unknown:
        sys.exit(f"circuit {position}: unknown keys {sorted(unknown)}")
    for key in ("plant_id", "circuit_id"):
        if not isinstance(circuit.get(key), (str, int)):
            sys.exit(f"circuit {position}: {key} is missing")
    for key, kinds in (("training_days", int), ("cutoff_date", str), ("features", list), ("hyperparameters", dict)):
        if circuit.get(key) is not None and not isinstance(circuit[key], kinds):
            sys.exit(f"circuit {position}: {key} has the wrong type")
    name = f"{circuit['plant_id']}_{circuit['circuit_id']}"
    if name in seen:
        sys.exit(f"circuit {position}: {name} is there twice")
    return name


def digests(circuit, component_version):
    hashed = {key: circuit.get(key) for key in HASHED}
    hashed["pipeline_component_version"] = circuit.get("pipeline_component_version", component_version)
    hashed["hyperparameters"] = circuit["hyperparameters"]
    training_hash = hashlib.md5(json.dumps(hashed, sort_keys=True).encode()).hexdigest()[:12]
    inputs = {key: circuit.get(key) for key in INPUTS}
    inputs.update(features=circuit.get("features", []), filter=circuit.get("filter", []), data_content=None)
    text = json.dumps(inputs, sort_keys=True, separators=(",", ":"))
    return training_hash, hashlib.sha256(text.encode()).hexdigest()[:12]


def main(path, database, component_version):
    with open(path, encoding="utf-8") as file:
        fleet = yaml.load(file, Loader=yaml.CSafeLoader)
    defaults = fleet.get("defaults", {})
    wanted = {}
    for position, entry in enumerate(fleet["circuits"]):
        circuit = resolve(defaults, entry)
        wanted[check(circuit, position, wanted)] = digests(circuit, component_version)

    rows = sqlite3.connect(database).execute(
        "select circuit_id, training_hash, inputs_digest from model_versions"
        " where registry = 'dev' and pr = 0 and withdrawn_at is null order by created_at"
    )
    good = {circuit: (training_hash, inputs_digest) for circuit, training_hash, inputs_digest in rows}
    train = [circuit for circuit, digest in wanted.items() if good.get(circuit) != digest]
    print(json.dumps({"circuits": len(wanted), "train": sorted(train)}))


main(*sys.argv[1:])
