"""Real code, its natural fragments and broken copies of it, as lines of JSON for the test of code blocks.

    python tests/oracles/code_blocks.py [--files N] [--mutants N] [--seed N] [--languages a,b]

Each line is `{"language", "kind", "name", "code"}`; `kind` is `file` or `fragment` for what the language's own parser accepts (or a
piece of it), and `mutant:<what was done>` for a copy that it refuses. The parsers are Python's `ast`, `json` and `tomllib`, PyYAML,
`node`, the TypeScript compiler, `gofmt`, `rustfmt`, `javac`, `gcc` and `bash`, each where this machine has it; so is the material: the
interpreter's own library and packages, the clients' `node_modules`, cargo's registry, GOROOT, `/usr/include`.
"""

import argparse
import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import textwrap
import tomllib
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LARGEST = 32_000
CARGO = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "registry" / "src"
NODE_MODULES = [
    ROOT / "target/clients/node_modules",
    Path("/usr/lib/node_modules"),
    Path("/usr/local/lib/node_modules"),
]
EXTRA = [Path(p) for p in os.environ.get("ANVIL_CODE_MATERIAL", "").split(os.pathsep) if p]
PYTHON = [
    Path(sysconfig.get_path("stdlib")),
    Path(sysconfig.get_path("purelib")),
    *(Path(p) for p in sys.path if "site-packages" in p),
]

Oracle = Callable[[list[str]], list[bool]]


def go_root() -> list[Path]:
    go = shutil.which("go")
    if go is None:
        return []
    return [
        Path(subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()) / "src"
    ]


def one_by_one(parse: Callable[[str], object]) -> Oracle:
    def accepts(texts: list[str]) -> list[bool]:
        verdicts = []
        for text in texts:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    parse(text)
                verdicts.append(True)
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                verdicts.append(False)
        return verdicts

    return accepts


def by_command(command: list[str], suffix: str, broken: re.Pattern[str] | None = None) -> Oracle | None:
    """Asks a command about one file at a time; `broken` is what it has to say of a text for it to count as refused."""
    program = shutil.which(command[0])
    if program is None:
        return None

    def accepts(texts: list[str]) -> list[bool]:
        verdicts = []
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"block{suffix}")
            for text in texts:
                path.write_text(text)
                run = subprocess.run(
                    [program, *command[1:], str(path)], check=False, capture_output=True, text=True, errors="replace"
                )
                verdicts.append(run.returncode == 0 or (broken is not None and not broken.search(run.stderr)))
        return verdicts

    return accepts


def by_batch(command: list[str], suffix: str) -> Oracle | None:
    """Asks a command about many files at once; it names each that it refuses, on either stream."""
    program = shutil.which(command[0])
    if program is None:
        return None

    def accepts(texts: list[str]) -> list[bool]:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"block_{number}_{suffix}") for number in range(len(texts))]
            for path, text in zip(paths, texts, strict=True):
                path.write_text(text)
            refused: set[str] = set()
            for start in range(0, len(paths), 200):
                run = subprocess.run(
                    [program, *command[1:], *map(str, paths[start : start + 200])],
                    check=False,
                    capture_output=True,
                    text=True,
                    errors="replace",
                )
                refused |= set(re.findall(r"block_\d+_", run.stderr + run.stdout))
            return [f"block_{number}_" not in refused for number in range(len(paths))]

    return accepts


NODE = """
const fs = require('fs'), vm = require('vm'), [,, ...paths] = process.argv;
for (const path of paths) {
  const text = fs.readFileSync(path, 'utf8').replace(/^#!.*/, '');
  let good = false;
  try { vm.compileFunction(text, ['require', 'module', 'exports']); good = true } catch {}
  if (!good) try { new vm.SourceTextModule(text); good = true } catch {}
  if (!good) console.log(path);
}
"""

TYPESCRIPT = """
const ts = require(process.argv[2]), fs = require('fs'), [,,, ...paths] = process.argv;
for (const path of paths) {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const tree = ts.createSourceFile(path, fs.readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, false, kind);
  if (tree.parseDiagnostics.length) console.log(path);
}
"""

JAVA = """
import com.sun.source.util.JavacTask;
import java.nio.file.*;
import java.util.*;
import javax.tools.*;
public class Parse {
    public static void main(String[] paths) throws Exception {
        var compiler = ToolProvider.getSystemJavaCompiler();
        var files = compiler.getStandardFileManager(null, null, null);
        for (String path : paths) {
            var found = new DiagnosticCollector<JavaFileObject>();
            var task = (JavacTask) compiler.getTask(null, files, found, List.of(), null, files.getJavaFileObjects(path));
            task.parse();
            if (found.getDiagnostics().stream().anyMatch(d -> d.getKind() == Diagnostic.Kind.ERROR)) System.out.println(path);
        }
    }
}
"""


def node_oracle() -> Oracle | None:
    return by_batch(["node", "--experimental-vm-modules", "--no-warnings", "-e", NODE, "--", "node"], ".js")


def typescript_oracle(suffix: str) -> Oracle | None:
    for modules in [*NODE_MODULES, *EXTRA]:
        if (modules / "typescript/lib/typescript.js").is_file():
            return by_batch(["node", "-e", TYPESCRIPT, "--", "node", str(modules / "typescript")], suffix)
    return None


def java_oracle() -> Oracle | None:
    if shutil.which("javac") is None:
        return None
    path = Path(tempfile.mkdtemp(), "Parse.java")
    path.write_text(JAVA)
    return by_batch(["java", str(path)], ".java")


def yaml_oracle() -> Oracle | None:
    try:
        import yaml
    except ImportError:
        return None

    def parse(text: str) -> None:
        try:
            for _ in yaml.parse(text, Loader=yaml.SafeLoader):
                pass
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error

    return one_by_one(parse)


SYNTAX = re.compile(r"expected |unterminated|missing terminating|stray |at end of input|unbalanced")
RUSTFMT = ["rustfmt", "--edition", "2021", "--check", "--config", "error_on_unformatted=false"]


def oracles() -> dict[str, Oracle | None]:
    return {
        "python": one_by_one(ast.parse),
        "json": one_by_one(json.loads),
        "toml": one_by_one(tomllib.loads),
        "yaml": yaml_oracle(),
        "javascript": node_oracle(),
        "typescript": typescript_oracle(".ts"),
        "tsx": typescript_oracle(".tsx"),
        "go": by_batch(["gofmt", "-e", "-l"], ".go") and gofmt(),
        "rust": by_command(RUSTFMT, ".rs", re.compile(r"^error", re.MULTILINE)),
        "java": java_oracle(),
        "bash": by_command(["bash", "-n"], ".sh"),
        "c": by_command(["gcc", "-fsyntax-only", "-w", "-fmax-errors=3", "-x", "c"], ".c", SYNTAX),
        "cpp": by_command(["g++", "-fsyntax-only", "-w", "-fmax-errors=3", "-x", "c++"], ".cpp", SYNTAX),
    }


def gofmt() -> Oracle:
    """`gofmt -l` names files that it would only lay out anew, on stdout; what it refuses is on stderr."""
    oracle = by_batch(["sh", "-c", 'gofmt -e "$@" >/dev/null', "sh"], ".go")
    assert oracle is not None
    return oracle


def roots() -> dict[str, tuple[list[Path], tuple[str, ...]]]:
    return {
        "python": ([*PYTHON, *EXTRA], (".py",)),
        "json": ([*NODE_MODULES, *PYTHON, *EXTRA], (".json",)),
        "toml": ([CARGO, *PYTHON, *EXTRA], (".toml",)),
        "yaml": ([CARGO, *NODE_MODULES, *EXTRA], (".yaml", ".yml")),
        "javascript": ([*NODE_MODULES, *PYTHON, *EXTRA], (".js", ".mjs", ".cjs")),
        "typescript": ([*NODE_MODULES, *EXTRA], (".ts",)),
        "tsx": ([*NODE_MODULES, *EXTRA], (".tsx",)),
        "go": ([*go_root(), *EXTRA], (".go",)),
        "rust": ([ROOT / "crates", CARGO, *EXTRA], (".rs",)),
        "java": ([*EXTRA], (".java",)),
        "bash": ([CARGO, *NODE_MODULES, *go_root(), Path("/etc"), *EXTRA], (".sh",)),
        "c": ([CARGO, *go_root(), *PYTHON, *EXTRA, Path("/usr/include")], (".c", ".h")),
        "cpp": ([CARGO, *EXTRA, Path("/usr/include/c++")], (".cpp", ".cc", ".hpp", ".cxx")),
        "css": ([*NODE_MODULES, *PYTHON, *EXTRA], (".css",)),
        "html": ([*NODE_MODULES, *PYTHON, CARGO, *EXTRA], (".html",)),
    }


# What is broken or not of the language on purpose: the tests of parsers.
BROKEN = re.compile(
    r"bad_?|invalid|broken|lib2to3/tests|test/testdata|/testdata/|fixtures|tests?/data|errors?/|template|/ui/|compile-fail|\.min\.|\.tmpl"
)


def sources(language: str, count: int, chance: random.Random) -> list[tuple[str, str]]:
    folders, suffixes = roots()[language]
    paths: set[Path] = set()
    for folder in folders:
        if folder.is_dir():
            found = []
            for directory, _, names in os.walk(folder):
                found += [Path(directory, name) for name in names if name.endswith(suffixes)]
            paths |= set(chance.sample(sorted(found), min(len(found), 8 * count)))
    if language == "java":
        for archive in sorted(Path("/usr/lib/jvm").glob("*/lib/src.zip")):
            with zipfile.ZipFile(archive) as content:
                names = [
                    n for n in content.namelist() if n.endswith(".java") and content.getinfo(n).file_size < LARGEST
                ]
                return [
                    (n, content.read(n).decode(errors="replace")) for n in chance.sample(names, min(len(names), count))
                ]
    texts = []
    order = sorted(paths)
    chance.shuffle(order)
    for path in order:
        if len(texts) == count:
            break
        if BROKEN.search(str(path)) or path.stat().st_size > LARGEST:
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        if text.strip() and "\0" not in text:
            texts.append((str(path), text))
    return texts


def python_units(text: str) -> Iterator[str]:
    lines = text.splitlines(keepends=True)
    tree = ast.parse(text)
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and not isinstance(node, ast.Module):
            first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            whole = "".join(lines[first - 1 : node.end_lineno])
            yield whole
            yield textwrap.dedent(whole)
            yield whole.lstrip()
            if body[0].lineno > node.lineno:
                yield "".join(lines[body[0].lineno - 1 : body[-1].end_lineno])
    starts = [n.lineno for n in tree.body]
    for number in starts[1:8]:
        if not lines[number - 2].strip():
            yield "".join(lines[: number - 1])


BLOCK = re.compile(r"^(\s*)(?!//|/?\*|#|case\b|default\b)\S.*[{]$")


def brace_units(text: str) -> Iterator[str]:
    """What stands between a line that ends with a brace and the line as far in that begins with the brace's other half."""
    lines = text.splitlines(keepends=True)
    if "`" in text or ("/*" in text.replace("*/", "", text.count("/*")) and text.count("/*") != text.count("*/")):
        return
    for number, line in enumerate(lines):
        opened = BLOCK.match(line.rstrip())
        if opened is None or re.match(r"\s*[}\])]", line):
            continue
        depth = opened.group(1)
        for end in range(number + 1, min(len(lines), number + 120)):
            inside = lines[end].startswith(depth + (" " if " " in depth or not depth else "\t")) or lines[
                end
            ].startswith(depth + "\t")
            if lines[end].strip() and not inside:
                if re.match(re.escape(depth) + r"[}][;,)]*\s*$", lines[end]):
                    whole = "".join(lines[number : end + 1])
                    if whole.count("{") == whole.count("}") and whole.count("(") == whole.count(")"):
                        yield whole
                        yield "".join(lines[number + 1 : end])
                break


def units(language: str, text: str) -> Iterator[str]:
    if language == "python":
        yield from python_units(text)
    elif language in ("javascript", "typescript", "tsx", "go", "rust", "java", "c", "cpp", "css"):
        yield from brace_units(text)
    elif language == "json":
        members = json.loads(text)
        if isinstance(members, dict) and members:
            yield ",\n".join(
                f'"{key}": {json.dumps(value, indent=2)}' for key, value in list(members.items())[:5] if key.isascii()
            )
    elif language == "toml":
        tables = re.split(r"^(?=\[)", text, flags=re.MULTILINE)
        if not re.search(r"'''|\"\"\"", text) and not re.search(r"=\s*\[\s*$", text, re.MULTILINE):
            yield from tables[1:6]


TOKEN = re.compile(r"\w+|[^\w\s]")
KEYWORD = re.compile(
    r"\b(?:def|class|in|import|for|if|else|fn|let|func|function|const|return|public|void|struct|then|do|while|match|switch)\b"
)


def cut_out(text: str, pattern: re.Pattern[str], chance: random.Random) -> str | None:
    found = list(pattern.finditer(text))
    if not found:
        return None
    one = chance.choice(found)
    return text[: one.start()] + text[one.end() :]


def mutate(text: str, chance: random.Random) -> tuple[str, str | None]:
    kind = chance.choice(
        ["bracket", "quote", "colon", "keyword", "cut", "line", "twice", "swap", "extra", "unterminated"]
    )
    lines = text.splitlines(keepends=True)
    number = chance.randrange(len(lines))
    if kind == "bracket":
        return kind, cut_out(text, re.compile(r"[(){}\[\]]"), chance)
    if kind == "quote":
        return kind, cut_out(text, re.compile(r"[\"']"), chance)
    if kind == "colon":
        return kind, cut_out(text, re.compile(r"[:;,=]"), chance)
    if kind == "keyword":
        return kind, cut_out(text, KEYWORD, chance)
    if kind == "cut":
        return kind, text[: chance.randrange(len(text) // 10, len(text))]
    if kind == "line":
        return kind, "".join(lines[:number] + lines[number + 1 :])
    if kind == "twice":
        return kind, "".join([*lines[: number + 1], *lines[number:]])
    if kind == "extra":
        at = chance.randrange(len(lines))
        return kind, "".join([*lines[:at], lines[at].rstrip("\n") + chance.choice("(){}[]") + "\n", *lines[at + 1 :]])
    if kind == "unterminated":
        return kind, cut_out(text, re.compile(r"(?<=\w)[\"'](?=[,;)\]}]?$)", re.MULTILINE), chance)
    tokens = list(TOKEN.finditer(text))
    if len(tokens) < 2:
        return kind, None
    at = chance.randrange(len(tokens) - 1)
    one, two = tokens[at], tokens[at + 1]
    between = text[one.end() : two.start()]
    return kind, text[: one.start()] + two.group() + between + one.group() + text[two.end() :]


def emit(language: str, kind: str, name: str, code: str) -> None:
    sys.stdout.write(json.dumps({"language": language, "kind": kind, "name": name, "code": code}) + "\n")


def produce(language: str, oracle: Oracle | None, files: int, mutants: int, chance: random.Random) -> None:
    texts = sources(language, files, chance)
    accepted = oracle([text for _, text in texts]) if oracle else [True] * len(texts)
    good = [source for source, is_good in zip(texts, accepted, strict=True) if is_good]
    for name, text in good:
        emit(language, "file", name, text)
        pieces = [unit for unit in units(language, text) if unit.strip()]
        for piece in chance.sample(pieces, min(len(pieces), 6)):
            emit(language, "fragment", name, piece)
    if oracle is None or not good:
        return
    broken: list[tuple[str, str, str]] = []
    for _ in range(mutants):
        name, text = chance.choice(good)
        kind, mutant = mutate(text, chance)
        if mutant is not None and mutant.strip():
            broken.append((kind, name, mutant))
    for (kind, name, mutant), is_good in zip(broken, oracle([mutant for _, _, mutant in broken]), strict=True):
        if not is_good:
            emit(language, f"mutant:{kind}", name, mutant)


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=40, help="files of each language")
    parser.add_argument("--mutants", type=int, default=60, help="broken copies tried of each language")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--languages", default="", help="only these, with commas between them")
    asked = parser.parse_args(arguments)
    known = oracles()
    for language in asked.languages.split(",") if asked.languages else roots():
        chance = random.Random(f"{asked.seed} {language}")
        produce(language, known.get(language), asked.files, asked.mutants, chance)


if __name__ == "__main__":
    main()
