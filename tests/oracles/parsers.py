"""What each language's own parser or compiler says of a text, where this machine has one.

Python's `ast`, `json` and `tomllib`; PyYAML; node; the TypeScript compiler; `gofmt`; `rustc`; `javac`; `gcc`, `g++` and `bash`.
"""

from __future__ import annotations

import ast
import atexit
import json
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from pathlib import Path

from tests.oracles.material import EXTRA, NODE


class Opinion(Enum):
    """What a parser says of a text."""

    ACCEPTS = "accepts"
    REFUSES = "refuses"
    """The text is not of the language."""
    NEITHER = "neither"
    """What is wrong is not the form: a header that is missing, a name that is declared twice."""


Parser = Callable[[list[str]], list[Opinion]]
WITHOUT = frozenset({"html", "css"})
"""Languages whose parsers accept every text."""


class MissingTool(Exception):
    """A language has a parser, and this machine does not have it."""


def parser(language: str) -> Parser | None:
    """The parser of a language; `None` for a language of `WITHOUT`. Raises `MissingTool`."""
    match language:
        case "python":
            return in_process(ast.parse)
        case "json":
            return in_process(json.loads)
        case "toml":
            return in_process(tomllib.loads, re.compile(r"[Cc]annot (?:declare|overwrite|mutate)|[Dd]uplicate"))
        case "yaml":
            return yaml_parser()
        case "javascript":
            script = [tool("node"), "--experimental-vm-modules", "--no-warnings", "-e", NODE_SCRIPT, "--", "node"]
            return in_batches(script, ".js")
        case "typescript" | "tsx":
            suffix = ".ts" if language == "typescript" else ".tsx"
            return in_batches([tool("node"), "-e", TYPESCRIPT_SCRIPT, "--", "node", str(module("typescript"))], suffix)
        case "go":
            return in_batches([tool("sh"), "-c", f'{tool("gofmt")} -e "$@" >/dev/null', "sh"], ".go")
        case "java":
            return in_batches([tool("java"), str(java_program())], ".java")
        case "rust":
            command = [tool("rustc"), "--edition", "2024", "-Zparse-crate-root-only", "--cap-lints", "allow"]
            return one_by_one(command, ".rs", re.compile("^error", re.MULTILINE))
        case "bash":
            return one_by_one([tool("bash"), "-O", "extglob", "-n"], ".sh", re.compile(""))
        case "c":
            return one_by_one([tool("gcc"), *COMPILE, "-x", "c"], ".c", SYNTAX)
        case "cpp":
            return one_by_one([tool("g++"), *COMPILE, "-x", "c++"], ".cpp", SYNTAX)
    if language in WITHOUT:
        return None
    raise ValueError(language)


COMPILE = ["-fsyntax-only", "-w", "-fmax-errors=40"]
SYNTAX = re.compile(r"expected |unterminated|missing terminating|stray |at end of input|unbalanced")


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise MissingTool(f"no {name} on this machine")
    return found


def in_process(parse: Callable[[str], object], beside: re.Pattern[str] | None = None) -> Parser:
    """A function of this process; `beside` is what its errors say that are not of the form."""

    def opinion(text: str) -> Opinion:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                parse(text)
        except (SyntaxError, ValueError) as error:
            return Opinion.NEITHER if beside and beside.search(str(error)) else Opinion.REFUSES
        except (RecursionError, MemoryError):
            return Opinion.NEITHER
        return Opinion.ACCEPTS

    return lambda texts: [opinion(text) for text in texts]


def yaml_parser() -> Parser:
    try:
        import yaml
    except ImportError:
        raise MissingTool("no PyYAML beside this interpreter") from None

    def parse(text: str) -> None:
        try:
            for _ in yaml.parse(text, Loader=yaml.SafeLoader):
                pass
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error

    narrow = in_process(parse)
    wide = in_batches([tool("node"), "-e", YAML_SCRIPT, "--", "node", str(module("yaml"))], ".yaml")

    def opinions(texts: list[str]) -> list[Opinion]:
        """PyYAML is of YAML 1.1, and refuses keys without a name, which YAML 1.2 has: what one parser takes is not broken."""
        found = narrow(texts)
        refused = [number for number, opinion in enumerate(found) if opinion is Opinion.REFUSES]
        for number, opinion in zip(refused, wide([texts[number] for number in refused]), strict=True):
            found[number] = Opinion.REFUSES if opinion is Opinion.REFUSES else Opinion.NEITHER
        return found

    return opinions


def one_by_one(command: list[str], suffix: str, refusal: re.Pattern[str]) -> Parser:
    """A command about one file; where it fails, `refusal` is what it says of a file that is not of the language."""

    def opinion(text: str) -> Opinion:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"block{suffix}")
            path.write_text(text)
            environment = {**os.environ, "RUSTC_BOOTSTRAP": "1", "LC_ALL": "C"}
            run = subprocess.run(
                [*command, str(path)],
                check=False,
                capture_output=True,
                text=True,
                errors="replace",
                cwd=folder,
                env=environment,
            )
        if run.returncode == 0:
            # Bash only warns of a here-document without its end, and goes on after a `[[` that is wrong.
            return Opinion.NEITHER if re.search("delimited by end-of-file|conditional", run.stderr) else Opinion.ACCEPTS
        return Opinion.REFUSES if refusal.search(run.stderr) else Opinion.NEITHER

    def opinions(texts: list[str]) -> list[Opinion]:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return list(threads.map(opinion, texts))

    return opinions


def in_batches(command: list[str], suffix: str) -> Parser:
    """A command about many files at once, which names each that it refuses, on either stream."""

    def opinions(texts: list[str]) -> list[Opinion]:
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder, f"block_{number}_{suffix}") for number in range(len(texts))]
            for path, text in zip(paths, texts, strict=True):
                path.write_text(text)
            said = ""
            for start in range(0, len(paths), 400):
                run = subprocess.run(
                    [*command, *map(str, paths[start : start + 400])],
                    check=False,
                    capture_output=True,
                    text=True,
                    errors="replace",
                )
                if run.returncode not in (0, 1, 2):
                    raise RuntimeError(f"{command[0]} ended with {run.returncode}: {run.stderr[-2000:]}")
                said += run.stdout + run.stderr
        beside = {int(number) for number in re.findall(r"beside \S*block_(\d+)_", said)}
        refused = {int(number) for number in re.findall(r"block_(\d+)_", said)} - beside
        verdicts = {**dict.fromkeys(refused, Opinion.REFUSES), **dict.fromkeys(beside, Opinion.NEITHER)}
        return [verdicts.get(number, Opinion.ACCEPTS) for number in range(len(texts))]

    return opinions


NODE_SCRIPT = r"""
const fs = require('fs'), vm = require('vm'), [,, ...paths] = process.argv;
const BESIDE = /has already been declared|Undefined label|Undefined break|Duplicate export|is not defined in module|must be declared/;
for (const path of paths) {
  const text = fs.readFileSync(path, 'utf8').replace(/^#!.*/, '');
  const words = [];
  const read = (parse) => { try { parse(); return true } catch (error) { words.push(error.message); return false } };
  if (read(() => vm.compileFunction(text, ['require', 'module', 'exports'])) || read(() => new vm.SourceTextModule(text))) continue;
  console.log((words.some((word) => BESIDE.test(word)) ? 'beside ' : '') + path);
}
"""

TYPESCRIPT_SCRIPT = """
const ts = require(process.argv[2]), fs = require('fs'), [,,, ...paths] = process.argv;
for (const path of paths) {
  const kind = path.endsWith('x') ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  const tree = ts.createSourceFile(path, fs.readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, false, kind);
  if (tree.parseDiagnostics.length) console.log(path);
}
"""

YAML_SCRIPT = """
const yaml = require(process.argv[2]), fs = require('fs'), [,,, ...paths] = process.argv;
for (const path of paths) {
  if (yaml.parseAllDocuments(fs.readFileSync(path, 'utf8')).some((document) => document.errors?.length)) console.log(path);
}
"""

JAVA_PROGRAM = """
import com.sun.source.util.JavacTask;
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


def module(name: str) -> Path:
    """The folder of a package of Node."""
    for modules in [*NODE, *EXTRA]:
        if (modules / name / "package.json").is_file():
            return modules / name
    raise MissingTool(f"no {name} below target/oracles (`make test-oracles` installs it)")


def java_program() -> Path:
    tool("javac")  # a runtime alone has no compiler
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder, "Parse.java")
    path.write_text(JAVA_PROGRAM)
    return path
