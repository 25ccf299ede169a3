//! Texts made to take long or the stack, and texts made by chance.

use std::time::Duration;

use proptest::prelude::*;

use super::{SCRIPTS, accepts};
use crate::code::{CAP, clock};

/// What opens or goes before something, over and over. A `|` stands after what comes once, before it.
const NESTS: &[&str] = &[
    "(",
    "[",
    "{",
    "<",
    ">",
    ")",
    "}",
    "({",
    "f(<",
    "`",
    "`${",
    "\"",
    "'",
    "/",
    "/*",
    "*/",
    "//",
    "\\",
    "#",
    "@",
    "!",
    "-",
    "+",
    "++ ",
    "~",
    "?",
    ":",
    ";",
    ",",
    ".",
    "...",
    "=",
    "=>",
    "|",
    "&",
    "&&",
    "\u{feff}",
    "é",
    "a",
    "a ",
    "a\n",
    "0",
    "1.",
    "({a}=",
    "({a=",
    "({a:",
    "[a=",
    "[...",
    "({...",
    "([a]=>",
    "a=>",
    "a=>{",
    "(a)=>(",
    "async a=>",
    "async (",
    "a?",
    "a?b:",
    "a?(b):",
    "a?(b",
    "a?(b):c=>",
    "(a:b",
    "(a?:",
    "(a=",
    "((a)",
    "a(",
    "a[",
    "a.b(",
    "a?.(",
    "a?.[",
    "a`${",
    "a<",
    "a<b>",
    "a<b,",
    "a<b>(",
    "a<(",
    "a<{a:",
    "a<[",
    "a<b[",
    "a<typeof ",
    "a<keyof ",
    "a<()=>",
    "a<(a:",
    "a<({",
    "a<([",
    "new ",
    "new a(",
    "new a<",
    "<a>",
    "<a>(",
    "<T,>(",
    "<T extends ",
    "<T>(a:",
    "<T=",
    "<a b={",
    "<a b=",
    "<a {...",
    "<a><b>",
    "<a>{",
    "<a.",
    "<a-",
    "<>",
    "</",
    "<a b=\"",
    "await ",
    "yield ",
    "yield* ",
    "typeof ",
    "delete ",
    "void ",
    "a=",
    "a+",
    "a+=",
    "a**",
    "a in ",
    "a as ",
    "a as b<",
    "a!",
    "/[/",
    "a/(",
    "function a(",
    "function a(){",
    "function a(a=",
    "function a({a:",
    "(function(",
    "class ",
    "class A {",
    "class A {a=class{",
    "class A {a(){",
    "class A extends ",
    "class A extends (",
    "class A {[",
    "class A {static{",
    "class A {@",
    "@a(",
    "@(",
    "if(",
    "if(a)",
    "if(a){",
    "if(a);else ",
    "for(",
    "for(;;)",
    "for(const a of ",
    "while(a)",
    "do ",
    "do{",
    "switch(a){case ",
    "switch(a){case a:",
    "try{",
    "a:",
    "return ",
    "let {a:",
    "let [",
    "let a=",
    "let a:",
    "let a:(",
    "let a:((",
    "let a:{b:",
    "let a:{b(",
    "let a:[",
    "import {",
    "import a ",
    "export ",
    "export default ",
    "export {",
    "type A=|(",
    "type A=|[",
    "type A=|{a:",
    "type A=|{[a in ",
    "type A=|{[a:",
    "type A=|B<",
    "type A=|()=>",
    "type A=|(a:",
    "type A=|({",
    "type A=|({a:",
    "type A=|([",
    "type A=|new()=>",
    "type A=|<T>()=>",
    "type A=|<T extends ",
    "type A=|<T=",
    "type A=|a extends ",
    "type A=|a extends b?",
    "type A=|a extends b?c:",
    "type A=|a extends infer b extends ",
    "type A=|infer b extends ",
    "type A=|keyof ",
    "type A=|readonly ",
    "type A=|typeof ",
    "type A=|a[",
    "type A=|a&",
    "type A=|`${",
    "type A=|import(",
    "type A=|[a:",
    "type A=|[...",
    "interface A {",
    "interface A {a:{",
    "interface A {[",
    "interface A extends B<",
    "namespace A{",
    "declare ",
    "declare module 'a'{",
    "enum A{",
    "abstract ",
    "function f():|a is ",
    "function f():|asserts a is ",
    "public ",
    "async ",
    "get ",
    "static ",
];

fn texts() -> impl Iterator<Item = String> {
    NESTS.iter().map(|form| {
        let parts = form.split_once('|').filter(|(once, nest)| !once.is_empty() && !nest.is_empty());
        let (once, nest) = parts.unwrap_or(("", form));
        format!("{once}{}", nest.repeat((CAP - once.len()) / nest.len()))
    })
}

#[test]
fn no_text_takes_long_or_the_stack() {
    let reading = || {
        for text in texts() {
            for dialect in SCRIPTS {
                let began = clock::now();
                accepts(dialect, &text);
                let took = clock::now().saturating_sub(began);
                let begins = text.chars().take(40).collect::<String>();
                assert!(took < Duration::from_secs(2), "{dialect:?} took {took:?}: {begins}");
            }
        }
    };
    // As little as a thread has where nobody asked for more.
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(reading).unwrap();
    thread.join().unwrap();
}

/// What is deeper than the bound is not accepted, and what is deep below it is.
#[test]
fn the_depth_has_a_bound() {
    for (open, inside, close) in [("(", "a", ")"), ("[", "a", "]"), ("f(", "a", ")"), ("<a>", "", "</a>")] {
        let nest = |depth: usize| format!("a = {}{inside}{};", open.repeat(depth), close.repeat(depth));
        for dialect in [SCRIPTS[0], SCRIPTS[2]] {
            assert!(accepts(dialect, &nest(100)), "{open}");
            assert!(!accepts(dialect, &nest(1000)), "{open}");
        }
    }
}

/// Pieces of code that mean something to some rule.
const PIECES: &[&str] = &[
    "a",
    "b",
    " ",
    "\n",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    "=>",
    "=",
    "?",
    ":",
    ".",
    "...",
    "?.",
    ",",
    ";",
    "!",
    "+",
    "-",
    "*",
    "/",
    "`",
    "${",
    "\"",
    "'",
    "\\",
    "|",
    "&",
    "@",
    "#",
    "async ",
    "await ",
    "yield ",
    "function ",
    "class ",
    "extends ",
    "new ",
    "type ",
    "interface ",
    "enum ",
    "declare ",
    "namespace ",
    "import ",
    "export ",
    "from ",
    "default ",
    "as ",
    "const ",
    "let ",
    "for ",
    "of ",
    "in ",
    "if ",
    "else ",
    "case ",
    "switch ",
    "try ",
    "catch ",
    "return ",
    "static ",
    "get ",
    "keyof ",
    "infer ",
    "is ",
    "asserts ",
    "typeof ",
    "readonly ",
    "abstract ",
    "é",
    "\u{2028}",
    "1",
    "0x",
    "/*",
    "*/",
];

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,300}") {
        for dialect in SCRIPTS {
            accepts(dialect, &text);
        }
    }

    #[test]
    fn no_pieces_panic(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)) {
        for dialect in SCRIPTS {
            accepts(dialect, &pieces.concat());
        }
    }

    #[test]
    fn no_piece_of_code_panics(from in 0..super::right::whole().len(), length in 0..400_usize) {
        let whole = super::right::whole();
        let piece: String = whole.chars().skip(from).take(length).collect();
        for dialect in SCRIPTS {
            accepts(dialect, &piece);
        }
    }
}
