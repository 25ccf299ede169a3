//! Blocks of the shell: what Bash reads and what it refuses, and what in such a block is no script.

use std::time::{Duration, Instant};

use anvil_verify::Defect;
use anvil_verify::code::{CAP, Language, STACK, check};
use proptest::prelude::*;

fn passes(code: &str) -> bool {
    check(Language::Bash, code).is_ok()
}

/// The lines as a script that says so.
fn script(lines: &str) -> String {
    format!("#!/bin/bash\nset -e\n\n{lines}\n")
}

/// What Bash reads (`bash -O extglob -n`), and other shells in the place of it.
const READ: &[&str] = &[
    // Words.
    "echo \"a $(echo \"b $(echo 'c')\") `d` ${e:-\"f g\"}\" 'h' $'i\\'j' $\"k\" \\' a\\\nb # l '",
    "echo $((1 + (2))) $[3] ${#a} $# ${a//\\}/b} ${a#'}'} \"${a:-'}'}\" \"$$(\" a#b '' \"\"",
    "echo \"${1:-it's}\" \"${a%\"}\"}\"",
    "echo $((a) | b) $( (c) | d)",
    "ls !(*.o) @(a|b)c ?(d) *(e) +(f); ! (g)",
    "diff <(sort a) <(sort b) > >(tee c)",
    "a=(b 'c d' [2]=e # f '\n  g) h+=(i) j[1 + 2]=k; declare -A l=([m n]=o) p=(); local q=(r)",
    "eval a=(b); let c=(d); e= f=g h",
    // Commands.
    "if a; then b; elif c; then d; else e; fi > f 2>&1",
    "if (a) then { b; } fi; if [[ a ]] then b; fi; { { a; } }",
    "while read -r a; do b; done < <(c) | d & until e\ndo f\ndone",
    "for a in b c; do d; done; for a do b; done; for a; do b; done; for a in b; { c; }",
    "for ((i = 0; i < 3; i++)); do a; done; for ((;;)) { b; }; select a in b; do c; done",
    "case $a in\n  b | \"c d\") e ;;\n  # f '\n  (g) ;;&\n  @(h|i)*) j ;&\n  *) k\nesac",
    "case in in in) esac; case a in if) b ;; esac; case a in esac",
    "a() { b; }; a-b.c () ( d ); function e { f; }\nfunction g()\n# h '\n{\n  i\n} > j; k() [[ l ]]; m() if n; then o; fi",
    "((a > b)) && ((c; d) | e) || ((f = (1 + 2)))",
    "coproc a { b; }; coproc c d; coproc { e; }; coproc (f); coproc while g; do h; done",
    "time -p a | b; time { c; }; time; ! a; ! ! b; a | time b; a |& b; a &&\n\n# c\nb ||\nc",
    "echo }; echo { if then fi do done; echo a=b; a=b",
    // Conditions.
    "[[ -f a && ( b == c* || ! d < e ) && -z $f ]] && g",
    "[[ a =~ ^(b|c d)+[[:space:]]$ && e =~ f|g && h == @(i|j) &&\n  k -eq 1\n]]",
    "[[ $a == (b|c) ]]",
    // Redirections.
    "a > b 2>&1 >&2 <&- &> c &>> d >| e <> f <<< g {h}> i 3< j",
    "cat <<A <<-'B' | c && d\n(\nA\n\t'\n\tB\ne",
    "a=$(cat <<'A'\nit's (\nA\n) b=\"$(cat <<B\n\"(\nB)\"",
    "if cat <<A; then\n(\\\nA\nA\n  b\nfi",
    "cat <<\\A\n${\nA",
    // What has no end but that of the text.
    "cat <<A\n(",
    // What is to be filled in.
    "if a; then\n  # b\nelse\n  # c\nfi",
];

/// What commands may stand in.
const AROUND: &[(&str, &str)] = &[
    ("{\n", "\n}"),
    ("(", "\n)"),
    ("a=\"$(\n", "\n)\""),
    ("b <(", "\n)"),
    ("case a in b)\n", "\n;; esac"),
    ("if a; then\n", "\nfi"),
    ("a() {\n", "\n}"),
];

#[test]
fn what_a_shell_reads_passes() {
    let refused: Vec<_> = READ.iter().map(|lines| script(lines)).filter(|code| !passes(code)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
    // As part of everything that can stand around it.
    for (before, after) in
        [("{\n", "\n}"), ("a=$(\n", "\n)"), ("case a in b)\n", "\n;; esac"), ("if a; then\n", "\nfi")]
    {
        for lines in READ.iter().filter(|lines| !lines.contains("<<A\n(")) {
            let code = script(&format!("{before}{lines}{after}"));
            assert!(passes(&code), "{code}");
        }
    }
}

#[test]
fn lines_may_end_as_those_of_windows_do() {
    for lines in READ {
        let code = script(lines).replace('\n', "\r\n");
        assert!(passes(&code), "{code:?}");
    }
}

/// What Bash refuses, and the byte of it that is named.
const REFUSED: &[(&str, &str)] = &[
    ("if a; then b; done", "done"),
    ("if a; then b", "if a"),
    ("if a; b; fi", "fi"),
    ("if; then b; fi", "; then"),
    ("if a; then b; else c; else d; fi", "else d"),
    ("while a; do b; fi", "fi"),
    ("while a; do b; done; done", "done\n"),
    ("for a in b c; d; done", "d;"),
    ("for a in b do c; done", "done"),
    ("for ((i = 0; i < 3)); do a; done", "((i"),
    ("case a in b) c ;; d", "\n"),
    ("case a b) c ;; esac", "b)"),
    ("case a in b c) d ;; esac", "c)"),
    ("case a in b) c ;; ;; esac", ";; esac"),
    ("a() { b; } c", "c\n"),
    ("a() { b; }; }", "}\n"),
    ("a() {\n  b\n", "{\n"),
    ("a() b", "b\n"),
    ("a ( b )", "( b"),
    ("(a; b", "(a"),
    ("(a))", ")\n"),
    ("{ }", "}\n"),
    ("( )", ")\n"),
    ("{ a; } b", "b\n"),
    ("a && && b", "&& b"),
    ("a || | b", "| b"),
    ("a ; ; b", "; b"),
    ("a & ; b", "; b"),
    ("a | ! b", "! b"),
    ("a >", "\n"),
    ("a > ; b", "; b"),
    ("a=(b; c)", "; c"),
    ("a=(b", "(b"),
    ("echo a=(b)", "(b"),
    ("echo \"a", "\"a"),
    ("echo 'a", "'a"),
    ("echo `a", "`a"),
    ("echo ${a", "${a"),
    ("echo $(a", "$(a"),
    ("echo $(a (b))", "(b"),
    ("echo \"$(if a; then b)\"", ")\""),
    ("echo $((1 + 2)", "((1"),
    ("((1 + 2)", "((1"),
    ("ls @(a|b", "(a"),
    ("[[ a == ]] && b", "]] &&"),
    ("[[ a b ]]", "b ]]"),
    ("[[ ]]", "]]"),
    ("[[ (a ]]", "]]"),
    ("[[ a ]", "]\n"),
    ("[[ \"$1\" = a ] || [ b ]; then c; fi", "] ||"),
];

#[test]
fn what_no_shell_reads_is_refused_where_it_fails() {
    for (lines, at) in REFUSED {
        let code = script(lines);
        let Err(Defect::BrokenCode { span, .. }) = check(Language::Bash, &code) else { panic!("it passed: {code}") };
        assert!(code[span.start..].starts_with(at), "{code} at {}", span.start);
    }
}

/// Texts that no shell reads and that are no broken scripts.
const NO_SCRIPT: &[(&str, &str)] = &[
    ("a session", "$ for a in 1 2; do\n>   echo $a (b)\n> done\n1 (b)\n"),
    ("a session after a script", "#!/bin/sh\necho a\n\n$ sh a.sh\na (b\n"),
    (
        "commands and what they print",
        "for a in 1 2; do\n  curl $a\ndone\n{\n  \"b\": [\n    {\n      \"c\": (1\n    },\n",
    ),
    ("a command that says that it is done", "for a in 1 2; do\n  make $a\ndone\nIt's made (twice)\ndone\n"),
    ("the end of something", "  for a in b; do\n    c\n  done\nfi\n"),
    ("the arms of a case", "start)\n  if a; then\n    b\n  fi\n  ;;\nstop)\n  c\n  ;;\n"),
    ("what is printed", "for a in 1 2; do\n  b $a\ndone\nIt's b.\n1) c | d\n}\n"),
    ("a script that is made, and run", "cat > a.sh <<'A'\n#!/bin/bash\nb\nA\nbash a.sh\nb (c)\n"),
    ("words to the reader", "for a in *; do\n  b $a (or what it is called)\ndone\n"),
    ("what not to do", "while read a; do b  # reads what it should not\nexec c; echo d  # never\ne=(f, g) (h)\n"),
    ("zsh", "autoload -Uz compinit\nif [[ -n $a ]]; then\n  for b (${(f)c}) d\nfi\n"),
    ("zsh by its name", "#!/usr/bin/env zsh\nfor a (b c); do\n  print $a\ndone\n"),
    ("functions of zsh", "if [[ a ]]; then\n  function b() { c \"d\" }\n  e(){}\nfi\n"),
    ("a makefile", "a: b\n\t@if c; then \\\n\t  d $(e) (f); \\\n\tfi\n\t@for g in h; do \\\n\t\ti \\\n\tj\n"),
    ("python by its name", "#!/usr/bin/env python3\nprint(f(1), 'it''s')\nx = (1\n"),
    ("fish", "if test $a = 1\n    set b (c)\nelse\n    d\nend\n"),
    ("csh", "if ($a == 1) then\n  set b = (c d)\nendif\n"),
    ("lua", "if (a == nil) then\n  b(c)\nend\n"),
    ("bats", "@test \"a\" {\n  if [ b ]; then\n    c\n  fi\n}\n"),
    ("elvish", "if (and (a) (b)) {\n  set c = d\n}\n"),
    ("a program of Python", "#!/bin/sh\n'''exec' python3 \"$0\" \"$@\"\n' '''\nimport a\nprint(b('c'))\nd = (1,\n"),
    ("a program of Tcl", "#!/bin/sh\n# Next line is of the shell \\\nexec wish \"$0\" -- \"$@\"\nset a(b) c\n"),
    ("an archive", "#!/bin/sh\ntail -n +4 \"$0\" | tar x\nexit 0\n\u{8}(\"'\n"),
    ("what is left out", "#!/bin/bash\nif [ a ]; then\n  b\n...\n"),
    ("a blank", "#!/bin/sh\nset -e\ncurl -u a <your url>\necho b\n"),
];

#[test]
fn what_is_no_script_passes() {
    let refused: Vec<_> = NO_SCRIPT.iter().filter(|(_, code)| !passes(code)).collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn a_script_without_a_first_line_that_says_so_is_refused_for_its_compound_commands() {
    for code in [
        "for a in *; do\n  b \"$a\"\n  c\n",
        "while read -r a; do\n  echo \"$a\ndone < b\nc\n",
        "if [ -f a ]; then\n  b\ndone\nc\n",
        "if [ -f a ]\n  b\nfi\nc\n",
        "for a in b; do\n  c\ndone\nif d; then e; fi\nfi\n",
        "a() {\n  case $1 in\n    b) c ;;\n  }\n}\n",
        "for a in b; do\n  c\ndone\nd() {\n  e\n",
        "echo \"a\nif b; then\n  c \"d\"\nfi\n",
        "if a; then\n  b\nfi\ncase c in\n  d) ;;\n  ;;\nesac\n",
    ] {
        assert!(!passes(code), "{code}");
    }
}

/// What opens, and never closes.
const UNITS: &[&str] = &[
    "(",
    "((",
    "$(",
    "$((",
    "${",
    "${a:-'",
    "\"${a:-'",
    "\"$(",
    "`",
    "'",
    "\"",
    "$'",
    "@(",
    "[[ (",
    "[[ ! ",
    "[[ a && ",
    "a=(",
    "a[",
    "a[1]",
    "a=",
    "<(",
    "<<a ",
    "<<a\n",
    "<<a $(",
    "a=$(<<b\n",
    "if a; then ",
    "while ",
    "for a in b; do ",
    "for ((",
    "case a in ",
    "case a in b) ",
    "a() ",
    "a() {",
    "function ",
    "coproc ",
    "coproc $(",
    "coproc a ",
    "! ",
    "time ",
    "{ ",
    "a | ",
    "a && ",
    "a; ",
    "\\\n",
    "a\\\n",
    "# a\n",
    "\n",
    " ",
    "a",
    "-",
    "{a}",
    "1>",
    ">a ",
    ";;",
    "} ",
    "fi ",
    "((a) ",
    "$(((a) b) ",
    "é",
];

#[test]
fn no_script_takes_long_or_the_stack() {
    std::thread::Builder::new().stack_size(STACK).spawn(no_script_takes_long).unwrap().join().unwrap();
}

fn no_script_takes_long() {
    let limit = Duration::from_secs(2);
    // What grows with the square of a text's length takes a hundred times as long at this one.
    let half = CAP / 8;
    for unit in UNITS {
        for tail in ["", "=", "'", "\"", ")", "}", "\n"] {
            let text = format!("#!/bin/sh\n{}{}", unit.repeat(half / unit.len()), tail.repeat(half));
            let start = Instant::now();
            let _ = check(Language::Bash, &text);
            assert!(start.elapsed() < limit, "{unit:?} and {tail:?}: {:?}", start.elapsed());
        }
    }
}

proptest! {
    #[test]
    fn what_is_refused_lies_in_the_text(units in proptest::collection::vec(proptest::sample::select(UNITS), 0..40), cut in 0_usize..40) {
        let code = script(&units.concat());
        let code: String = code.chars().take(code.chars().count().saturating_sub(cut)).collect();
        if let Err(Defect::BrokenCode { span, .. }) = check(Language::Bash, &code) {
            prop_assert!(span.start <= span.end && span.end <= code.len(), "{code:?}");
        }
    }

    #[test]
    fn a_script_that_is_read_is_read_within_another(lines in proptest::collection::vec(proptest::sample::select(READ), 1..4)) {
        let whole = lines.iter().filter(|lines| !lines.contains("<<A\n(")).fold(String::new(), |all, lines| all + lines + "\n");
        for (before, after) in AROUND {
            let code = script(&format!("{before}{whole}:{after}"));
            prop_assert!(passes(&code), "{code}");
        }
    }
}
