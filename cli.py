"""`python cli.py …` is the `touchpoint` command."""

from analyzer.cli import main

if __name__ == "__main__":
    main()
