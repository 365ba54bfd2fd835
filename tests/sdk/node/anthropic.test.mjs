// The Anthropic SDK for Node against the gateway, over every back. What the SDK documents is the specification.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { jsonSchemaOutputFormat } from '@anthropic-ai/sdk/helpers/json-schema';
import { CLOCK, PNG, SENTENCE, TRICKY, TRIP, WEATHER, backs, collect, modelNames, once, session } from './stand.mjs';

const WITH = { baseURL: session.base, apiKey: session.key, maxRetries: 0, timeout: 30_000 };
const client = new Anthropic(WITH);
const each = backs('anthropic-back');

const TOOLS = [
  { name: 'weather', description: 'Forecast', input_schema: WEATHER },
  { name: 'clock', description: 'Local time', input_schema: CLOCK },
];
const THINK = { thinking: { type: 'enabled', budget_tokens: 1024 }, max_tokens: 4096 };

const user = (content) => ({ role: 'user', content });
const ask = (model, content, more = {}) => ({ model, max_tokens: 1000, messages: [user(content)], ...more });
const say = (model, content = 'Good morning', more = {}) => client.messages.create(ask(model, content, more));
const textOf = (message) => message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
const callsOf = (message) => message.content.filter((block) => block.type === 'tool_use');
const deltas = (events) => events.map((event) => event.delta?.text ?? '').join('');

// The conversation after tool calls: what was asked, the assistant's turn as it came, one result per call.
function answered(asked, turn, texts) {
  const results = callsOf(turn).map((call, at) => ({ type: 'tool_result', tool_use_id: call.id, content: texts[at] }));
  return [user(asked), { role: 'assistant', content: turn.content }, user(results)];
}

function assertShape(error, type) {
  assert.equal(error.error.type, 'error');
  assert.equal(typeof error.error.error.message, 'string');
  if (type) assert.equal(error.error.error.type, type);
  assert.ok(!String(error).includes(session.upstream_key));
  return true;
}

each('a message is answered', {}, async (back) => {
  const answer = await say(back.model(), 'Good morning', { system: 'Be brief.' });
  assert.deepEqual([answer.type, answer.role, answer.stop_reason], ['message', 'assistant', 'end_turn']);
  assert.equal(textOf(answer), 'You said: Good morning');
  assert.equal(answer.usage.input_tokens, 4);
  assert.ok(answer.usage.output_tokens > 0 && answer._request_id);
});

each('a stream says what a whole answer says', {}, async (back) => {
  const whole = await say(back.model(), TRICKY);
  const events = await collect(await say(back.model(), TRICKY, { stream: true }));
  assert.equal(deltas(events), textOf(whole));
  assert.equal(events[0].type, 'message_start');
  assert.deepEqual(
    events.slice(-2).map((event) => event.type),
    ['message_delta', 'message_stop'],
  );
  const final = await client.messages.stream(ask(back.model(), TRICKY)).finalMessage();
  assert.equal(textOf(final), textOf(whole));
  assert.deepEqual(
    [final.stop_reason, final.usage.input_tokens, final.usage.output_tokens],
    [whole.stop_reason, whole.usage.input_tokens, whole.usage.output_tokens],
  );
});

each('tools are called and their results are used', {}, async (back) => {
  for (const mood of back.can.includes('tangle') ? ['chat', 'pair', 'tangle'] : ['chat', 'pair']) {
    const turns = [
      await say(back.model(mood), 'Weather?', { tools: TOOLS }),
      await client.messages.stream(ask(back.model(mood), 'Weather?', { tools: TOOLS })).finalMessage(),
    ];
    for (const turn of turns) {
      assert.equal(turn.stop_reason, 'tool_use');
      const names = ['weather', 'clock'].slice(0, mood === 'chat' ? 1 : 2);
      assert.deepEqual(
        callsOf(turn).map((call) => call.name),
        names,
      );
      assert.deepEqual(Object.keys(callsOf(turn)[0].input).sort(), ['city', 'days', 'unit']);
      const messages = answered('Weather?', turn, ['Rain', 'Noon']);
      const final = await say(back.model(mood), null, { messages, tools: TOOLS });
      assert.match(textOf(final), mood === 'chat' ? /Rain/ : /Rain.*Noon/s);
    }
  }
});

each('a tool can be demanded', { can: ['choice'] }, async (back) => {
  const answer = await say(back.model(), 'Hi', { tools: TOOLS, tool_choice: { type: 'tool', name: 'clock' } });
  assert.deepEqual(
    callsOf(answer).map((call) => call.name),
    ['clock'],
  );
});

each('an answer fits its schema', {}, async (back) => {
  const output_config = { format: jsonSchemaOutputFormat(TRIP) };
  const whole = await client.messages.parse(ask(back.model(), 'Plan a trip', { output_config }));
  assert.deepEqual(Object.keys(whole.parsed_output).sort(), ['legs', 'nights', 'title']);
  const streamed = await client.messages.stream(ask(back.model(), 'Plan a trip', { output_config })).finalMessage();
  assert.deepEqual(streamed.parsed_output, whole.parsed_output);
});

each('an image is taken', {}, async (back) => {
  const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } };
  assert.match(textOf(await say(back.model(), [image, { type: 'text', text: 'What is this?' }])), /What is this\?/);
});

each('limits and stop sequences end an answer', { can: ['stop'] }, async (back) => {
  assert.equal((await say(back.model(), SENTENCE, { max_tokens: 4 })).stop_reason, 'max_tokens');
  const stopped = await say(back.model(), SENTENCE, { stop_sequences: ['brown'] });
  assert.equal(textOf(stopped).trimEnd(), 'You said: the quick');
});

each('thinking is shown, streamed, and can be sent back', {}, async (back) => {
  const more = { ...THINK, tools: TOOLS.slice(0, 1) };
  const whole = await say(back.model(), 'Weather?', more);
  const streamed = await client.messages.stream(ask(back.model(), 'Weather?', more)).finalMessage();
  assert.equal(streamed.content[0].thinking, whole.content[0].thinking);
  if (back.can.includes('same_proof')) assert.deepEqual(streamed.content[0], whole.content[0]);
  for (const turn of [whole, streamed]) {
    assert.ok(back.can.includes('same_proof') || turn.content[0].signature);
    assert.deepEqual(
      turn.content.map((block) => block.type),
      ['thinking', 'tool_use'],
    );
    assert.match(turn.content[0].thinking, /Weather\?/);
    const final = await say(back.model(), null, { ...more, messages: answered('Weather?', turn, ['Snow']) });
    assert.match(textOf(final), /Snow/);
  }
});

each('tokens are counted without a call', {}, async (back) => {
  const count = async (content) =>
    (await client.messages.countTokens({ model: back.model(), messages: [user(content)] })).input_tokens;
  assert.ok((await count('hello')) > 0 && (await count('hello '.repeat(200))) > (await count('hello')));
});

once('every model is listed', async () => {
  const listed = await collect(client.models.list({ limit: 1000 }));
  assert.deepEqual(listed.map((model) => model.id).sort(), [...modelNames].sort());
});

once('a wrong key and an unknown model are refused', async () => {
  const stranger = new Anthropic({ ...WITH, apiKey: 'sk-wrong' });
  await assert.rejects(
    stranger.messages.create(ask('openai-back', 'Hi')),
    (error) => error instanceof Anthropic.AuthenticationError && assertShape(error, 'authentication_error'),
  );
  await assert.rejects(say('nobody'), (error) => [400, 404].includes(error.status) && assertShape(error));
});

each("a provider's fault has the SDK's class", {}, async (back) => {
  const kinds = {
    limited: [Anthropic.RateLimitError, 'rate_limit_error'],
    failing: [Anthropic.InternalServerError, 'api_error'],
    overloaded: [Anthropic.OverloadedError, 'overloaded_error'],
    gone: [Anthropic.NotFoundError, 'not_found_error'],
    long: [Anthropic.BadRequestError, 'invalid_request_error'],
  };
  for (const [mood, [kind, type]] of Object.entries(kinds)) {
    for (const stream of [false, true]) {
      await assert.rejects(say(back.model(mood), 'Hi', { stream }), (error) => {
        assert.ok(error instanceof kind, `${mood}: ${error}`);
        if (mood === 'limited') assert.equal(error.headers.get('retry-after'), '7');
        return assertShape(error, type);
      });
    }
  }
});

each('a stream that fails midway throws', {}, async (back) => {
  for (const mood of session.direct ? ['breaks'] : ['breaks', 'cut', 'short']) {
    const seen = [];
    const stream = await say(back.model(mood), SENTENCE, { stream: true });
    await assert.rejects(
      collect(stream, seen),
      (error) => error instanceof Anthropic.APIError && assertShape(error),
      mood,
    );
    assert.ok(deltas(seen) && `You said: ${SENTENCE}`.startsWith(deltas(seen)));
    assert.ok(seen.every((event) => event.type !== 'message_stop'));
  }
});

each('many calls at once get their own answers', {}, async (back) => {
  const numbers = Array.from({ length: 32 }, (_, number) => `caller number ${number}`);
  const answers = await Promise.all(numbers.map((text) => say(back.model(), text)));
  assert.deepEqual(
    answers.map(textOf),
    numbers.map((text) => `You said: ${text}`),
  );
});
