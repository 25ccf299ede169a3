//! What the recognisers of Go and Java have and what not, and what texts that nobody writes may do to them.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::code::clock;

const BOTH: [Language; 2] = [Language::Go, Language::Java];

#[test]
fn what_is_right_is_accepted() {
    for (language, table) in [(Language::Go, go::tests::RIGHT), (Language::Java, java::tests::RIGHT)] {
        for code in table {
            assert_eq!(read(language, code), Reading::Right, "{code}");
        }
    }
}

#[test]
fn what_is_wrong_is_not_accepted() {
    for (language, table) in [(Language::Go, go::tests::WRONG), (Language::Java, java::tests::WRONG)] {
        for code in table {
            assert_ne!(read(language, code), Reading::Right, "{code}");
        }
    }
}

#[test]
fn what_only_the_grammar_has_is_broken() {
    for (language, table) in [(Language::Go, go::tests::BROKEN), (Language::Java, java::tests::BROKEN)] {
        for (code, place) in table {
            assert_eq!(read(language, code), Reading::Broken(code.find(place).unwrap()), "{code}");
        }
    }
}

/// Of every kind of token of the two languages.
const UNITS: [&str; 84] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ",",
    ";",
    "\n",
    ".",
    "...",
    ":",
    "::",
    "?",
    "->",
    "@",
    "=",
    ":=",
    "+=",
    "++",
    "!",
    "~",
    "||",
    "&&",
    "|",
    "^",
    "&",
    "&^",
    "==",
    ">=",
    "<<",
    "+",
    "-",
    "*",
    "/",
    "<-",
    "a",
    "B",
    "1",
    "0x",
    "\"s\"",
    "\"",
    "'c'",
    "'",
    "`",
    "//",
    "/*",
    "\\u",
    "é",
    "if ",
    "else ",
    "for ",
    "switch ",
    "case ",
    "default",
    "func ",
    "type ",
    "struct",
    "map",
    "chan ",
    "interface ",
    "range ",
    "go ",
    "select",
    "package a\n",
    "import ",
    "class A",
    "record A",
    "enum A",
    "new ",
    "int ",
    "final ",
    "void ",
    "static ",
    "try ",
    "catch",
    "yield ",
    "var ",
    "sealed ",
    "this",
    "instanceof ",
    "return ",
];

proptest! {
    #[test]
    fn no_text_of_tokens_ends_the_process(units in proptest::collection::vec(0..UNITS.len(), 0..60)) {
        let text: String = units.iter().map(|&unit| UNITS[unit]).collect();
        for language in BOTH {
            let _ = read(language, &text);
        }
    }

    #[test]
    fn no_text_ends_the_process(text: String) {
        for language in BOTH {
            let _ = read(language, &text);
        }
    }
}

/// Without optimisation; what grows with the square of a text takes minutes.
const LIMIT: Duration = Duration::from_secs(5);

fn is_quick(language: Language, text: &str) -> bool {
    let began = clock::now();
    let _ = read(language, text);
    clock::now().saturating_sub(began) < LIMIT
}

#[test]
fn no_unit_that_is_repeated_takes_long() {
    let longer = [
        "a<a",
        "a<b>.",
        "a.",
        "(a.b)",
        "a[",
        "-",
        "!",
        "if(a){",
        "if a {",
        "else if a {}",
        "@A ",
        "(int)",
        "a->",
        "a?b:",
    ];
    for unit in UNITS.iter().chain(&longer) {
        let text = unit.repeat(crate::code::CAP / unit.len());
        for language in BOTH {
            assert!(is_quick(language, &text), "{language:?}, {unit}");
        }
    }
}

#[test]
fn what_nests_takes_neither_long_nor_the_stack() {
    for (open, inside, close) in [
        ("(", "a", ")"),
        ("[]", "int", ""),
        ("{", "", "}"),
        ("f(", "a", ")"),
        ("func() {", "", "}"),
        ("T{", "", "}"),
        ("if a {", "", "}"),
        ("a -> {", "", "}"),
        ("new A() { int a = ", "1", "; };"),
        ("class A {", "", "}"),
        ("List<", "A", ">"),
        ("a || b && c | d ^ e & f == g < h << i + j * (", "k", ")"),
        ("switch (a) { default -> ", "b();", " }"),
        ("a = ", "b", ""),
        ("(A) ", "b", ""),
        ("a ? b : ", "c", ""),
    ] {
        for (before, after) in
            [("x = ", ";\n"), ("func f() { x := ", "\n}\n"), ("class A { void f() { x = ", "; } }"), ("", "")]
        {
            for depth in [10, 100, 1_000, 10_000] {
                let text = [before, &open.repeat(depth), inside, &close.repeat(depth), after].concat();
                assert!(BOTH.iter().all(|language| is_quick(*language, &text)), "{before}{open}, {depth}");
            }
        }
    }
}

#[test]
fn what_nests_as_code_does_is_accepted() {
    let nested =
        |open: &str, inside: &str, close: &str| [open.repeat(30), inside.to_owned(), close.repeat(30)].concat();
    assert!(accepts(Language::Go, &format!("x := {}\n", nested("f(1 + (", "a", "))"))));
    assert!(accepts(Language::Go, &nested("if a {\n", "b()\n", "}\n")));
    assert!(accepts(Language::Java, &format!("x = {};", nested("f(1 + (", "a", "))"))));
    assert!(accepts(Language::Java, &nested("if (a) {\n", "b();\n", "}\n")));
}

#[test]
fn chains_are_accepted_however_long() {
    let many = |unit: &str| unit.repeat(5_000);
    for (language, code) in [
        (Language::Go, format!("x := a{}\n", many(".b(1)"))),
        (Language::Go, format!("x := a{}\n", many(" + b"))),
        (Language::Go, format!("if a {{\n}}{}\n", many(" else if b {\n}"))),
        (Language::Java, format!("x = a{};\n", many(".b(1)"))),
        (Language::Java, format!("x = a{};\n", many(" + b"))),
        (Language::Java, format!("x = a{};\n", many(" ? b : c"))),
        (Language::Java, format!("if (a) {{}}{}\n", many(" else if (b) {}"))),
    ] {
        assert!(accepts(language, &code), "{}", code.get(..60).unwrap_or_default());
    }
}

#[test]
fn the_members_of_a_class_with_a_long_name_do_not_read_it_each() {
    let text = format!("class {} {{ {} }}", "A".repeat(100_000), "A() {} ".repeat(20_000));
    assert!(is_quick(Language::Java, &text));
}
