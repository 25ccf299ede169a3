"""Sessions of Claude Code and Codex: the members are those of the recorded ones, the texts are this repository's."""

from __future__ import annotations

import datetime
import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parents[2]
START = datetime.datetime(2026, 11, 2, 8, tzinfo=datetime.UTC)
FILE_BYTES = 24_000_000
CLAUDE_SHARE = 0.75


class Text:
    """Pieces of this repository's sources, encoded once: what tools read and write."""

    def __init__(self, chance: random.Random) -> None:
        sources = [path.read_text() for path in sorted((REPOSITORY / "python").rglob("*.py"))]
        self._chance = chance
        self._encoded: list[tuple[int, str]] = []
        for size, number in ((60, 200), (300, 200), (1_500, 200), (6_000, 100), (24_000, 30)):
            for _ in range(number):
                source = chance.choice(sources)
                begin = chance.randrange(max(1, len(source) - size))
                self._encoded.append((size, json.dumps(source[begin : begin + size])))

    def of(self, *sizes: int) -> str:
        """A JSON string of about one of these lengths."""
        size = self._chance.choice(sizes)
        return self._chance.choice([text for at, text in self._encoded if at == size])


def write(folder: Path, size: int, *, seed: int = 7) -> None:
    """Writes files of about `size` bytes together, a folder a client."""
    chance = random.Random(seed)
    text = Text(chance)
    remaining, number = size, 0
    while remaining > 0:
        client = "claude-code" if number % 4 < 4 * CLAUDE_SHARE else "codex"
        path = folder / client / f"{'rollout-' if client == 'codex' else ''}{number:04}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = claude(chance, text, number) if client == "claude-code" else codex(chance, text, number)
        cap = min(remaining, FILE_BYTES)
        with path.open("w") as file:
            while file.tell() < cap:
                file.writelines(f"{next(lines)}\n" for _ in range(64))
            remaining -= file.tell()
        number += 1


def claude(chance: random.Random, text: Text, number: int) -> Iterator[str]:
    """The lines of a session that never ends."""
    at = START + datetime.timedelta(minutes=37 * number)
    rest = (
        f'"userType":"external","entrypoint":"cli","cwd":"/home/someone/work/project-{number % 9}",'
        f'"sessionId":"{chance.getrandbits(128):032x}","version":"2.1.197","gitBranch":"main"'
    )
    context = 18_000
    for turn in range(10**9):
        at += datetime.timedelta(seconds=chance.expovariate(1 / 20))
        if turn % 12 == 0:
            at += datetime.timedelta(seconds=chance.expovariate(1 / 90))
            yield _line(at, chance, f'"type":"user","message":{{"role":"user","content":{text.of(60, 300)}}}', rest)
        message, request = f"msg_01{chance.getrandbits(96):024x}", f"req_011{chance.getrandbits(96):024x}"
        tool, wrote, output = f"toolu_01{chance.getrandbits(96):024x}", chance.randrange(200, 3000), 0
        output = int(chance.lognormvariate(5.5, 1.2)) + 1
        usage = (
            f'{{"input_tokens":{chance.randrange(1, 9)},"cache_creation_input_tokens":{wrote},'
            f'"cache_read_input_tokens":{context},"output_tokens":{output},"server_tool_use":{{"web_search_requests":0,'
            f'"web_fetch_requests":0}},"service_tier":"standard","cache_creation":{{"ephemeral_1h_input_tokens":{wrote},'
            '"ephemeral_5m_input_tokens":0},"inference_geo":"","iterations":[],"speed":"standard"}'
        )
        context = 18_000 if context > 160_000 else context + wrote
        blocks = [f'{{"type":"text","text":{text.of(60, 300, 1_500)}}}']
        if chance.random() < 0.3:
            blocks.insert(0, f'{{"type":"thinking","thinking":{text.of(300, 1_500)},"signature":"{"c2ln" * 60}"}}')
        name, given = chance.choice((("Read", 60), ("Edit", 1_500), ("Bash", 60), ("Write", 6_000), ("Grep", 60)))
        blocks.append(
            f'{{"type":"tool_use","id":"{tool}","name":"{name}","input":{{"file_path":"/home/someone/work/a.py",'
            f'"content":{text.of(given)}}}}}'
        )
        for block in blocks:
            at += datetime.timedelta(seconds=output / 80 / len(blocks))
            yield _line(
                at,
                chance,
                f'"message":{{"id":"{message}","type":"message","role":"assistant","model":"claude-opus-4-8","content":'
                f'[{block}],"stop_reason":"tool_use","stop_sequence":null,"usage":{usage},"stop_details":null}},'
                f'"requestId":"{request}","type":"assistant"',
                rest,
            )
        result = text.of(60, 300, 1_500, 1_500, 6_000, 24_000)
        at += datetime.timedelta(seconds=chance.expovariate(1 / 4))
        yield _line(
            at,
            chance,
            f'"type":"user","message":{{"role":"user","content":[{{"tool_use_id":"{tool}","type":"tool_result",'
            f'"content":{result}}}]}},"toolUseResult":{{"stdout":{result},"stderr":"","interrupted":false}}',
            rest,
        )


def _line(at: datetime.datetime, chance: random.Random, middle: str, rest: str) -> str:
    return (
        f'{{"parentUuid":"{chance.getrandbits(128):032x}","isSidechain":false,{middle},'
        f'"uuid":"{chance.getrandbits(128):032x}","timestamp":"{_moment(at)}",{rest}}}'
    )


def _moment(at: datetime.datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def codex(chance: random.Random, text: Text, number: int) -> Iterator[str]:
    """The lines of a session that never ends."""
    at = START + datetime.timedelta(minutes=37 * number)
    sums = dict.fromkeys(("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens"), 0)

    def line(kind: str, payload: str) -> str:
        return f'{{"timestamp":"{_moment(at)}","type":"{kind}","payload":{payload}}}'

    thread = f"{chance.getrandbits(128):032x}"
    yield line("session_meta", f'{{"id":"{thread}","cwd":"/home/someone/work/project-{number % 9}","source":"cli"}}')
    yield line("turn_context", '{"cwd":"/home/someone/work","model":"gpt-5.5","summary":"none"}')
    yield line("event_msg", '{"type":"task_started"}')
    for turn in range(10**9):
        at += datetime.timedelta(seconds=chance.expovariate(1 / 15))
        call = f'"call_id":"call_{turn}"'
        yield line("response_item", f'{{"type":"reasoning","summary":[],"encrypted_content":{text.of(1_500, 6_000)}}}')
        yield line(
            "response_item", f'{{"type":"function_call","name":"exec_command","arguments":{text.of(300)},{call}}}'
        )
        output = text.of(300, 1_500, 1_500, 6_000, 24_000)
        yield line("response_item", f'{{"type":"function_call_output",{call},"output":{output}}}')
        last: dict[str, Any] = {
            "input_tokens": 20_000 + 900 * (turn % 200),
            "cached_input_tokens": 19_000 + 900 * (turn % 200),
            "output_tokens": chance.randrange(20, 2_000),
            "reasoning_output_tokens": chance.randrange(20),
        }
        sums = {name: sums[name] + last[name] for name in sums}
        info = json.dumps({"total_token_usage": sums, "last_token_usage": last}, separators=(",", ":"))
        yield line("event_msg", f'{{"type":"token_count","info":{info},"rate_limits":null}}')
