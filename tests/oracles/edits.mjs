// The verdicts of harnesses in JavaScript on the edits of `edits.py`: one case a line in, one `true` or `false` a line out.
//
//     node edits.mjs HARNESS PACKAGE < cases
//
// Nothing of a package is kept here: what finds and replaces is cut out of its bundle, by what stands before and behind it in
// just that version, and run. Where the bundle is another, that fails.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const [harness, folder] = process.argv.slice(2);
const root = join(folder, "package");

/** The text between two marks, with the first and without the second. */
function cut(path, from, to) {
  const bundle = readFileSync(path).toString("latin1");
  const start = bundle.indexOf(from);
  const end = bundle.indexOf(to, start);
  if (start < 0 || end < 0) throw new Error(`${path}: not the bundle that is known here`);
  return Buffer.from(bundle.slice(start, end), "latin1").toString("utf8");
}

const run = (code, result) => new Function(`${code}\nreturn ${result};`)();
const plain = (text) => text.replaceAll("\r\n", "\n");

/** Each takes a case and throws, or yields the file as it is then. */
const tools = {
  pi() {
    const path = join(root, "dist/core/tools/edit-diff.js");
    const code = cut(path, "export function detectLineEnding(", "/**\n * Generate a unified diff").replaceAll("export ", "");
    const [apply, unix, stripped] = run(code, "[applyEditsToNormalizedContent, normalizeToLF, stripBom]");
    const of = (edits) => edits.map(({ old, new: text }) => ({ oldText: old, newText: text }));
    return ({ file, edits }) => apply(unix(stripped(file).text), of(edits), "a.py");
  },
  openclaw() {
    const name = readdirSync(join(root, "dist")).find((name) => /^tools-.*\.mjs$/.test(name) && isEditor(name));
    const code = cut(join(root, "dist", name), "function detectLineEnding(", "/** Generate a standard unified patch. */");
    const apply = run(`const levenshteinDistance = () => 0;\n${code}`, "applyEditsPreservingLineEndings");
    const of = (edits) => edits.map(({ old, new: text }) => ({ oldText: old, newText: text }));
    return ({ file, edits }) => apply(file, of(edits), "a.py");
  },
  qwen() {
    const path = join(root, "cli.js");
    const replace = cut(path, "function safeLiteralReplace(", "function isBinary(");
    const find = cut(path, "function normalizeBasicCharacters(", "function extractEditSnippet(");
    const map = cut(path, "UNICODE_EQUIVALENT_MAP = {", "__name(normalizeBasicCharacters,");
    const passes = cut(path, "LINE_COMPARISON_PASSES = [", "__name(normalizeLineForComparison,");
    const names = "normalizeEditStrings, maybeAugmentOldStringForDeletion, countOccurrences, safeLiteralReplace";
    const tool = run(`const __name = (f) => f; var ${map}; var ${passes}; ${replace} ${find}`, `({ ${names} })`);
    return ({ file, edits: [edit] }) => {
      const text = plain(file);
      let { oldString, newString } = tool.normalizeEditStrings(text, edit.old, edit.new);
      oldString = tool.maybeAugmentOldStringForDeletion(text, oldString, newString);
      const count = tool.countOccurrences(text, oldString);
      if (edit.old === "" || count === 0 || (!edit.all && count > 1) || oldString === newString) throw new Error();
      if (tool.safeLiteralReplace(text, oldString, newString) === text) throw new Error();
    };
  },
  continue() {
    const code = cut(join(root, "dist/index.js"), "function LGe(e,t,n,r){", "var swr=w(");
    const prelude = "const L = (f) => (f(), f); const C1 = () => {}; class zi extends Error {}";
    const [check, apply] = run(`${prelude}\n${code}`, "[LGe, JSr]");
    return ({ file, edits }) => {
      for (const edit of edits) check(edit.old, edit.new, edit.all);
      apply(file, edits.map((edit) => ({ old_string: edit.old, new_string: edit.new, replace_all: edit.all })));
    };
  },
  opencode() {
    const code = cut(join(root, "bin/opencode"), "ve=0.65,ps=0.65;function fe(", 'import gr from"path";var Ee=');
    const ends = cut(join(root, "bin/opencode"), "function Io(o){", "var Pe=new Map;function ds(");
    const [apply, unix, ending, restored] = run(`var ${code}\n${ends}`, "[Ts, Io, ms, Me]");
    return ({ file, edits: [edit] }) => {
      if (edit.old === edit.new || edit.old === "") throw new Error();
      const end = ending(file);
      apply(file, restored(unix(edit.old), end), restored(unix(edit.new), end), edit.all);
    };
  },
  opencode_patch() {
    const bundle = join(root, "bin/opencode");
    const code = cut(bundle, "function pn(o,e){let r=o[e];", "var kt=s.fn(");
    const bom = cut(bundle, "var Ce=65279,", "var go=s.fn(");
    const [parse, apply] = run(`${bom}\n${code}`, "[sr, Er]");
    return ({ file, patch }) => {
      const { hunks } = parse(patch);
      if (hunks.length === 0) throw new Error();
      for (const hunk of hunks) if (hunk.type === "update" && hunk.path === "a.py") apply("a.py", hunk.chunks, file);
    };
  },
  claude() {
    const bundle = join(root, "claude");
    const code = cut(bundle, "function Vol(e){", "function S6t({");
    const apply = cut(bundle, "function Qol(e,t){return!e", "function Zol(e,t){");
    const quotes = 'var YCo="\\u2018",Xzn="\\u2019",XCo="\\u201C",JCo="\\u201D";';
    const kinds = "var ZCo=/\\\\u[0-9a-fA-F]{4}/,eIo=/[\\u0080-\\uffff]/;";
    const escape = "function Ux(s){return s.replace(/[\\\\^$.*+?()[\\]{}|]/g,'\\\\$&')} class ebe extends Error{}";
    const [find, bare, quoted, unescaped, replace] = run(
      `${quotes}${kinds}${escape}${code}${apply}`,
      "[c$e, QCo, e_t, Yol, KCo]",
    );
    return ({ file, edits: [edit] }) => {
      const text = plain(file);
      const wanted = bare(edit.new);
      if (edit.old === wanted || edit.old === "") throw new Error();
      const found = find(text, edit.old);
      if (!found || (text.split(found).length > 2 && !edit.all)) throw new Error();
      const written = unescaped(edit.old, found, quoted(edit.old, found, wanted));
      replace(text, [{ old_string: found, new_string: written, replace_all: edit.all }]);
    };
  },
};

function isEditor(name) {
  return readFileSync(join(root, "dist", name), "utf8").includes("function applyEditsPreservingLineEndings(");
}

const tool = tools[harness]();
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  let applies = true;
  try {
    tool(JSON.parse(line));
  } catch (error) {
    if (error instanceof ReferenceError || error instanceof TypeError) throw error;
    applies = false;
  }
  console.log(applies);
}
