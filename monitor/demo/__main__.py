"""`python -m monitor.demo`: the simulated provider as a process of its own, which ends by itself."""

import argparse
import asyncio
import contextlib
import sys

from monitor.demo.script import Script
from monitor.demo.server import DemoServer
from monitor.demo.stories import blog_day, demo_story, steady

_STORIES = ("steady", "blog", "demo")


def main() -> None:
    """Print the base URL, then serve until the duration is over or an interrupt comes."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_parsed()))


async def _serve(options: argparse.Namespace) -> None:
    server = DemoServer(
        _script(options.story, options.models),
        latency_s=options.latency,
        moves_itself=True,
        api_key=options.api_key,
        port=options.port,
    )
    async with server:
        sys.stdout.write(f"{server.base_url}\n")
        sys.stdout.flush()  # a reader of a pipe waits for the address before it goes on
        await asyncio.sleep(options.duration)


def _script(story: str, models: int) -> Script:
    if story == "demo":
        return demo_story()
    return Script(blog_day() if story == "blog" else steady(models))


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m monitor.demo", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 lets the system choose (default)")
    parser.add_argument("--story", choices=_STORIES, default="steady")
    parser.add_argument("--models", type=int, default=200, help="how many, in the steady story")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--api-key", help="refuse probes without this key")
    parser.add_argument("--duration", type=float, default=600.0, help="seconds until it ends by itself")
    return parser.parse_args()


if __name__ == "__main__":
    main()
