"""A process that only waits: `python -m tests.slumber`."""

import signal

if __name__ == "__main__":
    signal.pause()
