"""Ends of published templates (the lines that decide), and what is read from them."""

from __future__ import annotations

import time

import pytest

from anvil_serving.substrate.models.template import TEMPLATE_CAP, Template, read_template

QWEN3 = (
    "{%- if tools %}{%- for tool in tools %}{{ tool | tojson }}{%- endfor %}{%- endif %}"
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}"
    "{%- endif %}"
)
QWEN35_SMALL = (
    "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}"
    "{%- if enable_thinking is defined and enable_thinking is true %}{{- '<think>\\n' }}"
    "{%- else %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}{%- endif %}"
)
GLM_45 = (
    "{%- for m in messages %}{{ '/nothink' if (enable_thinking is defined and not enable_thinking) else '' }}"
    "{%- if add_generation_prompt %}<|assistant|>"
    "{{- '\\n<think></think>' if (enable_thinking is defined and not enable_thinking) else '' -}}{%- endif %}"
)
DEEPSEEK_V31 = (
    "{% if not thinking is defined %}{% set thinking = false %}{% endif %}"
    "{% if add_generation_prompt %}{% if thinking %}{{'<think>'}}{% else %}{{'</think>'}}{% endif %}{% endif %}"
)
DEEPSEEK_R1 = (
    "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}"
    "{% if add_generation_prompt %}{{'<|Assistant|><think>\\n'}}{% endif %}"
)
GPT_OSS = (
    "{%- if reasoning_effort is not defined %}{%- set reasoning_effort = 'medium' %}{%- endif %}"
    "{%- if tools %}namespace functions{%- endif %}"
)
QWEN25 = (
    "{%- if tools %}{{ tools }}{%- endif %}{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}"
)
OLLAMA = "{{- if .Tools }}{{ range .Tools }}{{ . }}{{ end }}{{ end }}{{ .Prompt }}"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        pytest.param(QWEN3, Template(thinking="on", thinking_switch="enable_thinking", tools=True), id="Qwen3"),
        pytest.param(QWEN35_SMALL, Template(thinking="off", thinking_switch="enable_thinking"), id="Qwen3.5 small"),
        pytest.param(GLM_45, Template(thinking="on", thinking_switch="enable_thinking"), id="GLM-4.5"),
        pytest.param(DEEPSEEK_V31, Template(thinking="off", thinking_switch="thinking"), id="DeepSeek-V3.1"),
        pytest.param(DEEPSEEK_R1, Template(thinking="always"), id="DeepSeek-R1"),
        pytest.param(GPT_OSS, Template(thinking="on", thinking_switch="reasoning_effort", tools=True), id="gpt-oss"),
        pytest.param(QWEN25, Template(tools=True), id="Qwen2.5"),
        pytest.param(OLLAMA, Template(tools=True), id="Ollama"),
        pytest.param("", Template(), id="empty"),
    ],
)
def test_what_a_template_shows(template: str, expected: Template) -> None:
    assert read_template(template) == expected


@pytest.mark.parametrize(
    "piece", ["{%", "{{", "{% set thinking ", "add_generation_prompt", "enable_thinking is defined and "]
)
def test_no_template_takes_long(piece: str) -> None:
    started = time.perf_counter()
    read_template(piece * (TEMPLATE_CAP // len(piece) + 1))
    assert time.perf_counter() - started < 5
