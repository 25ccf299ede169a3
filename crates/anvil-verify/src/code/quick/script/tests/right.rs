//! Code of each construct, and what is near to being something else.

use super::{Dialect, SCRIPTS, Verdict, assert_each};

/// Right in all three languages.
const SCRIPT: &[&str] = &[
    "",
    "// only a comment",
    "#!/usr/bin/env node\nmain()",
    "\u{feff}'use strict'; a",
    "var a; var b = 1, c; let [d, , e = 1, ...f] = g, { h, i: j, [k]: l = 2, 'm': n, 1: o, ...p } = q; const r = 1;",
    "a\nb\n;[c]\n++d\ne--",
    "a\n++\nb",
    "if (a) b; else if (c) { d } else e\nif (a) function f() {}",
    "if (a) var b = 1; else var c",
    "for (;;) {} for (let i = 0, n = a.length; i < n; i++) ; for (i = 0, j = 1; i < j; ) {}",
    "for (const a of b) c; for (const a in b) c; for (a of b) c; for (a.b in c) d; for ([a, b] of c) d; for ({ a = 1 } of b) c;",
    "for (var i = (a in b); i; ) {} for (var i = [a in b]; ;) ; async function f() { for await (const a of b) c }",
    "for (using a of b) {} { using a = b; await using c = d }",
    "while (a) b; do a; while (b) c; do { a } while (b)",
    "a: for (;;) { break a; continue a\n}",
    "switch (a) { case 1: case b: c; break; default: d } switch (a) {} switch (a) { case (b): case { c }.d: e }",
    "try { a } catch { b } try { a } catch (e) { b } finally { c } try { a } catch ({ message }) { b } try { a } finally { b }",
    "function f() { return\na } function g() { return a, b } function* h() { yield; yield a; yield* b; const c = yield }",
    "throw new Error('a'); debugger; with (a) b",
    "function f(a, b = 1, { c, d = 2 } = {}, [e] = [], ...[g]) {}",
    "async function f() { await a; for (const b of await c) ; } async function* g() { yield await a }",
    "a = async () => {}; a = async (b, c = 1) => b; a = async b => { await c }; a = async function () {}; async\nb",
    "a => b; (a, b) => a + b; () => {}; ({ a, b: [c] }) => c; (a, ...b) => a; (a = 1, { b } = {}) => a; ([a]) => a; (a,) => b",
    "({ a = 1 }) => a; ({ a = 1 } = {}) => a; [a, b] = [b, a]; ({ a, b: c.d, ...e } = f); [a.b, ...c[0]] = d; ({ a = 1 } = b)",
    "[(a), ((b.c))] = d; (a) = 1; (a.b) = 2; ({ a: (b) } = c); [...[a]] = b; [a = 1, { b = 2 }] = c",
    "a = b = c; a += b -= c; a ||= b; a &&= b; a ??= b; a **= b; a >>>= b; a >>= b; a <<= b; a /= b; a >= b",
    "a ? b : c ? d : e; a ? (b) : (c); a ? b => c : d; a ? (b, c) => d : e; a ? { b } : [c]; (a ? b : c).d",
    "a + b * c ** d - -e % !f / ~g; a ?? b + c; (a ?? b) || c; a || b && c; a | b ^ c & d; a == b != c === d !== e; a < b > c",
    "a instanceof b; a in b; #c in d; typeof a === 'b'; void 0; delete a.b; (-a) ** b; a ** -b; !a.b[c](d)`e`",
    "a?.b?.[c]?.(d).e; a?.5 : 1; a?.b ? c : d; new A; new A(); new a.b.c(d).e; new (f())(); new new A()(); new A()()",
    "function f() { new.target } import.meta.url; import('a'); import('a', { with: { type: 'json' } }); await import('a')",
    "a = { b, c: 1, 'd': 2, 3: 4, [e]: 5, f() {}, get g() { return 1 }, set g(h) {}, async i() {}, *j() {}, async *k() {}, ...l, }",
    "a = { get, set, async, static: 1, get: 1, set() {}, async() {}, if: 1, class() {}, get if() {}, await: 1, of, new: 2 }",
    "a = [, 1, , 2, ...b, ,]; f(a, ...b, c,); f(...a, ...b); `a${b}c${`d${e}`}f`; ``; `\\`\\${`; tag`\\u`; `${{ a: 1 }.a}`",
    "a = /b[/]c\\/d/gi; a = b / c / d; (a) / b; a[0] / b; if (/a/.test(b)) c; return /a/; x = y ? /a/ : /b/; [/a/, /=/]",
    "0; 1.5; .5; 5.; 1e3; 1E-3; 0xfF; 0b1; 0o7; 1_000; 10n; 0xFn; 1..a; 1.0.a; 0.1",
    "'a\\'b\\n\\x41\\u0041\\u{1F600}\\\nc'; \"d'e\"; 'é\u{2028}'",
    "é = ñ + 变量; const $a = _b$1; class Ä {}",
    "class A {} class B extends A { } class C extends f(a).b { } (class {}); (class D extends (a, b) {}); a = class extends B {}",
    "class A { a = 1; b; 'c' = 2; [d] = 3; #e = 4; static f = 5; static #g; static { this.h = 1 } static async *i() {} }",
    "class A { constructor(a) { super(a); super.b(); super[c] } get a() { return this.#b } set a(b) {} static get c() {} *d() {} }",
    "class A { get; set; static; async; get = 1; static = 2; async() {} get() {} static() {} accessor a = 1; 'constructor'() {} }",
    "class A { a = () => { this.b }\n c = 1\n d\n static e\n async\n f() {} ; ; }",
    "@a class A { @b() c = 1; @d.e(f) @g h() {} @(i) j }",
    "@a export class A {}",
    "import a from 'b'; import { c, d as e, default as f, 'g' as h } from 'i'; import * as j from 'k'; import l, { m } from 'n'",
    "import 'a'; import o, * as p from 'q'; import {} from 'r'; import s from 's' with { type: 'json' }; import from_ from 'x'",
    "import from from 'a'; import { type } from 'b'; import type from 'c'; import defer * as d from 'e'; import source f from 'g'",
    "export const a = 1; export default a; export { b, c as d, e as default }; export * from 'f'; export * as g from 'h'",
    "export default function () {}\nexport { default } from 'a'; export { if as else } from 'b'; export async function c() {}",
    "export default class {}\nexport class A {}; export function* b() {}; export let c, d; export var e",
    "export default async () => {}; export default { a: 1 }; export default async function () {}",
    "let of = 1, get = 2, set = 3, from = 4, as = 5, async = 6, type = 7; type.a = as + from; type = 1; of(get)",
    "a\n/* b\n */ c; d /* e */ ; f // g\n<!0",
    "var a = function b() {}(), c = function* () {}; (function () {})(); !function () {}(); +(() => {})()",
    "{ a: 1 }; { } ; ({}).b; ({})",
    "a = b ? function () {} : () => ({ c: 1 }); x = (a, b); y = ((a)); z = (((a))).b",
    "f(function () { return 1 }, a => a, async a => a, (a) => ({ a }))",
];

/// Right in TypeScript and TSX.
const TYPES: &[&str] = &[
    "let a: string = 'b', c: number[] | undefined, d!: Map<string, Array<number>>; const e: [a: string, b?: number, ...c: boolean[]] = f",
    "function f(this: Window, a: string, b?: number, c: boolean = true, ...d: any[]): void {} function g(a: string): string; function g(a) {}",
    "function f<T, U extends keyof T = keyof T, const V = {}>(a: T, b: U): T[U] { return a[b] }",
    "const a = (b: string, c?: number): string => b; const d = <T,>(e: T) => e; const f = async (g: string): Promise<void> => {}",
    "const a = <T extends object>(b: T): T => b; const c = async <T,>(d: T) => d; (a?) => b; (a?: string, b = 1) => c",
    "({ a, b = 1 }: { a: string; b?: number }) => a; ([a]: string[]) => a; (a: string, ...b: number[]): b is string => true",
    "f<string>(a); f<A, B<C>>(a); new Map<string, Map<string, number[]>>(); f<T>`a`; a.b<string>().c; a?.<string>(b); f<T>; new A<B>",
    "a < b; a < b && c > d; f(a < b, c > d); a < (b >> c); if (a < b || c > (d)) {} for (let i = 0; i < n; i++) {}",
    "const a = b as string; const c = <const T,>(d: T) => d; a as const; (a as any).b = 1; a!.b!.c; a! as B; a satisfies B; (a as any) = 1",
    "a = b as unknown as C[]; x = a as B ? c : d; for (const a of b as C[]) {} if ((a as B) > c) {} (a! += 1); a!++",
    "a ? (b) : c; a ? (b) => c : d; a ? { b: (c): d => e } : g; a ? b : (c): d => e; case_ ? (a as B) : c",
    "switch (a) { case (b): c; case f<T>(x): }",
    "type A = string; type B<T> = T | null; type C = | 'a' | 'b'; type D = A & B<C>; type E = keyof typeof f; type F = A['b'][number][]",
    "type A = () => void; type B = (a: string, b?: number, ...c: any[]) => a is string; type C = new (a: A) => B; type D = abstract new () => A",
    "type A = (a) => void; type B = (string | number)[]; type C = ((a: string) => void) | null; type D = (string); type E = ({ a, b }: C) => d",
    "type A<T> = T extends (infer U)[] ? U : T extends Promise<infer V extends string> ? V : never; type B = (<T>() => T extends A ? 1 : 2) extends B ? 1 : 2",
    "type A<T> = (<V>() => V extends T ? 1 : 2) extends <V>() => V extends U ? 1 : 2 ? true : false",
    "type A<T> = { readonly [K in keyof T as `a${K & string}`]?: T[K] }; type B = { -readonly [K in C]-?: D; }; type E = { [K in F]: G }",
    "type A = { a: string; b?: number, readonly c: boolean\n d(): void; e?<T>(f: T): T; [key: string]: unknown; new (g: A): B; (h: C): D; get i(): E; set i(j: E) }",
    "type A = typeof import('a'); type B = import('a').C<D>; type E = typeof f.g; type F = typeof g<string>; type G = unique symbol; type H = -1 | 1n",
    "type A = [string, number?, ...boolean[]]; type B = readonly string[]; type C = [a: string, ...b: number[]]; type D = []; type E = `a-${string}`",
    "type A = { if: string; get: number; set: A; readonly: B; new: C; [Symbol.iterator](): D; 'e': F; 1: G; async: H; get?(): I }",
    "interface A { a: string } interface B<T = {}> extends C, D<T>, E.F { (a: string): void } interface G {}",
    "enum A { B, C = 1, 'D' = 'd', E = B | C, } const enum F { G } declare enum H { I }",
    "namespace A.B { export const c = 1; import D = E.F; } declare module 'a' { export default b; const b: any; export = b } module C {} declare module 'x';",
    "declare global { interface Window { a: string } } declare const a: string; declare function b(c: string): void; declare class D { e: string; f(): void }",
    "declare let a: string, b; declare namespace C { function d(): void } declare type E = string; declare abstract class F {} export declare const g: H",
    "abstract class A<T> extends B<T> implements C, D<E> { abstract f(): void; abstract g: string; protected abstract readonly h: number }",
    "class A { private a: string; public static readonly b = 1; protected c?: number; d!: string; declare e: string; override f(): void {} [key: string]: any }",
    "class A { constructor(private readonly a: string, public b?: number, @C() protected d = 1) { super() } f<T>(a: T): T; f(a) {} get g(): string { return '' } }",
    "class A { private async f(): Promise<void> {} static async *g<T>() {} private static h() {} readonly = 1; declare; abstract() {} accessor i: string = '' }",
    "class A extends B<C>.D {} ",
    "import type { A } from 'b'; import { type C, D, type E as F } from 'g'; import type H from 'i'; import type * as J from 'k'; import L = require('m')",
    "import type, { A } from 'b'; import { type as as } from 'c'; export type { A } from 'b'; export type * from 'c'; export { type D }; export = E; export as namespace F",
    "export default interface A {}\nexport abstract class B {}; export enum C {}; export interface D {}; export type E = F; export namespace G {}; export import H = I.J",
    "export default abstract class A {}",
    "export default function f(a: string): void; export default function f(a) {}",
    "function a(b: unknown): asserts b is string {} function c(d): asserts d {} function e(this: A): this is B {} function is(is: any): is is string {}",
    "@A({ b: 1 }) export class C { @D() e: string; @F<G>(h) i() {} constructor(@J() k: L) {} }",
    "try { a } catch (e: unknown) { b } let f = function <T>(a: T): a is T {}; let x: typeof y[number]; let z = y as typeof y[number];",
    "let a: (b: string) => c = d; let e: { f: string } = g; let h: A<B>= i; let j: A<B<C<D>>> = k; let l = m as A<B>; let t: A.B.C",
    "let a = { b<T>(c: T): T { return c }, async d(): Promise<void> {}, get e(): string { return '' }, f: <T,>(g: T) => g }",
    "type a = 1; var type = 2; type\nA\ninterface_; declare.a = 1; namespace(b); abstract = c; module.exports = d; let keyof: infer, is = 1",
    "let x: (A | B)[], y: A | (() => void), f: (cb: (e?: Error) => void) => void, g: (a: A) => (b: B) => C",
    "let a: this, b: void, c: null, d: undefined, e: never, f: object, g: symbol, h: bigint, i: true | false",
    "export const f = ({ a, b }: { a: A; b: B }): C => { return a }, g = (h: I = {}): J => ({})",
    "let v = a ? (b as C) : ((d): e => f), w = x ? y<T>(z) : u; const fn = (a: number, b: number): number => a < b ? a : b",
];

/// Right in TypeScript alone.
const ASSERTIONS: &[&str] =
    &["a = <string>b; (<any>c).d; (<any>e) = 1; <A<B>>f.g", "a = <T>(b: T) => b; <T>(a) => a", "<T>f()"];

/// Right in JavaScript and TSX.
const MARKUP: &[&str] = &[
    "a = <div />; b = <a.b.c d='e' f=\"g\nh\" i={j} {...k} data-l-m='n' o:p='q' r></a.b.c>; <></>; <A>text, it's {b} and {/* c */} {...d}</A>",
    "const a = (<ul>\n  {items.map((item) => <li key={item.id}>{item.name}</li>)}\n</ul>)",
    "a ? <b /> : <c></c>; a && <b>c</b>; f(<a />, <b></b>); return <a b=<c /> />; x = <a>&nbsp;é // no comment /* none */ 'a</a>",
    "<a-b c-d='e'>f</a-b>; <if.a />; <svg:a></svg:a>; a = < b / >; <A {...b} c={<D>{e}</D>} />; <a>{`${<b />}`}</a>; <this.a />",
    "a < b; a <b; a<(b); for (let i = 0; i<n; i++) {} <a b={c > d} />",
    "<a onClick={() => { f() }} style={{ b: 1 }}>{c ? (<d />) : null}{' '}</a>",
];

/// Right in TSX alone.
const TYPED_MARKUP: &[&str] = &[
    "const A = <T,>({ b }: { b: T }) => <div>{b as any}</div>; <Foo<string> bar={1} />; <Foo<A, B<C>>>d</Foo>",
    "const a = <T extends object>(b: T) => <C>{b}</C>; const d: React.FC<P> = ({ e }) => <e.f g={h!} />; const i = <extends />",
    "function A({ b }: Props): JSX.Element { const [c, setC] = useState<string | null>(null); return <p>{c}</p> }",
];

/// All of it.
pub(super) fn whole() -> String {
    [SCRIPT, TYPES, ASSERTIONS, MARKUP, TYPED_MARKUP].concat().join("\n")
}

#[test]
fn javascript_is_accepted() {
    assert_each(Verdict::Accepted, &SCRIPTS, SCRIPT);
}

#[test]
fn types_are_accepted() {
    assert_each(Verdict::Accepted, &[Dialect::TYPESCRIPT, Dialect::TSX], TYPES);
    assert_each(Verdict::Accepted, &[Dialect::TYPESCRIPT], ASSERTIONS);
}

#[test]
fn markup_is_accepted() {
    assert_each(Verdict::Accepted, &[Dialect::JAVASCRIPT, Dialect::TSX], MARKUP);
    assert_each(Verdict::Accepted, &[Dialect::TSX], TYPED_MARKUP);
}
