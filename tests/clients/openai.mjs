// The tool loop of OpenAI's SDK, and an answer of a given shape.
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";
import { isStreamed, model, report, router, task, tool, write } from "./task.mjs";

const client = new OpenAI({ baseURL: `${router}/v1`, apiKey: "any", maxRetries: 0 });
const asked = { model, ...(isStreamed ? { stream: true, stream_options: { include_usage: true } } : {}) };

const runner = client.chat.completions.runTools({
  ...asked,
  messages: [{ role: "system", content: "Be brief." }, { role: "user", content: task }],
  tools: [{ type: "function", function: { ...tool, parse: JSON.parse, function: write } }],
});
const words = await runner.finalContent();
const answers = runner.allChatCompletions();

const format = zodResponseFormat(z.object({ name: z.string(), count: z.number() }), "made");
const messages = [{ role: "user", content: task }];
const shaped = isStreamed
  ? await client.chat.completions.stream({ ...asked, messages, response_format: format }).finalChatCompletion()
  : await client.chat.completions.parse({ ...asked, messages, response_format: format });

report({
  words,
  finishes: answers.map((answer) => answer.choices[0].finish_reason),
  models: answers.map((answer) => answer.model),
  usage: await runner.totalUsage(),
  lastUsage: answers.at(-1).usage,
  shaped: shaped.choices[0].message.parsed,
});
