//! All clients' tallies as one JSON object.

use std::{fmt::Write, time::Duration};

use crate::client::Tally;

pub fn json(tallies: Vec<Tally>, clients: u32, ran_for: Duration, steady_for: Duration) -> String {
    let mut all = Tally::default();
    for tally in tallies {
        all.latencies_us.extend(tally.latencies_us);
        all.first_byte_us.extend(tally.first_byte_us);
        all.errors += tally.errors;
        all.first_error = all.first_error.or(tally.first_error);
        all.cut += tally.cut;
        all.reconnects += tally.reconnects;
        all.events += tally.events;
        all.steady_events += tally.steady_events;
        all.bytes += tally.bytes;
    }
    all.latencies_us.sort_unstable();
    all.first_byte_us.sort_unstable();
    let seconds = ran_for.as_secs_f64();
    let requests = all.latencies_us.len();
    let first_error = all.first_error.map_or("null".to_owned(), |why| quote(&why));
    format!(
        concat!(
            r#"{{"clients":{},"requests":{},"errors":{},"first_error":{},"cut":{},"reconnects":{},"seconds":{:.3},"#,
            r#""requests_per_second":{:.1},"latency_ms":{{"p50":{},"p90":{},"p99":{}}},"first_byte_ms":{{"p50":{},"p99":{}}},"#,
            r#""events":{},"events_per_second":{:.1},"steady_events_per_second":{},"bytes":{}}}"#
        ),
        clients,
        requests,
        all.errors,
        first_error,
        all.cut,
        all.reconnects,
        seconds,
        ratio(requests as u64, seconds),
        percentile(&all.latencies_us, 50),
        percentile(&all.latencies_us, 90),
        percentile(&all.latencies_us, 99),
        percentile(&all.first_byte_us, 50),
        percentile(&all.first_byte_us, 99),
        all.events,
        ratio(all.events, seconds),
        if steady_for.is_zero() {
            "null".to_owned()
        } else {
            format!("{:.1}", ratio(all.steady_events, steady_for.as_secs_f64()))
        },
        all.bytes,
    )
}

#[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
fn ratio(count: u64, seconds: f64) -> f64 {
    if seconds > 0.0 { count as f64 / seconds } else { 0.0 }
}

/// Nearest rank, in milliseconds; `null` where there is nothing to rank.
fn percentile(sorted_us: &[u32], rank: usize) -> String {
    if sorted_us.is_empty() {
        return "null".to_owned();
    }
    let at = (sorted_us.len() * rank).div_ceil(100).saturating_sub(1);
    format!("{:.3}", f64::from(sorted_us[at]) / 1000.0)
}

fn quote(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
