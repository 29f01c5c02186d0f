# script_flags.py
#
# Reads a JSON list of paths on stdin and prints a JSON list in the same order: {"flags": [...], "error": null | text}.
# Flags are the options that a script declares with argparse, click or typer, found in its syntax tree: what stands in
# comments, docstrings or other texts does not count. Nothing of the script is run. Python 3.9 or newer.
import ast
import json
import sys
import warnings

warnings.simplefilter("ignore")  # of invalid escapes in other people's scripts


def flags_of(path):
    with open(path, "rb") as file:
        tree = ast.parse(file.read(), path)
    names = constants(tree)
    modules = imported(tree)
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.update(from_call(node, names, modules))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and is_typer_command(node, modules):
            found.update(from_parameters(node, names))
    found.update(from_typer_run(tree, modules, names))
    return sorted(found)


def constants(tree):
    """Names that are given a text once at the top of the module."""
    found = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                found[target.id] = node.value.value
    return found


def imported(tree):
    """What names of the module stand for: `from click import option as opt` gives {"opt": "click.option"}."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                found[name.asname or name.name.split(".")[0]] = name.name if name.asname else name.name.split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                found[name.asname or name.name] = node.module + "." + name.name
    return found


def dotted(node, modules):
    """`typer.Option` as text, with names replaced by what they were imported as; None for anything else."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(modules.get(node.id, node.id))
    return ".".join(reversed(parts))


def from_call(call, names, modules):
    if isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument":
        return texts(call.args, names)
    if dotted(call.func, modules) in ("click.option", "rich_click.option", "typer.Option"):
        return texts(call.args, names)
    return set()


def texts(args, names):
    found = set()
    for arg in args:
        if isinstance(arg, ast.Starred) and isinstance(arg.value, (ast.List, ast.Tuple)):
            found |= texts(arg.value.elts, names)
        text = arg.value if isinstance(arg, ast.Constant) else names.get(arg.id) if isinstance(arg, ast.Name) else None
        if isinstance(text, str):
            # click writes `--shout/--no-shout`.
            found.update(part.strip() for part in text.split("/") if part.strip().startswith("-"))
    return found


def is_typer_command(function, modules):
    if not any(name == "typer" or name.startswith("typer.") for name in modules.values()):
        return False
    for decorator in function.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute) and target.attr in ("command", "callback"):
            return True
    return False


def from_typer_run(tree, modules, names):
    """`typer.run(main)`: the parameters of `main` are options."""
    run = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func, modules) == "typer.run":
            run.update(arg.id for arg in node.args if isinstance(arg, ast.Name))
    found = set()
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name in run:
            found |= from_parameters(node, names)
    return found


def from_parameters(function, names):
    """typer makes an option of each parameter with a default: `batch_size: int = 32` is `--batch-size`."""
    args = function.args
    positional = args.posonlyargs + args.args
    with_default = positional[len(positional) - len(args.defaults) :] if args.defaults else []
    pairs = list(zip(with_default, args.defaults))
    pairs += [(arg, default) for arg, default in zip(args.kwonlyargs, args.kw_defaults) if default is not None]
    found = set()
    declared = {arg.arg: declaration(arg.annotation) for arg in positional + args.kwonlyargs}
    for arg, default in pairs:
        call = default if isinstance(default, ast.Call) else None
        if called(call) == "Argument" or called(declared[arg.arg]) == "Argument":
            continue
        if not (spelled(call, names) or spelled(declared[arg.arg], names)):
            found.add("--" + arg.arg.replace("_", "-"))
    for arg in positional + args.kwonlyargs:
        if called(declared[arg.arg]) == "Option" and not spelled(declared[arg.arg], names):
            found.add("--" + arg.arg.replace("_", "-"))
    return found


def declaration(annotation):
    """The call in `Annotated[int, typer.Option("--epochs")]`."""
    if not isinstance(annotation, ast.Subscript) or not isinstance(annotation.slice, ast.Tuple):
        return None
    return next((part for part in annotation.slice.elts if isinstance(part, ast.Call)), None)


def called(call):
    if call is None:
        return None
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)


def spelled(call, names):
    return call is not None and bool(texts(call.args, names))


def look(path):
    try:
        return {"flags": flags_of(path), "error": None}
    except SyntaxError as error:
        return {"flags": [], "error": "line %s: %s" % (error.lineno or "?", error.msg)}
    except (ValueError, RecursionError) as error:
        return {"flags": [], "error": str(error) or type(error).__name__}
    except OSError as error:
        return {"flags": [], "error": error.strerror or str(error)}


json.dump([look(path) for path in json.load(sys.stdin)], sys.stdout)
