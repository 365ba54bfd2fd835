// Ollama's library for JavaScript against the gateway, over every back.
import assert from 'node:assert/strict';
import { Ollama } from 'ollama';
import { PNG, SENTENCE, TRICKY, TRIP, WEATHER, backs, collect, modelNames, once, session } from './stand.mjs';

const client = new Ollama({ host: session.base, headers: { Authorization: `Bearer ${session.key}` } });
const each = backs('ollama-back');
const TOOLS = [{ type: 'function', function: { name: 'weather', description: 'Forecast', parameters: WEATHER } }];

const user = (content, more = {}) => ({ role: 'user', content, ...more });
const say = (model, content, more = {}) => client.chat({ model, messages: [user(content)], ...more });
const textOf = (chunks) => chunks.map((chunk) => chunk.message.content).join('');

each('a stream says what a whole answer says', {}, async (back) => {
  const whole = await say(back.model(), TRICKY);
  assert.equal(whole.message.content, `You said: ${TRICKY}`);
  assert.ok(whole.done && whole.prompt_eval_count > 0 && whole.eval_count > 0);
  const chunks = await collect(await say(back.model(), TRICKY, { stream: true }));
  assert.equal(textOf(chunks), whole.message.content);
  assert.deepEqual([chunks.at(-1).done, chunks.at(-1).eval_count], [true, whole.eval_count]);
  const old = await client.generate({ model: back.model(), prompt: SENTENCE });
  assert.equal(old.response, `You said: ${SENTENCE}`);
});

each('a tool is called and its result is used', {}, async (back) => {
  const asked = [user('Weather?')];
  for (const stream of [false, true]) {
    const told = await client.chat({ model: back.model(), messages: asked, tools: TOOLS, stream });
    const chunks = stream ? await collect(told) : [told];
    const calls = chunks.flatMap((chunk) => chunk.message.tool_calls ?? []);
    assert.equal(calls.length, 1);
    assert.deepEqual(Object.keys(calls[0].function.arguments).sort(), ['city', 'days', 'unit']);
    const turn = chunks.find((chunk) => chunk.message.tool_calls).message;
    const messages = [...asked, turn, { role: 'tool', tool_name: 'weather', content: 'Rain until noon' }];
    const final = await client.chat({ model: back.model(), messages, tools: TOOLS });
    assert.match(final.message.content, /Rain until noon/);
  }
});

each('an answer fits its schema, and an image is taken', {}, async (back) => {
  const answer = await say(back.model(), 'Plan a trip', { format: TRIP });
  assert.deepEqual(Object.keys(JSON.parse(answer.message.content)).sort(), ['legs', 'nights', 'title']);
  const seen = await client.chat({ model: back.model(), messages: [user('What is this?', { images: [PNG] })] });
  assert.match(seen.message.content, /What is this\?/);
});

each('texts are embedded in order', { can: ['embed'] }, async (back) => {
  const { embeddings } = await client.embed({ model: back.model('embed'), input: ['one', 'two'] });
  assert.ok(embeddings.length === 2 && embeddings[0].length > 1);
});

each("a provider's fault is an error", {}, async (back) => {
  await assert.rejects(say(back.model('limited'), 'Hi'), (error) => error.status_code === 429);
  const seen = [];
  await assert.rejects(say(back.model('breaks'), SENTENCE, { stream: true }).then((stream) => collect(stream, seen)));
  assert.ok(textOf(seen) && `You said: ${SENTENCE}`.startsWith(textOf(seen)));
});

once('every model is listed', async () => {
  const { models } = await client.list();
  assert.deepEqual(new Set(models.map((model) => model.name)), new Set(modelNames));
});
