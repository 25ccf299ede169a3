// A tool loop over OpenAI's SDK for Responses, and an answer of a given shape.
import OpenAI from "openai";
import { zodTextFormat } from "openai/helpers/zod";
import { z } from "zod";
import { isStreamed, model, report, router, task, tool, write } from "./task.mjs";

const client = new OpenAI({ baseURL: `${router}/v1`, apiKey: "any", maxRetries: 0 });
const ask = (asked) =>
  isStreamed ? client.responses.stream(asked).finalResponse() : client.responses.parse({ ...asked });

const tools = [{ type: "function", ...tool, strict: true }];
const input = [{ role: "user", content: task }];
const answers = [];
for (let calls = null; calls === null || calls.length > 0; ) {
  const answer = await ask({ model, instructions: "Be brief.", input, tools });
  answers.push(answer);
  calls = answer.output.filter((item) => item.type === "function_call");
  const results = calls.map((call) => ({
    type: "function_call_output",
    call_id: call.call_id,
    output: write(JSON.parse(call.arguments)),
  }));
  input.push(...answer.output, ...results);
}

const format = zodTextFormat(z.object({ name: z.string(), count: z.number() }), "made");
const shaped = await ask({ model, input: task, text: { format } });

report({
  words: answers.map((answer) => answer.output_text),
  statuses: answers.map((answer) => answer.status),
  models: answers.map((answer) => answer.model),
  usages: answers.map((answer) => answer.usage),
  shaped: shaped.output_parsed,
});
