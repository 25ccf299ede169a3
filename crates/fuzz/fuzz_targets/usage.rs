//! Any bytes as a log of either client: every line is counted, and cutting the bytes changes nothing.
#![no_main]

use anvil_usage::{Client, Ledger, Log, Reader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    for client in [Client::ClaudeCode, Client::Codex] {
        let whole = read(client, [input]);
        assert_eq!(read(client, input.chunks(3)), whole);
        assert!(whole.broken <= whole.lines);
        let answers = whole.requests.len();
        let mut ledger = Ledger::default();
        ledger.add(whole);
        assert!(ledger.finish().0.count() <= answers);
    }
});

fn read<'a>(client: Client, pieces: impl IntoIterator<Item = &'a [u8]>) -> Log {
    let mut reader = Reader::new(client);
    for piece in pieces {
        reader.feed(piece);
    }
    reader.finish()
}
