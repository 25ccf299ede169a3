// What every script is told: where the router is, whether to stream, and the one tool there is.
import { writeFileSync } from "node:fs";

export const [router, mode] = process.argv.slice(2);
export const isStreamed = mode === "streamed";

export const model = "planning";
export const task = "Create the file made.txt.";
export const tool = {
  name: "write_file",
  description: "Writes a file.",
  parameters: {
    type: "object",
    properties: { path: { type: "string" }, content: { type: "string" } },
    required: ["path", "content"],
    additionalProperties: false,
  },
};

export function write({ path, content }) {
  writeFileSync(path, content);
  return `wrote ${path}`;
}

export function report(document) {
  console.log(JSON.stringify(document));
}
