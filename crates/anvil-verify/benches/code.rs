//! How fast blocks of code are checked: this crate's own Rust, and a page of each other language.
#![allow(missing_docs, reason = "criterion's macros make public items")]
#![allow(clippy::expect_used, reason = "a benchmark that meets an error has failed")]

use anvil_verify::code::{Language, check};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use cpu_time::CpuTime;

#[path = "../../../benches/rates/corpus.rs"]
mod corpus;
#[path = "../../../benches/rates/cpu_time.rs"]
mod cpu_time;

const PYTHON: &str = include_str!("../../../tests/oracles/code_blocks.py");
const RUST: &str = include_str!("../src/code/lexis.rs");
const GO: &str = include_str!("pages/ledger.go");
const JAVA: &str = include_str!("pages/Ledger.java");
const JSON: &str = include_str!("pages/report.json");
const TOML: &str = include_str!("pages/project.toml");
const YAML: &str = include_str!("pages/deployment.yaml");
const HTML: &str = include_str!("pages/page.html");
const CSS: &str = include_str!("pages/page.css");
const JAVASCRIPT: &str = r#"
export async function load(path, { retries = 3, delay = 100 } = {}) {
  for (let attempt = 0; attempt < retries; attempt++) {
    try {
      const response = await fetch(`${path}?attempt=${attempt}`);
      if (response.ok) return await response.json();
    } catch (error) {
      console.warn("failed", { attempt, error });
    }
    await new Promise((resolve) => setTimeout(resolve, delay * 2 ** attempt));
  }
  throw new Error("gave up");
}
"#;
const TYPESCRIPT: &str = include_str!("pages/cache.ts");
const TSX: &str = include_str!("pages/list.tsx");
const BASH: &str = include_str!("pages/release.sh");
const C: &str = include_str!("pages/table.c");
const CPP: &str = include_str!("pages/shop.cpp");

fn blocks(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("code");
    corpus::keep("python.py", PYTHON);
    corpus::keep("report.json", JSON);
    corpus::keep("project.toml", TOML);
    corpus::keep("deployment.yaml", YAML);
    let javascript = JAVASCRIPT.repeat(20);
    let broken = format!("{javascript}\nfunction cut() {{ return [1, 2");
    let (c, cpp) = (C.repeat(10), CPP.repeat(10));
    for (name, language, code, good) in [
        ("c", Language::C, c.as_str(), true),
        ("c++", Language::Cpp, cpp.as_str(), true),
        ("python", Language::Python, PYTHON, true),
        ("rust", Language::Rust, RUST, true),
        ("go", Language::Go, GO, true),
        ("java", Language::Java, JAVA, true),
        ("javascript", Language::JavaScript, javascript.as_str(), true),
        ("typescript", Language::TypeScript, TYPESCRIPT, true),
        ("tsx", Language::Tsx, TSX, true),
        ("bash", Language::Bash, BASH, true),
        ("javascript, cut", Language::JavaScript, broken.as_str(), false),
        ("json", Language::Json, JSON, true),
        ("toml", Language::Toml, TOML, true),
        ("yaml", Language::Yaml, YAML, true),
        ("html", Language::Html, HTML, true),
        ("css", Language::Css, CSS, true),
    ] {
        assert_eq!(check(language, code).is_ok(), good, "{name}");
        group.throughput(Throughput::BytesDecimal(code.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| check(language, code).is_ok()));
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = cpu_time::criterion();
    targets = blocks
}
criterion_main!(benches);
