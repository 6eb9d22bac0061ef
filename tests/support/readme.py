"""Reads README.md for its test: the console blocks, each command with the output printed below it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "$ "
ELLIPSIS = "..."

SHAPES = (
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "ID"),
    (re.compile(r"/\S*/token\b"), "TOKEN-FILE"),
    (re.compile(r"(\d{4}-\d{2}-\d{2} )?\d{2}:\d{2}:\d{2}Z"), "TIME"),
    (re.compile(r"[-+]?\d+(\.\d+)?(e-?\d+)?"), "N"),
    (re.compile(r"N (ms|s|min|h|d)( N (s|min|h))?"), "SPAN"),
    (re.compile(r"[█░]+"), "BAR"),
    (re.compile(r"full match, best of N|only full match"), "MATCH"),
    (re.compile(r"language relaxed(, best of N)?"), "RELAXED"),
    (re.compile(r"(, ahead of )?\w+ \(N\)(, \w+ \(N\))*"), " OTHERS"),
    (re.compile(r"N accepted.*"), "COUNTS"),
)
"""What differs from run to run, and what it is called when two outputs are compared."""


@dataclass
class Example:
    """One command of the README and what it prints there."""

    command: str
    output: list[str] = field(default_factory=list)


def blocks(language: str) -> list[str]:
    """The content of every fenced block of a language."""
    text = Path("README.md").read_text(encoding="utf-8")
    return [content for found, content in FENCE.findall(text) if found == language]


def examples() -> Iterator[Example]:
    """Every command of the console blocks, in order."""
    for block in blocks("console"):
        example: Example | None = None
        for line in block.splitlines():
            if line.startswith(PROMPT):
                if example is not None:
                    yield example
                example = Example(line.removeprefix(PROMPT))
            elif example is not None:
                example.output.append(line)
        if example is not None:
            yield example


def shape(line: str, people: list[str]) -> str:
    """A line without what differs from run to run: numbers, times, ids, and who happens to be on shift."""
    for who in people:
        line = re.sub(rf"\b{who}\b", "WHO", line)
    for pattern, name in SHAPES:
        line = pattern.sub(name, line)
    return " ".join(line.split())


def missing(wanted: list[str], printed: list[str], people: list[str]) -> list[str]:
    """The lines of the README that the real output does not have, in order; `...` stands for any lines."""
    found = [shape(line, people) for line in printed]
    absent, at = [], 0
    for line in wanted:
        looked_for = shape(line, people)
        if line.strip() == ELLIPSIS or not looked_for:
            continue
        if looked_for in found[at:]:
            at = found.index(looked_for, at) + 1
        else:
            absent.append(f"{line} (looked for: {looked_for})")
    return absent
