// Vercel's AI SDK against the gateway, over every back, with each of its providers whose dialect callers can speak.
import assert from 'node:assert/strict';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import * as ai from 'ai';
import { PNG, SENTENCE, TRICKY, TRIP, WEATHER, backs, collect, session } from './stand.mjs';

const at = (path) => ({ baseURL: session.base + path, apiKey: session.key });
const openai = createOpenAI(at('/v1'));
const anthropic = createAnthropic(at('/v1'));
const google = createGoogleGenerativeAI(at('/v1beta'));
const compatible = createOpenAICompatible({ name: 'lockgate', includeUsage: true, supportsStructuredOutputs: true, ...at('/v1') });

// What makes a model of each provider, and the back that speaks its dialect.
const PROVIDERS = {
  'openai, responses': [(name) => openai.responses(name), 'openai-back'],
  'openai, chat': [(name) => openai.chat(name), 'openai-back'],
  compatible: [(name) => compatible(name), 'openai-back'],
  anthropic: [(name) => anthropic(name), 'anthropic-back'],
  google: [(name) => google(name), 'gemini-back'],
};
const WITH = { maxRetries: 0, maxOutputTokens: 1000 };
const ONCE = { maxRetries: 0 };

const weather = (seen) =>
  ai.tool({
    description: 'Forecast',
    inputSchema: ai.jsonSchema(WEATHER),
    execute: async (input) => (seen.push(input), 'Rain until noon'),
  });

for (const [provider, [of, native]] of Object.entries(PROVIDERS)) {
  const each = (title, needs, body) =>
    backs(native)(`${provider}: ${title}`, needs, (back) => body((mood) => of(back.model(mood)), back));

  each('a stream says what a whole answer says', {}, async (model) => {
    const whole = await ai.generateText({ model: model(), system: 'Be brief.', prompt: TRICKY, ...WITH });
    assert.deepEqual([whole.text, whole.finishReason], [`You said: ${TRICKY}`, 'stop']);
    assert.ok(whole.usage.inputTokens > 2 && whole.usage.outputTokens > 0);
    const streamed = ai.streamText({ model: model(), system: 'Be brief.', prompt: TRICKY, ...WITH });
    assert.equal((await collect(streamed.textStream)).join(''), whole.text);
    assert.equal(await streamed.finishReason, 'stop');
    const { inputTokens, outputTokens } = await streamed.usage;
    assert.deepEqual([inputTokens, outputTokens], [whole.usage.inputTokens, whole.usage.outputTokens]);
  });

  each('a tool is called and its result is used, whole and streamed', {}, async (model) => {
    for (const run of [ai.generateText, ai.streamText]) {
      const seen = [];
      const asked = { tools: { weather: weather(seen) }, stopWhen: ai.stepCountIs(3), prompt: 'Weather?' };
      const result = await run({ model: model(), ...asked, ...WITH });
      assert.match(await result.text, /Rain until noon/);
      assert.equal((await result.steps).length, 2);
      assert.equal(seen.length, 1);
      assert.deepEqual(Object.keys(seen[0]).sort(), ['city', 'days', 'unit']);
    }
  });

  each('an answer fits its schema, whole and streamed', {}, async (model) => {
    // For models that it does not know, Anthropic's provider would demand the call of one tool instead.
    const providerOptions = { anthropic: { structuredOutputMode: 'outputFormat' } };
    const output = ai.Output.object({ schema: ai.jsonSchema(TRIP) });
    const asked = { output, prompt: 'Plan a trip', providerOptions };
    const trip = (await ai.generateText({ model: model(), ...asked, ...WITH })).output;
    assert.deepEqual(Object.keys(trip).sort(), ['legs', 'nights', 'title']);
    const streamed = ai.streamText({ model: model(), ...asked, ...WITH });
    assert.deepEqual((await collect(streamed.partialOutputStream)).at(-1), trip);
  });

  each('an image is taken', {}, async (model) => {
    const content = [{ type: 'text', text: 'What is this?' }, { type: 'image', image: PNG, mediaType: 'image/png' }];
    const answer = await ai.generateText({ model: model(), messages: [{ role: 'user', content }], ...WITH });
    assert.match(answer.text, /What is this\?/);
  });

  each("a provider's fault is an error, and so is a stream that breaks", {}, async (model) => {
    await assert.rejects(
      ai.generateText({ model: model('limited'), prompt: 'Hi', ...WITH }),
      (error) => ai.APICallError.isInstance(error) && error.statusCode === 429 && error.isRetryable,
    );
    const seen = [];
    const failed = [];
    const broken = ai.streamText({
      model: model('breaks'),
      prompt: SENTENCE,
      onError: ({ error }) => failed.push(error),
      ...WITH,
    });
    await collect(broken.textStream, seen).catch((error) => failed.push(error));
    assert.ok(failed.length > 0 && seen.join('') && `You said: ${SENTENCE}`.startsWith(seen.join('')));
    assert.ok(!String(failed[0]).includes(session.upstream_key));
  });
}

const each = backs('openai-back');

each('embeddings come in order', { can: ['embed'] }, async (back) => {
  const { embeddings, usage } = await ai.embedMany({
    model: openai.embeddingModel(back.model('embed')),
    values: ['one', 'two'],
    ...ONCE,
  });
  assert.ok(embeddings.length === 2 && embeddings[0].length > 1 && usage.tokens > 0);
  assert.notDeepEqual(embeddings[0], embeddings[1]);
});

each('pictures are made', { can: ['painter'] }, async (back) => {
  const { image } = await ai.generateImage({ model: openai.image(back.model('painter')), prompt: 'a cat', ...ONCE });
  assert.equal(Buffer.from(image.base64, 'base64').toString(), 'a picture of a cat');
});

each('texts are read aloud', { can: ['voice'] }, async (back) => {
  const { audio } = await ai.experimental_generateSpeech({ model: openai.speech(back.model('voice')), text: 'hello', ...ONCE });
  assert.ok(Buffer.from(audio.uint8Array).includes('hello'));
});

each('recordings are written down', { can: ['ear'] }, async (back) => {
  const sound = new Uint8Array(2500).fill(7);
  const { text } = await ai.experimental_transcribe({ model: openai.transcription(back.model('ear')), audio: sound, ...ONCE });
  assert.match(text, /lasts 3 seconds/);
});
