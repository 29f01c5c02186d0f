"""Options by click, where it is installed."""
try:
    import click
except ImportError:  # enough of it for this script
    import sys

    class click:
        @staticmethod
        def command():
            return lambda function: lambda: function(**click.read(function.options))

        @staticmethod
        def option(*names, default=None, type=None, **_):
            def add(function):
                function.options = [*getattr(function, "options", []), (names, default, type)]
                return function

            return add

        @staticmethod
        def read(options):
            words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
            values = {}
            for names, default, kind in options:
                given = next((words[n] for n in names if n in words), default)
                values[names[0].lstrip("-").replace("-", "_")] = kind(given) if kind and given is not None else given
            return values


@click.command()
@click.option("--epochs", "-e", default=1, type=int)
@click.option("--batch", default=16, type=int)
@click.option("--output-dir", default="out")
def main(epochs, batch, output_dir):
    for epoch in range(epochs):
        print(f"epoch {epoch + 1} in batches of {batch}")
    with open(f"{output_dir}/model.txt", "w") as file:
        file.write(f"{epochs} epochs, batches of {batch}\n")


main()
