//! How fast the checks of an answer's text are: an answer of prose, code, tables and data, in pieces as a tier streams them.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that meets an error has failed")]

use std::hint::black_box;

use anvil_verify::{Content, Fences, LeakedCall, Refusal, Repetition, Template, Tokens};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use cpu_time::CpuTime;

#[path = "../../../benches/rates/cpu_time.rs"]
mod cpu_time;

/// How many bytes an event of a stream brings. A local tier brings fewer; then its events cost more than these checks.
const PIECE: usize = 64;

fn answer() -> String {
    let mut text = String::new();
    for at in 0..200 {
        text += &[
            format!("## Step {at}\n\nThe parser reads `line {at}` and keeps what is <b>new</b> in it, [as above](#step).\n\n"),
            format!("```rust\nfn step_{at}(input: &str) -> Option<usize> {{\n    input.find(\"{at}\").map(|found| found + {at})\n}}\n```\n\n"),
            format!("| name | value |\n|---|---|\n| a{at} | {} |\n\n- one of {at}\n  - and two\n\n", at * 7),
            format!("```json\n{{\"id\": {at}, \"items\": [{at}, 0, 0, 0, 0, 0, 0, 0], \"name\": \"item {at}\"}}\n```\n\n"),
        ]
        .concat();
    }
    text
}

fn pieces(text: &str) -> Vec<&str> {
    let cuts: Vec<usize> = (0..text.len()).step_by(PIECE).chain([text.len()]).collect();
    cuts.windows(2).map(|ends| &text[ends[0]..ends[1]]).collect()
}

fn offered() -> Vec<String> {
    (0..30).map(|at| format!("mcp__server__tool_{at}")).collect()
}

fn template(pieces: &[&str]) {
    let mut template = Template::new(Tokens::default());
    let found = pieces.iter().try_for_each(|piece| template.feed(piece)).and_then(|()| template.end());
    assert!(black_box(found).is_ok());
}

fn leaked_call(pieces: &[&str], offered: &[String]) {
    let mut leaked = LeakedCall::new(offered);
    let found = pieces.iter().try_for_each(|piece| leaked.feed(piece)).and_then(|()| leaked.end());
    assert!(black_box(found).is_ok());
}

fn repetition(pieces: &[&str]) {
    let mut repetition = Repetition::default();
    let found = pieces.iter().try_for_each(|piece| repetition.feed(piece));
    assert!(black_box(found).is_ok());
}

fn fences(pieces: &[&str]) {
    let (mut fences, mut events) = (Fences::default(), 0);
    for piece in pieces {
        fences.feed(piece, |_| events += 1);
    }
    fences.end(|_| events += 1);
    assert!(black_box(events) > 0);
}

fn short(pieces: &[&str]) {
    let (mut content, mut refusal) = (Content::default(), Refusal::default());
    for piece in pieces {
        content.feed_text(piece);
        refusal.feed(piece);
    }
    assert!(black_box((content, refusal.end())).1.is_none());
}

fn text(criterion: &mut Criterion<CpuTime>) {
    let (answer, offered) = (answer(), offered());
    let pieces = pieces(&answer);
    let mut group = criterion.benchmark_group("text");
    group.throughput(Throughput::BytesDecimal(answer.len() as u64));
    group.bench_function("template", |bencher| bencher.iter(|| template(&pieces)));
    group.bench_function("leaked_call", |bencher| bencher.iter(|| leaked_call(&pieces, &offered)));
    group.bench_function("repetition", |bencher| bencher.iter(|| repetition(&pieces)));
    group.bench_function("fences", |bencher| bencher.iter(|| fences(&pieces)));
    group.bench_function("content_and_refusal", |bencher| bencher.iter(|| short(&pieces)));
    group.bench_function("all", |bencher| {
        bencher.iter(|| {
            template(&pieces);
            leaked_call(&pieces, &offered);
            repetition(&pieces);
            fences(&pieces);
            short(&pieces);
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = cpu_time::criterion();
    targets = text
}
criterion_main!(benches);
