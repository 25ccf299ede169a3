//! How fast a stream is decoded: `cargo bench -p anvil-sse`. One line a case, the best of several runs, because the
//! machine is shared and noise only ever slows a run.
#![allow(clippy::print_stdout, clippy::cast_precision_loss, missing_docs, reason = "a program that prints rates")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use anvil_sse::{Decoder, Error, Frame, Limits};

const STREAM_BYTES: usize = 32 << 20;
const RUNS: usize = 7;

fn main() -> Result<(), Error> {
    let chat = format!("data: {{\"id\":\"{}\",\"delta\":{{\"content\":\" word\"}}}}\n\n", "x".repeat(106));
    let named = format!(
        "event: content_block_delta\ndata: {{\"type\":\"content_block_delta\",\"text\":\"{}\"}}\n\n",
        "x".repeat(69)
    );
    let carriage = named.replace('\n', "\r\n");
    let joined = format!("data: {}\ndata: {}\n\n", "x".repeat(70), "x".repeat(64));
    let large = format!("data: {}\n\n", "x".repeat(1 << 20));
    for (name, event) in [
        ("one data line", &chat),
        ("event and data", &named),
        ("the same, CRLF", &carriage),
        ("two data lines", &joined),
        ("1 MiB data line", &large),
    ] {
        let stream = event.repeat(STREAM_BYTES / event.len()).into_bytes();
        for chunk in [16 << 10, 1500, event.len().min(1 << 14), 1] {
            let best = best_of(&stream, chunk)?;
            println!(
                "{name:16} {:7} B/event  {chunk:6} B/chunk  {:6.2} GB/s  {:8.1} ns/event",
                event.len(),
                stream.len() as f64 / best.as_secs_f64() / 1e9,
                best.as_secs_f64() * 1e9 / (stream.len() / event.len()) as f64,
            );
        }
    }
    Ok(())
}

fn best_of(stream: &[u8], chunk: usize) -> Result<Duration, Error> {
    let mut best = Duration::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        black_box(decode(black_box(stream), chunk)?);
        best = best.min(start.elapsed());
    }
    Ok(best)
}

fn decode(stream: &[u8], chunk: usize) -> Result<usize, Error> {
    let mut decoder = Decoder::new(Limits::default());
    let mut sum = 0;
    for bytes in stream.chunks(chunk) {
        decoder.feed(bytes);
        while let Some(frame) = decoder.next()? {
            if let Frame::Event(event) = frame {
                sum += event.data.len() + event.name.len();
            }
        }
    }
    decoder.finish()?;
    Ok(sum)
}
