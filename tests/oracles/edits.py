"""Generated edits of small files, each with the verdict of the harness's own tool, as lines of JSON for the test of edits.

    python tests/oracles/edits.py HARNESS --packages DIR [--cases N] [--seed N] > crates/anvil-verify/tests/verify/edits/oracle/HARNESS.jsonl

`DIR` holds the unpacked packages that `VERSIONS` names (`npm pack`, then `tar -x` into a folder named like the archive). Codex is run as
the program that it is. Of the harnesses in JavaScript the functions that find and replace are run, by `edits.mjs`. For Aider run this
with the Python of an environment that has it. The first line names the harness and its version; each other is one case: the file, the
edit, and `applies`: whether the tool changed the file.
"""

import argparse
import contextlib
import importlib.metadata
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

VERSIONS = {
    "claude": "anthropic-ai-claude-code-linux-x64-2.1.197",
    "opencode": "opencode-linux-x64-1.18.33",
    "opencode_patch": "opencode-linux-x64-1.18.33",
    "qwen": "qwen-code-qwen-code-0.15.10",
    "continue": "continuedev-cli-1.5.47",
    "pi": "mariozechner-pi-coding-agent-0.73.1",
    "openclaw": "openclaw-2026.9.6",
    "codex": "openai-codex-0.169.0-linux-x64",
    "aider_blocks": "aider-chat",
    "aider_diffs": "aider-chat",
}
LINES = [
    "def total(prices):",
    "    result = 0",
    "    return result",
    "    for price in prices:",
    "        result += price",
    'print("a  b")',
    "print('it''s')",
    "x = \u201cquoted\u201d",
    "it\u2019s \u2014 so\u2026",
    'name = "caf\\u00e9"',
    'name = "café \U0001f600"',
    'face = "\\ud83d\\ude00"',
    "\tif (a) {\n\t\tb();\n\t}",
    "}",
    "",
    "    ",
    "end   ",
    "a\u00a0b",
    "path = 'C:\\new\\table'",
    "# TODO: x",
    "...",
    "A = a",
    "import os",
    "import sys",
]


def source(chance: random.Random) -> str:
    lines = "\n".join(chance.choice(LINES) for _ in range(chance.randint(1, 12))).split("\n")
    if chance.random() < 0.5:
        at = chance.randrange(len(lines))
        lines += lines[at : at + chance.randint(1, 3)]
    return "\n".join(lines) + ("\n" if chance.random() < 0.8 else "")


def stretch(chance: random.Random, text: str) -> str:
    """A part of the file: whole lines, or any letters."""
    if chance.random() < 0.65:
        lines = text.split("\n")
        at = chance.randrange(len(lines))
        part = "\n".join(lines[at : at + chance.randint(1, 5)])
        return part + "\n" if chance.random() < 0.4 else part
    at = chance.randrange(len(text) + 1)
    return text[at : at + chance.randint(1, 40)]


def by_line(change: Callable[[str], str]) -> Callable[[random.Random, str], str]:
    return lambda _, text: "\n".join(change(line) for line in text.split("\n"))


def one_line(change: Callable[[str], list[str]]) -> Callable[[random.Random, str], str]:
    def changed(chance: random.Random, text: str) -> str:
        lines = text.split("\n")
        at = chance.randrange(len(lines))
        return "\n".join(lines[:at] + change(lines[at]) + lines[at + 1 :])

    return changed


def always(change: Callable[[str], str]) -> Callable[[random.Random, str], str]:
    return lambda _, text: change(text)


def escaped(text: str) -> str:
    return "".join(letter if ord(letter) < 128 else json.dumps(letter)[1:-1] for letter in text)


SLIPS: list[Callable[[random.Random, str], str]] = [
    by_line(lambda line: "  " + line),
    by_line(lambda line: line.removeprefix("  ")),
    by_line(str.strip),
    by_line(str.rstrip),
    by_line(lambda line: line + "  "),
    by_line(lambda line: line.replace("\t", "    ")),
    one_line(lambda line: [line, ""]),
    one_line(lambda line: [line, line]),
    one_line(lambda _: []),
    one_line(lambda _: ["..."]),
    one_line(lambda _: ["    something_else()"]),
    one_line(lambda line: [line.replace("e", "o")]),
    one_line(lambda line: [line[: len(line) // 2]]),
    one_line(lambda line: [line + "x"]),
    always(
        lambda text: text.replace("\u201c", '"').replace("\u201d", '"').replace("\u2019", "'").replace("\u2014", "-")
    ),
    always(lambda text: text.replace("'", "\u2019").replace('"', "\u201d")),
    always(lambda text: text.replace("\u2026", "...")),
    always(lambda text: text.replace("\u00a0", " ")),
    always(lambda text: text.replace("\n", "\r\n")),
    always(lambda text: text.replace("\n", "\\n")),
    always(lambda text: text.replace("\\", "\\\\")),
    always(str.upper),
    always(lambda text: text.replace(" ", "  ")),
    always(lambda text: "\n" + text),
    always(lambda text: text + "\n"),
    always(lambda text: text.strip()),
    always(escaped),
    always(lambda text: "\n".join(f"{at}\t{line}" for at, line in enumerate(text.split("\n"), 1))),
    always(lambda text: f"```python\n{text.rstrip()}\n```\n"),
    always(lambda text: f"a.py\n{text}"),
    always(lambda _: ""),
    always(lambda _: "nowhere in it"),
]


def slipped(chance: random.Random, text: str) -> str:
    for _ in range(chance.choice([0, 0, 1, 1, 1, 2])):
        text = chance.choice(SLIPS)(chance, text)
    return text


def replacement(chance: random.Random, old: str) -> str:
    kind = chance.random()
    if kind < 0.08:
        return old
    if kind < 0.16:
        return ""
    if kind < 0.24:
        return slipped(chance, old)
    return "\n".join([*old.split("\n")[:-1], "changed = 1"])


def replacements(chance: random.Random) -> dict[str, Any]:
    text = source(chance)
    edits = []
    for _ in range(chance.choice([1, 1, 1, 2])):
        old = slipped(chance, stretch(chance, text))
        edits.append({"old": old, "new": replacement(chance, old), "all": chance.random() < 0.15})
    return {"file": text, "edits": edits}


def single(chance: random.Random) -> dict[str, Any]:
    case = replacements(chance)
    return {**case, "edits": case["edits"][:1]}


def marked(chance: random.Random, old: str, new: str, mark_of_blank: str) -> list[str]:
    """The lines of a change, with common ones at its ends as context."""
    before, after = old.rstrip("\n").split("\n"), new.rstrip("\n").split("\n")
    lines = []
    while len(before) > 1 and len(after) > 1 and before[0] == after[0]:
        lines.append(" " + before.pop(0) if before[0] or chance.random() < 0.5 else mark_of_blank + before.pop(0))
        after.pop(0)
    return lines + ["-" + line for line in before] + (["+" + line for line in after] if new else [])


def patch(chance: random.Random) -> dict[str, Any]:
    text = source(chance)
    body = []
    for _ in range(chance.choice([1, 1, 2])):
        head = chance.choice(
            ["@@", "@@", "@@ " + chance.choice(text.split("\n")).strip(), "", "@@ def nowhere():", "@@ -1,3 +1,3 @@"]
        )
        old = slipped(chance, stretch(chance, text).replace("\r", ""))
        change = marked(chance, old, replacement(chance, old), "")
        if chance.random() < 0.06:
            change = [chance.choice(["-", "+", " ", "@", ""]) + line[1:] for line in change]
        body += ([head] if head else []) + change
        if chance.random() < 0.1:
            body.append("*** End of File")
    lines = ["*** Begin Patch", "*** Update File: a.py", *body, "*** End Patch"]
    if chance.random() < 0.08:
        lines.pop(chance.choice([0, -1, 1]))
    if chance.random() < 0.06:
        lines.insert(
            chance.randrange(len(lines) + 1),
            chance.choice(["", "junk", "*** Alter File: b.py", "  ", "```", "*** Delete File: b.py"]),
        )
    ends = chance.choice(["\n", "\n", ""])
    return {"file": text, "patch": "\n".join(lines) + ends}


def aider_blocks(chance: random.Random) -> dict[str, Any]:
    files = {"a.py": source(chance), "lib/b.py": source(chance)}
    parts = []
    for _ in range(chance.choice([1, 1, 2, 3])):
        path = chance.choice(["a.py", "a.py", "lib/b.py"])
        basis = files[path] if chance.random() < 0.85 else "".join(parts[-1:]).replace(">>>>>>> REPLACE", "")
        old = slipped(chance, stretch(chance, basis))
        new = replacement(chance, old)
        name = chance.choice(
            [path, path, path, f"`{path}`", f"**{path}**:", f"# {path}", "b.py", "c.py", "A.py", "Here:", ""]
        )
        fence = chance.choice(["```python", "```python", "```", "```bash", "", f"```{path}"])
        divider = chance.choice(["=======", "=======", "=======", "  ======="])
        end = chance.choice([">>>>>>> REPLACE", ">>>>>>> REPLACE", ">>>>>>> REPLACE", "=======", ""])
        lines = [
            name,
            fence,
            "<<<<<<< SEARCH",
            *old.rstrip("\n").split("\n"),
            divider,
            *new.rstrip("\n").split("\n"),
            end,
        ]
        if chance.random() < 0.1:
            lines.insert(0, "```bash\necho\necho\n")
        parts.append("\n".join(lines if fence else [*lines[:1], *lines[2:]]) + ("\n```\n\n" if fence else "\n\n"))
    return {"files": files, "text": "".join(parts)}


def aider_diffs(chance: random.Random) -> dict[str, Any]:
    files = {"a.py": source(chance), "lib/b.py": source(chance)}
    lines = []
    for _ in range(chance.choice([1, 1, 2])):
        path = chance.choice(["a.py", "a.py", "lib/b.py"])
        lines += [f"--- {path}", f"+++ {path}"]
        for _ in range(chance.choice([1, 1, 2])):
            old = slipped(chance, stretch(chance, files[path]))
            lines += ["@@ ... @@", *marked(chance, old, replacement(chance, old), " ")]
    fence = chance.choice(["```diff", "```diff", "```diff", "```", ""])
    return {"files": files, "text": "\n".join(["Here:", fence, *lines, "```" if fence else "", ""])}


def of_codex(packages: Path, cases: list[dict[str, Any]]) -> Iterator[bool]:
    program = next((packages / VERSIONS["codex"]).rglob("bin/codex"))
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "a.py")
            path.write_bytes(case["file"].encode())
            Path(folder, "apply_patch").symlink_to(program)
            ran = subprocess.run(
                [Path(folder, "apply_patch"), case["patch"]], cwd=folder, capture_output=True, check=False
            )
            yield ran.returncode == 0


def of_javascript(packages: Path, harness: str, cases: list[dict[str, Any]]) -> Iterator[bool]:
    script = Path(__file__).with_name("edits.mjs")
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    ran = subprocess.run(
        ["node", script, harness, packages / VERSIONS[harness]], input=lines, capture_output=True, text=True, check=True
    )
    yield from (json.loads(line) for line in ran.stdout.splitlines())


def of_aider(harness: str, cases: list[dict[str, Any]]) -> Iterator[bool]:
    """By the coder's own methods, on real files; one block that fails is enough for `applies` to be false."""
    from aider.coders.editblock_coder import EditBlockCoder
    from aider.coders.udiff_coder import UnifiedDiffCoder
    from aider.io import InputOutput

    kind = EditBlockCoder if harness == "aider_blocks" else UnifiedDiffCoder
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in case["files"].items():
                path = Path(folder, name)
                path.parent.mkdir(exist_ok=True)
                path.write_bytes(text.encode())
            coder = kind.__new__(kind)
            coder.root, coder.io, coder.fence = folder, InputOutput(yes=True, pretty=False), ("```", "```")
            coder.abs_fnames = {str(Path(folder, name)) for name in case["files"]}
            coder.abs_root_path_cache, coder.shell_commands = {}, []
            coder.partial_response_content = case["text"]
            try:
                coder.apply_edits(coder.get_edits())
            except Exception:  # noqa: BLE001 - whatever it raises, the answer goes back to the model
                yield False
            else:
                yield True


MAKERS = {
    "codex": patch,
    "opencode_patch": patch,
    "aider_blocks": aider_blocks,
    "aider_diffs": aider_diffs,
    "pi": replacements,
    "openclaw": replacements,
    "continue": replacements,
}


def verdicts(harness: str, packages: Path, cases: list[dict[str, Any]]) -> Iterator[bool]:
    if harness == "codex":
        return of_codex(packages, cases)
    if harness.startswith("aider"):
        return of_aider(harness, cases)
    return of_javascript(packages, harness, cases)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("harness", choices=VERSIONS)
    parser.add_argument("--packages", type=Path, default=Path())
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    make = MAKERS.get(asked.harness, single)
    cases = [make(chance) for _ in range(asked.cases)]
    with contextlib.redirect_stdout(sys.stderr):
        judged = list(verdicts(asked.harness, asked.packages, cases))
    version = VERSIONS[asked.harness]
    if version == "aider-chat":
        version = f"aider-chat-{importlib.metadata.version(version)}"
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    print(json.dumps({"version": version, "seed": asked.seed}))
    for case, applies in zip(cases, judged, strict=True):
        print(json.dumps({**case, "applies": applies}, ensure_ascii=False))


if __name__ == "__main__":
    main()
