// The tool loop of the AI SDK over one of its providers, and an answer of a given shape.
import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, stepCountIs, streamObject, streamText, tool as define } from "ai";
import { z } from "zod";
import { isStreamed, model, report, router, task, tool, write } from "./task.mjs";

globalThis.AI_SDK_LOG_WARNINGS = false; // it would print them among the output

const options = { baseURL: `${router}/v1`, apiKey: "any" };
const providers = {
  anthropic: () => createAnthropic(options),
  openai: () => createOpenAI(options),
  "openai-compatible": () =>
    createOpenAICompatible({ ...options, name: "anvil", includeUsage: true, supportsStructuredOutputs: true }),
};
const chosen = providers[process.argv[4]]()(model);
const asked = { model: chosen, prompt: task, maxOutputTokens: 2000, maxRetries: 0 };

const inputSchema = z.object({ path: z.string(), content: z.string() });
const loop = {
  ...asked,
  system: "Be brief.",
  tools: { [tool.name]: define({ description: tool.description, inputSchema, execute: write }) },
  stopWhen: stepCountIs(4),
};
const told = isStreamed ? streamText(loop) : await generateText(loop);
const steps = await told.steps;

const shape = { ...asked, schema: z.object({ name: z.string(), count: z.number() }) };
const shaped = isStreamed ? streamObject(shape) : await generateObject(shape);
if (isStreamed) for await (const _ of shaped.partialObjectStream); // a stream of it runs only while it is read

report({
  words: await told.text,
  finishes: steps.map((step) => step.finishReason),
  warnings: steps.flatMap((step) => step.warnings ?? []),
  usage: await told.totalUsage,
  shaped: await shaped.object,
});
