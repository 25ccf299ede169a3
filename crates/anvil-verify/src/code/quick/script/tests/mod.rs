//! What is accepted, what is not, and what no text may take.

mod hostile;
mod right;
mod wrong;
mod wrong_types;

use super::{Dialect, accepts};

const SCRIPTS: [Dialect; 3] = [Dialect::JAVASCRIPT, Dialect::TYPESCRIPT, Dialect::TSX];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Accepted,
    NotAccepted,
}

fn verdict(dialect: Dialect, code: &str) -> Verdict {
    if accepts(dialect, code) { Verdict::Accepted } else { Verdict::NotAccepted }
}

/// Every code has this verdict in every language.
fn assert_each(expected: Verdict, dialects: &[Dialect], table: &[&str]) {
    let pairs = dialects.iter().flat_map(|&dialect| table.iter().map(move |&code| (dialect, code)));
    let others: Vec<_> = pairs.filter(|&(dialect, code)| verdict(dialect, code) != expected).collect();
    assert!(others.is_empty(), "not {expected:?}: {others:#?}");
}
