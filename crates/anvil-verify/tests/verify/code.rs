//! Blocks of code: what is broken in each language, what is odd and right, and what no text may take.

use std::time::{Duration, Instant};

use anvil_verify::Defect;
use anvil_verify::code::{CAP, Language, STACK, check};

use crate::odd_code::ODD;

fn language(name: &str) -> Language {
    Language::from_info(name).unwrap_or_else(|| panic!("{name} is not checked"))
}

fn passes(name: &str, code: &str) -> bool {
    check(language(name), code).is_ok()
}

#[test]
fn what_is_broken_is_caught_in_each_language() {
    for (name, code) in [
        ("python", "def f(a, b:\n    return a + b\n\nprint(f(1, 2))\n"),
        ("python", "import os\n\nx = {'a': 1, 'b': [1, 2}\nprint(x)\n"),
        ("python", "def f():\n    x = 'abc\n    return x\n"),
        ("python", "def f():\n    x = 1\n      y = 2\n    return x + y\n"),
        ("python", "class A:\ndef f(self):\n    return 1\n"),
        ("python", "for x in range(3)\n    print(x)\n    print(x + 1)\n"),
        (
            "python",
            "import a\n\nclass A:\n    \"\"The words of a long string.\n\n    More of them.\n    \"\"\"\n    x = 1\n",
        ),
        ("rust", "use a::b;\n\nconst C: &str = \"$d\";\n\nimpl Drop  C {\n    fn drop(&mut self) {}\n}\n"),
        ("rust", "use a::b;\n\nfn f() {\n    b();\n}\n\n/// The words before what was cut\n"),
        ("rust", "use a::b;\n\n#[derive(Debug)]\npub C {\n    d: E,\n}\n\nfn f() {}\n"),
        ("rust", "macro_rules! a {\n    () => {{\n        b()\n    };\n}\n\nfn b() {}\n"),
        ("java", "class A {\n  boolean f() {\n    g();\n    true;\n  }\n}\n"),
        ("java", "package a;\n\nimport a.B;\n a.C;\n\nclass A {}\n"),
        ("java", "class A {\n  public f(int b) {\n    g(b);\n  }\n}\n"),
        ("go", "package a\n\nconst b = 1\nc = 2\nconst d = 3\n"),
        ("go", "package a\n\nvar b = []string{\n\t\"c\"\n}\n"),
        ("c", &format!("#ifndef A_H\n#define A_H\n\n{}", "extern A_API int a(int b);\n".repeat(12))),
        ("bash", "#!/bin/sh\nset -e\n(cd build && make)) > log\necho done\n"),
        ("bash", "#!/bin/sh\nif [ -n \"$a\" ];\n  echo a\n  echo b\nfi\n"),
        ("javascript", "function f(a) {\n  if (a {\n    return 1;\n  }\n}\n"),
        ("javascript", "const a = [1, 2;\nconst b = 3;\nconsole.log(a, b);\n"),
        ("typescript", "interface A {\n  a: string;\n  b: (x: number => void;\n}\nconst c: A = null;\n"),
        ("tsx", "export function A() {\n  const a = 1;\n  return <div><span>{a}</div>;\n}\n"),
        ("json", "{\"a\": 1, \"b\": [1, 2}\n"),
        ("json", "{\"a\": \"x, \"b\": 2}\n"),
        ("yaml", "a:\n  - b: [1, 2\n  - c: 3\nd: 4\n"),
        ("toml", "[package]\nname = \"a\nversion = \"1\"\nedition = \"2024\"\n"),
        ("rust", "fn f(a: u8) -> u8 {\n    let b = (a + 1;\n    b\n}\n"),
        ("rust", "use a::b;\n\nfn f() {\n    if a {\n        b();\n}\n"),
        ("go", "package a\n\nfunc f() int {\n\tx := []int{1, 2\n\treturn x[0]\n}\n"),
        ("java", "class A {\n    int f() {\n        return g(1;\n    }\n}\n"),
        ("c", "int f(int a) {\n    if (a > 1 {\n        return 1;\n    }\n    return 0;\n}\n"),
        ("cpp", "int f() {\n    std::vector<int> a{1, 2;\n    return a[0];\n}\n"),
        ("c", "#define N 3\nint a[N];\n\nvoid f(void) {\n    g(a[0]) LOG(1, 2);\n    h(a[1]\n}\n"),
        ("c", "#include <a.h>\n\nint f(int a) {\n    g(a)\n    return 1;\n}\n"),
        ("c", "#ifdef A\nint f(int a) {\n    int b = a 2;\n    return b;\n}\n#endif\n"),
        ("c", "int f(int a) {\n    if (a)\n        g(a);\n    b();\n    else\n        c();\n}\n"),
        ("c", "int f(int a) {\n    do {\n        a++;\n    }\n    return a;\n}\n"),
        ("c", "MODULE_INIT(a);\n\nint f(int a) {\n    for (i = 0; i < a) {\n        g(i);\n    }\n}\n"),
        ("c", "struct a {\n    u32 b\n    u32 c;\n};\n"),
        ("c", "enum a {\n    B = 1,\n    C 2,\n    D,\n};\n"),
        ("c", "#define A(b c) (b + c)\n\nint f(void);\nint g(void);\n"),
        ("c", "int f(int a) {\n    switch (a) {\n    case 1 g();\n    default: h();\n    }\n}\n"),
        ("cpp", "class A : public B {\npublic:\n    int f() { return a_ }\n    int a_;\n};\n"),
        ("cpp", "Q_OBJECT_A(x)\nvoid f() {\n    auto g = [&](int a) { return a * ; };\n    g(1);\n}\n"),
        ("cpp", "template <typename T>\nT f(T a) {\n    return a ? 1 2;\n}\n"),
        ("bash", "#!/bin/bash\nif [ -f a ]; then\n  echo a\ndone\n"),
        ("html", "<html>\n<body>\n<p>text</p>\n<!-- a comment\n</body>\n</html>\n"),
        ("html", "<ul>\n<li>a</li>\n<li>b</li>\n<a href=\"c\" class=\"d\n"),
        ("html", "<p>a</p>\n<script>\nf(\"<!--\");\n</script>\n<!-- a comment\n<p>b</p>\n"),
        ("css", "a {\n  color: red;\n\nb {\n  color: blue;\n}\n"),
        ("css", "a {\n  font-family: \"b, sans-serif;\n}\nc { d: e }\n"),
        ("css", "a {\n  b: url(c.png);\n  d: e);\n}\nf { g: h }\n"),
        ("css", "a { b: c }\n/* d\ne { f: g }\n"),
    ] {
        let verdict = check(language(name), code);
        assert!(matches!(verdict, Err(Defect::BrokenCode { .. })), "{name}: {code}");
    }
}

#[test]
fn the_line_is_named_and_the_span_lies_in_the_block() {
    let code = "import os\n\n\ndef f():\n    return 1\n\n\nx = [1, 2\ny = 3\n";
    let Err(Defect::BrokenCode { language, line, span }) = check(Language::Python, code) else { panic!("it passed") };
    assert_eq!(language, "python");
    assert!((8..=9).contains(&line), "{line}");
    assert!(span.start <= span.end && span.end <= code.len());
}

#[test]
fn what_is_odd_and_right_passes() {
    let rejected: Vec<_> = ODD.iter().filter(|(name, code)| !passes(name, code)).collect();
    assert!(rejected.is_empty(), "{rejected:#?}");
}

#[test]
fn what_is_odd_and_right_passes_further_in() {
    let indented = |code: &str| code.split_inclusive('\n').flat_map(|line| ["    ", line]).collect::<String>();
    let is_margin = |code: &str| {
        code.contains("<<<<<<<") || code.starts_with("- x") || code.contains("#ifdef") || code.contains("EOF")
    };
    let odd = ODD.iter().filter(|(_, code)| !is_margin(code));
    let rejected: Vec<_> = odd.filter(|(name, code)| !passes(name, &indented(code))).collect();
    assert!(rejected.is_empty(), "{rejected:#?}");
}

#[test]
fn only_fences_of_known_languages_are_checked() {
    for info in ["", "text", "console", "pycon", "diff", "json5", "zsh", "scss", "vue", "rust,compile_fail"] {
        assert!(Language::from_info(info).is_none(), "{info}");
    }
    for (info, name) in
        [("Python3 {1,2}", "python"), ("ts:src/a.ts", "typescript"), ("{.rust}", "rust"), ("sh", "bash")]
    {
        assert_eq!(Language::from_info(info).map(Language::name), Some(name), "{info}");
    }
}

#[test]
fn empty_and_too_large_blocks_pass() {
    for language in Language::ALL {
        assert!(check(language, "").is_ok());
        assert!(check(language, " \n\t\n").is_ok());
        assert!(check(language, &"(".repeat(CAP + 1)).is_ok());
    }
}

/// Texts made to be slow to read: what nests, what is long, what is never closed, what means many things.
fn adversarial() -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for unit in [
        "(",
        "{",
        "[{(",
        "<a>",
        "if (a) {",
        "a<b>c<",
        "/*",
        "`",
        "${",
        "\0",
        "\u{1F600}",
        "f'{",
        "not ",
        "a.",
        "a**",
        "|a|",
        "&",
        "a::<",
        "match a{_=>",
    ] {
        texts.push((format!("{unit:?} repeated"), unit.repeat(60_000 / unit.len())));
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    texts.push(("deep and closed".to_owned(), deep));
    texts.push(("a long string".to_owned(), format!("a = \"{}\"\nb = (\n", "x".repeat(CAP - 100))));
    texts.push(("an indentation of its own for each line".to_owned(), stairs()));
    texts.push(("many pieces".to_owned(), "def f(:\n\n".repeat(20_000)));
    texts.push(("many levels in one line".to_owned(), "- ".repeat(2_000)));
    texts.push(("keys in keys".to_owned(), "a: ".repeat(2_000)));
    texts.push(("stairs in a string".to_owned(), format!("{}f'{{\n", stairs())));
    texts
}

fn stairs() -> String {
    (0..600).flat_map(|depth| [" ".repeat(depth), "if a:\n".to_owned()]).collect()
}

/// Texts as long as a block may be, for the languages that are not only asked of a grammar.
fn longest() -> Vec<(String, String)> {
    let units =
        ["[", "{\"a\":", "{a: ", "[[],", "- ", "? ", "&a ", ",", "|\n ", "a=1\n", "\"\"\"", "<a b=\"", "<!--", "url("];
    let mut texts: Vec<_> = units.map(|unit| (format!("{unit:?} repeated"), fill("", unit))).into();
    let handle = format!("%TAG !a! {}\n---\n", "a".repeat(CAP / 2));
    texts.push(("a handle that stands for much".to_owned(), fill(&handle, "- !a!b c\n")));
    texts.push(("a key of many names".to_owned(), "a.".repeat(CAP / 2 - 2) + "a=1"));
    texts.push(("an array of many".to_owned(), fill("a=[", "[],")));
    texts
}

fn fill(head: &str, unit: &str) -> String {
    format!("{head}{}", unit.repeat((CAP - head.len()) / unit.len()))
}

#[test]
fn no_text_takes_long_or_the_stack() {
    std::thread::Builder::new().stack_size(STACK).spawn(no_text_takes_long).unwrap().join().unwrap();
}

fn no_text_takes_long() {
    use Language as L;
    for language in Language::ALL {
        assert_quick(language, &adversarial());
    }
    for language in [L::Json, L::Toml, L::Yaml, L::Html, L::Css] {
        assert_quick(language, &longest());
    }
}

fn assert_quick(language: Language, texts: &[(String, String)]) {
    // Without optimisation, on a machine that does other things too: far more than a call may take, far less than what grows with
    // the square of a text's length would.
    let limit = Duration::from_secs(5);
    for (name, text) in texts {
        // Once of three times, for the machine may be busy with other things.
        let is_quick = (0..3).any(|_| {
            let start = Instant::now();
            let _ = check(language, text);
            start.elapsed() < limit
        });
        assert!(is_quick, "{language:?}, {name}");
    }
}

/// Words and signs of C and C++, each of which is also repeated.
const PIECES: [&str; 67] = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "<",
    ">",
    ">>",
    "::",
    ";",
    ",",
    ":",
    "?",
    "*",
    "&&",
    "=",
    "++",
    "->",
    "...",
    "a",
    "A_B",
    "1",
    "\"s\"",
    "'",
    "\"",
    "\\\n",
    "/*",
    "*/",
    "//",
    "\n",
    "#if A\n",
    "#if 0\n",
    "\n#elif B\n",
    "\n#else\n",
    "\n#endif\n",
    "#define a(",
    "#include <",
    "struct ",
    "enum ",
    "int ",
    "const ",
    "static ",
    "if ",
    "else ",
    "do ",
    "while (a)",
    "for (",
    "case ",
    "return ",
    "template <",
    "operator ",
    "operator (",
    "using ",
    "asm ",
    "R\"x(",
    "[&](auto b) {",
    "#if A\n{\n#endif\n",
    "#if A\n(\n#else\n{\n#endif\n",
    "final  ",
    "__attribute__((",
    "__attribute__((a)) ",
    "#if A\n;\n#elif B\n;\n#else\n#error\n#endif\n",
    "#define a (\n",
    "#include <a>\n",
    "A_C\n",
    "(*a)",
];

#[test]
fn no_text_of_c_takes_long() {
    // Without optimisation: far less than what grows with the square of a text's length would take.
    let limit = Duration::from_secs(5);
    for piece in PIECES {
        let text = piece.repeat(CAP / piece.len());
        for language in [Language::C, Language::Cpp] {
            let is_quick = (0..3).any(|_| {
                let start = Instant::now();
                let _ = check(language, &text);
                start.elapsed() < limit
            });
            assert!(is_quick, "{language:?}, {piece:?}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_of_c_has_a_verdict(pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..60)) {
        let text = pieces.concat();
        for language in [Language::C, Language::Cpp] {
            let _ = check(language, &text);
        }
    }
}
