//! How fast a diff is read: `cargo bench -p anvil-verify --bench diff`.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that meets an error has failed")]

use std::fmt::Write;
use std::hint::black_box;

use anvil_verify::diff::{Diff, Reading};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use cpu_time::CpuTime;

#[path = "../../../benches/rates/corpus.rs"]
mod corpus;
#[path = "../../../benches/rates/cpu_time.rs"]
mod cpu_time;

const BYTES: usize = 1 << 20;

/// Files with hunks of seven lines, about 37 bytes each.
fn patch() -> String {
    let mut text = String::with_capacity(BYTES + 1024);
    let mut file = 0;
    while text.len() < BYTES {
        file += 1;
        let _ = write!(text, "diff --git a/src/{file}.rs b/src/{file}.rs\nindex 1234567..89abcde 100644\n");
        let _ = write!(text, "--- a/src/{file}.rs\n+++ b/src/{file}.rs\n");
        for hunk in 1..8 {
            let line = hunk * 40;
            let context = "     let context = self.context(line)?;\n".repeat(3);
            let _ = write!(text, "@@ -{line},7 +{line},8 @@ fn example()\n{context}");
            text.push_str("-        let before = previous(line, column);\n+        let after = next(line, column);\n+        use_it(after)?;\n");
            text.push_str(&context);
        }
    }
    text
}

fn read(text: &str, piece: usize, reading: Reading) -> bool {
    let mut diff = Diff::new(reading);
    let mut rest = text;
    while !rest.is_empty() {
        let (head, tail) = rest.split_at(piece.min(rest.len()));
        if diff.feed(head).is_err() {
            return false;
        }
        rest = tail;
    }
    diff.end().is_ok()
}

fn rates(criterion: &mut Criterion<CpuTime>) {
    let text = patch();
    assert!(read(&text, text.len(), Reading::Patch), "the patch is whole");
    let mut group = criterion.benchmark_group("diff");
    group.throughput(Throughput::BytesDecimal(text.len() as u64));
    corpus::keep("patch.diff", &text);
    for (name, reading) in [("patch", Reading::Patch), ("block", Reading::Block)] {
        for (piece, words) in [(text.len(), "whole"), (1500, "reads"), (4, "deltas")] {
            group.bench_function(format!("{name}, {words}"), |bencher| {
                bencher.iter(|| read(black_box(&text), piece, reading));
            });
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = cpu_time::criterion();
    targets = rates
}
criterion_main!(benches);
