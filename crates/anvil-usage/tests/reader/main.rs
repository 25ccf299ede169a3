//! Whole logs in, requests out.

mod claude;
mod codex;
mod lines;
mod oracle;
mod strategies;

use anvil_usage::{Client, Log, Reader, Tokens};

/// What a file of these bytes says.
fn read(client: Client, bytes: &[u8]) -> Log {
    let mut reader = Reader::new(client);
    reader.feed(bytes);
    reader.finish()
}

fn lines(lines: &[String]) -> Vec<u8> {
    lines.iter().flat_map(|line| [line.as_bytes(), b"\n"].concat()).collect()
}

fn tokens(fresh: u64, cache_read: u64, cache_write: u64, cache_write_hour: u64, output: u64) -> Tokens {
    Tokens { fresh, cache_read, cache_write, cache_write_hour, output, reasoning: 0 }
}
