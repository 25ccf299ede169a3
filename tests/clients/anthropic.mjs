// The tool loop of Anthropic's SDK, and an answer of a given shape.
import Anthropic from "@anthropic-ai/sdk";
import { betaTool } from "@anthropic-ai/sdk/helpers/beta/json-schema";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { z } from "zod";
import { isStreamed, model, report, router, task, tool, write } from "./task.mjs";

const threads = process.argv[4];
const client = new Anthropic({ baseURL: router, apiKey: "any", maxRetries: 0 });
const messages = [{ role: "user", content: task }];
const asked = { model, max_tokens: 2000, messages };

const runner = client.beta.messages.toolRunner({
  ...asked,
  system: "Be brief.",
  thinking: { type: "enabled", budget_tokens: 1024 },
  tools: [betaTool({ name: tool.name, description: tool.description, inputSchema: tool.parameters, run: write })],
  stream: isStreamed,
  ...(threads === "without-threads" ? { thread: false } : {}),
});
const answers = [];
for await (const answer of runner) answers.push(isStreamed ? await answer.finalMessage() : answer);

const output_config = { format: zodOutputFormat(z.object({ name: z.string(), count: z.number() })) };
const shaped = isStreamed
  ? await client.messages.stream({ ...asked, output_config }).finalMessage()
  : await client.messages.parse({ ...asked, output_config });

report({
  contents: answers.map((answer) => answer.content),
  stops: answers.map((answer) => answer.stop_reason),
  models: answers.map((answer) => answer.model),
  usages: answers.map((answer) => answer.usage),
  shaped: shaped.parsed_output,
});
