//! What is right in Java and what is not, from its specification's sections and from answers.

use super::super::Reading;
use super::read;

const RIGHT: &[&str] = &[
    // Files.
    "package a.b;\n\nimport c.D;\nimport static e.F.*;\n\n@A(b = {1, 2}, c = @D) @E(\"f\")\npublic final class G<T extends H & I> extends J<T>.K implements L, M<?> {}\n",
    "class A { int a, b[] = {1, 2}, c; static { f(); } { g(); } A() { super(); } <T> A(T... t) throws E, F { this(); } ; }\n",
    "interface A extends B { int C = 1; default void f() {} static <T> T g(final T t) { return t; } int h() ; }\n",
    "enum A implements B { C, @D E(1) { void f() {} }, G; private final int h; A(int h) { this.h = h; } }\nenum I { J, }\n",
    "record A<T>(int b, @C List<? super T>... d) implements E { A { f(); } A(int b) { this(b, null); } static int g; }\n",
    "@interface A { int b() default 1; String[] c() default {}; }\n",
    "public sealed interface A permits B, C {}\nnon-sealed class B implements A {}\n",
    "class A { abstract static class B {} private record C(int d) {} int[] e(int f[], String... g) { return null; } }\n",
    // Pieces.
    "@Override\npublic int f() {\n    return 1;\n}\n\nprivate int g;\n",
    "int x = 1;\nvar y = f(x);\nList<Map<String, int[]>> z = new ArrayList<>();\nx++;\n",
    "static <T> void f(T t) { g(t); }\nvoid h() {}\n",
    "case A -> \"a\";\ncase B -> { }\ndefault -> throw c;\n",
    "case 1:\n    f();\n    break;\ndefault:\n",
    // Statements.
    "for (int i = 0, j = 1; i < n; i++, j--) { continue; }\nfor (;;) break;\nfor (final var a : b) f(a);\nfor (i = 0; ; ) {}\n",
    "outer:\nwhile (true) { do { break outer; } while (x > 1); }\n",
    "try (var a = f(); b) { g(); } catch (final C | D e) { throw e; } finally { h(); }\n",
    "if (a) b(); else if (c) { d(); } else ;\nsynchronized (this) { assert a : b; }\n",
    "switch (a) { case 1, 2: case B: f(); break; default: g(); }\n",
    "switch (a) { case B -> f(); case C c when c.d > 1 -> { } case E(var g, H(int i)) -> throw k; case null, default -> l(); }\n",
    "int x = switch (a) { case B -> 1; default -> { yield (a.b) + 2; } };\n",
    "final int a = 1; @B String c; class D {} record E(int f) {} Map.Entry<K, V>[] g;\n",
    // Expressions.
    "a = b ? c : d ? e : f; g += (int) -h + (String) i + (j) - k; l = (A & B) () -> m; n = (int[]) o;\n",
    "f(x -> y, (a, b) -> { return a; }, (int c, var d) -> c, A::b, c.d::new, int[]::new, List<String>::of, super::g);\n",
    "a = new int[3][][]; b = new int[][] {{1}, {2,}}; c = new A<>() { void f() {} }; d = e.new G(); h = new int[]{1}[0];\n",
    "a = b instanceof C; d = e instanceof final F g && h; i = j instanceof K(var l, M n); o = p instanceof Q<?>[];\n",
    "a = b < c; d = e >>> 2 >> 1 << 3; f = g >= h; i = A.class; j = int[].class; k = B.this.c; l = String[].class.getName();\n",
    "a.<T>b().c[d].e = 1; ++f[0]; this.<A, B>g(); A.super.h(); new A().b();\n",
    "a = 0xFF + 0b1 + 017 + 1_000L + 1.5e-3f + .5 + 1. + 0x1p3 + 2147483647; b = '\\'' + '\\u0041' + '\\0' + 'é';\n",
    "a = \"\"\"\n    b \"c\" \\\"\"\" \\\n    d\"\"\"; e = \"\\t\\\\\\\"\" + \"\";\n",
    "yield = a; record = b.record; var sealed = when;\n",
    "try { f(); } catch (A _) {}\nfor (var _ : a) {}\nb((_, c) -> c);\n",
    "class A { void größe() {} } // b\n/* c */\n",
];

const WRONG: &[&str] = &[
    "package a\nclass A {}\n",
    "package a;\n\nint x = 1;\n",
    "import a.*.b;\n",
    "import a;\n",
    "class A { void f() { }\n",
    "class A { int f( { } }\n",
    "class A { f() { } }\n",
    "class A { B() { } }\n",
    "class A { void a; }\n",
    "class A { public public int a; }\n",
    "class A { int f() default 1; }\n",
    "class A { var a = 1; }\n",
    "class A { void f(var a) {} }\n",
    "class A { void f(int... a, int b) {} }\n",
    "class A extends B, C {}\n",
    "interface A { int B; }\n",
    "interface A { { f(); } }\n",
    "record A(int b) { int c; }\n",
    "record A { }\n",
    "enum A { B C }\n",
    "@interface A { int b() default; }\n",
    "x;\n",
    "a + b;\n",
    "(a = b);\n",
    "f() = 1;\n",
    "a.b() ++;\n",
    "if (a) int b = 1;\n",
    "if a { }\n",
    "else { }\n",
    "for (int i = 0; i < n) { }\n",
    "for (i; i < n; i++) { }\n",
    "for (int a, b : c) { }\n",
    "try { f(); }\n",
    "try { f(); } catch { }\n",
    "do f(); while (a)\n",
    "switch (a) { f(); }\n",
    "package a;\n\ncase 1: f();\n",
    "case 1: f();\ncase 2 -> g();\n",
    "case 1: class A { case 2: }\n",
    "switch (a) { case 1: f(); case 2 -> g(); }\n",
    "switch (a) { case 1 -> 2; }\n",
    "int x = ;\n",
    "int x = (1;\n",
    "int = 1;\n",
    "int x 1;\n",
    "var x;\n",
    "var x = 1, y = 2;\n",
    "int true = 1;\n",
    "private int f() { private int a; }\n",
    "a = new int[];\n",
    "a = new int[2] {1, 2};\n",
    "a = new A<>[1];\n",
    "a = new int(1);\n",
    "a = new A;\n",
    "a = b instanceof int;\n",
    "List<int> a;\n",
    "a = List<>;\n",
    "f(a b);\n",
    "f(a,);\n",
    "a = () -> ;\n",
    "a = (b, int c) -> d;\n",
    "a = super;\n",
    "a = b.1;\n",
    "a = 2147483648;\n",
    "a = 99999999999999999999;\n",
    "a = 1e999;\n",
    "a = 1e-60f;\n",
    "a = 0b12;\n",
    "a = 0b1f;\n",
    "a = 08;\n",
    "a = 0x;\n",
    "a = 1__;\n",
    "a = '';\n",
    "a = 'bc';\n",
    "a = \"b;\n",
    "a = \"\\q\";\n",
    "a = \"\"\"b\"\"\";\n",
    "a = b # c;\n",
    "/* a\nf();\n",
    "// \\users\nf();\n",
];

/// Texts that the grammar has, and what is broken in them.
const BROKEN: &[(&str, &str)] = &[
    ("package a;\npackage a;\n\nclass B {}\n", "package a;\n\n"),
    ("package a;\n\nimport b.C;\n b.D;\n\nclass E {}\n", "b.D;"),
    ("class A {\n    boolean f() {\n        g();\n        true;\n    }\n}\n", "true;"),
    ("class A {\n    int f(int b) {\n        if (b > 1) (b);\n        b + 1;\n    }\n}\n", "(b);"),
    ("class A {\n    public f(int b) {\n        g(b);\n    }\n}\n", "f(int"),
    ("class A {\n    A b = new A() {\n        f() { }\n    };\n}\n", "f() {"),
];

#[test]
fn what_is_right_is_accepted() {
    for code in RIGHT {
        assert_eq!(read(code), Reading::Right, "{code}");
    }
}

#[test]
fn what_is_wrong_is_not_accepted() {
    for code in WRONG {
        assert_ne!(read(code), Reading::Right, "{code}");
    }
}

#[test]
fn what_only_the_grammar_has_is_broken() {
    for (code, place) in BROKEN {
        assert_eq!(read(code), Reading::Broken(code.find(place).unwrap()), "{code}");
    }
}

#[test]
fn a_form_of_words_is_not_proven_broken() {
    for code in [
        "if (condition) {\n    statement;\n}\n",
        "class A {\n    void f() {\n        statement1;\n    }\n}\n",
        "x;\na.b;\n",
        "f() {\n    g();\n}\n",
        "class A {\n    int f(int b) {\n        yield ++b;\n    }\n}\n",
    ] {
        assert_eq!(read(code), Reading::Unknown, "{code}");
    }
}
