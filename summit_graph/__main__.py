"""`python -m summit_graph` is the command `summit-graph`."""

from summit_graph.cli import main

if __name__ == "__main__":
    main()
