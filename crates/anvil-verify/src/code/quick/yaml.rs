//! YAML 1.2, by saphyr's parser, which keeps what is open in a list and does not descend.

use saphyr_parser::Parser;

use super::Reading;

pub(super) fn read(code: &str) -> Reading {
    // What a handle stands for is written out at each tag that has it, so that the text would count by its square.
    if code.contains("%TAG") {
        return Reading::Unknown;
    }
    Reading::of(Parser::new_from_str(code).all(|event| event.is_ok()))
}
