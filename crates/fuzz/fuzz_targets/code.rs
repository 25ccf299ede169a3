//! Any block of code, in the language that its first byte picks: a verdict, within the time that a slice of work may take.
#![no_main]

use std::thread;
use std::time::{Duration, Instant};

use anvil_verify::code::{self, Language};
use libfuzzer_sys::fuzz_target;

/// Many times what a block may take, for the sanitizer and its instruments take many times as long.
const LONGEST: Duration = Duration::from_secs(10);

fuzz_target!(|input: (u8, &str)| {
    let (choice, block) = input;
    let language = Language::ALL[usize::from(choice) % Language::ALL.len()];
    let block = block.to_owned();
    let began = Instant::now();
    // As the relay does it: on a thread with the stack that the check asks for.
    let checked = thread::Builder::new().stack_size(code::STACK).spawn(move || code::check(language, &block).is_ok());
    assert!(checked.is_ok_and(|checked| checked.join().is_ok()));
    assert!(began.elapsed() < LONGEST);
});
