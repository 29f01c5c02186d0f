"""Options by typer, where it is installed: every parameter with a default is one."""
from typing import Annotated
import inspect
import sys

try:
    import typer
except ImportError:  # enough of it for this script

    class typer:
        @staticmethod
        def Option(*names):
            return names

        @staticmethod
        def run(function):
            words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
            values = {}
            for name, parameter in inspect.signature(function).parameters.items():
                given = words.get("--" + name.replace("_", "-"), parameter.default)
                values[name] = type(parameter.default)(given)
            function(**values)


def main(
    epochs: int = 1,
    batch_size: int = 32,
    output_dir: Annotated[str, typer.Option("--output-dir")] = "out",
):
    for epoch in range(epochs):
        print(f"epoch {epoch + 1}, {batch_size} pictures at a time")
    with open(f"{output_dir}/model.txt", "w") as file:
        file.write(f"{epochs} epochs\n")


typer.run(main)
