// The OpenAI SDK for Node against the gateway, over every back. What the SDK documents is the specification.
import assert from 'node:assert/strict';
import OpenAI from 'openai';
import { CLOCK, PNG, SENTENCE, TRICKY, TRIP, WEATHER, backs, collect, modelNames, once, session } from './stand.mjs';

const WITH = { baseURL: `${session.base}/v1`, apiKey: session.key, maxRetries: 0, timeout: 30_000 };
const client = new OpenAI(WITH);
const each = backs('openai-back');

const TOOLS = [
  { type: 'function', function: { name: 'weather', description: 'Forecast', parameters: WEATHER } },
  { type: 'function', function: { name: 'clock', description: 'Local time', parameters: CLOCK } },
];

const user = (content) => ({ role: 'user', content });
const say = (model, content = 'Good morning', more = {}) =>
  client.chat.completions.create({ model, messages: [user(content)], ...more });
const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');

function assertShape(error) {
  for (const field of ['message', 'type', 'param', 'code'])
    assert.ok(field in error.error, `error.${field} is missing`);
  assert.equal(typeof error.error.message, 'string');
  assert.ok(!String(error).includes(session.upstream_key));
  return true;
}

each('a chat is answered', {}, async (back) => {
  const answer = await say(back.model());
  assert.equal(answer.object, 'chat.completion');
  const [choice] = answer.choices;
  assert.deepEqual([choice.index, choice.finish_reason, choice.message.role], [0, 'stop', 'assistant']);
  assert.equal(choice.message.content, 'You said: Good morning');
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  assert.ok(answer._request_id);
});

each('a stream says what a whole answer says', {}, async (back) => {
  const whole = await say(back.model(), TRICKY);
  const chunks = await collect(await say(back.model(), TRICKY, { stream: true }));
  assert.equal(textOf(chunks), whole.choices[0].message.content);
  assert.equal(chunks[0].choices[0].delta.role, 'assistant');
  assert.ok(chunks.every((chunk) => !chunk.usage && chunk.choices.length === 1));
  const last = await collect(
    await say(back.model(), TRICKY, { stream: true, stream_options: { include_usage: true } }),
  );
  assert.equal(last.filter((chunk) => chunk.usage).length, 1);
  assert.deepEqual(last.at(-1).choices, []);
  assert.equal(last.at(-1).usage.total_tokens, whole.usage.total_tokens);
});

each('the stream helper puts an answer together', {}, async (back) => {
  const stream = client.chat.completions.stream({ model: back.model(), messages: [user(SENTENCE)] });
  assert.equal(await stream.finalContent(), `You said: ${SENTENCE}`);
});

each('the tool runner runs its round', {}, async (back) => {
  for (const stream of [false, true]) {
    const seen = [];
    const weather = (args) => (seen.push(args), 'Rain until noon');
    const tool = { ...TOOLS[0].function, function: weather, parse: JSON.parse };
    const runner = client.chat.completions.runTools({
      model: back.model(),
      messages: [user('How is the weather?')],
      tools: [{ type: 'function', function: tool }],
      stream,
    });
    assert.match(await runner.finalContent(), /Rain until noon/);
    assert.equal(seen.length, 1);
    assert.deepEqual(Object.keys(seen[0]).sort(), ['city', 'days', 'unit']);
  }
});

each('two tools are called at once and both results are used', {}, async (back) => {
  const asked = [user('Weather and time?')];
  const first = await client.chat.completions.create({ model: back.model('pair'), messages: asked, tools: TOOLS });
  const [{ message, finish_reason }] = first.choices;
  assert.equal(finish_reason, 'tool_calls');
  assert.deepEqual(
    message.tool_calls.map((call) => call.function.name),
    ['weather', 'clock'],
  );
  const results = message.tool_calls.map((call, at) => ({
    role: 'tool',
    tool_call_id: call.id,
    content: ['Rain', 'Noon'][at],
  }));
  const final = await client.chat.completions.create({
    model: back.model('pair'),
    messages: [...asked, message, ...results],
    tools: TOOLS,
  });
  assert.match(final.choices[0].message.content, /Rain.*Noon/s);
});

each('streamed tool calls join to whole ones', {}, async (back) => {
  for (const mood of back.can.includes('tangle') ? ['pair', 'tangle'] : ['pair']) {
    const stream = client.chat.completions.stream({
      model: back.model(mood),
      messages: [user('Weather?')],
      tools: TOOLS,
    });
    const { message, finish_reason } = (await stream.finalChatCompletion()).choices[0];
    assert.equal(finish_reason, 'tool_calls');
    assert.deepEqual(
      message.tool_calls.map((call) => call.function.name),
      ['weather', 'clock'],
    );
    assert.deepEqual(Object.keys(JSON.parse(message.tool_calls[0].function.arguments)).sort(), [
      'city',
      'days',
      'unit',
    ]);
    assert.deepEqual(Object.keys(JSON.parse(message.tool_calls[1].function.arguments)), ['zone']);
    assert.equal(new Set(message.tool_calls.map((call) => call.id)).size, 2);
  }
});

each('a tool can be demanded', { can: ['choice'] }, async (back) => {
  const tool_choice = { type: 'function', function: { name: 'clock' } };
  const answer = await say(back.model(), 'Hi', { tools: TOOLS, tool_choice });
  assert.deepEqual(
    answer.choices[0].message.tool_calls.map((call) => call.function.name),
    ['clock'],
  );
});

each('an answer fits its schema', {}, async (back) => {
  const response_format = { type: 'json_schema', json_schema: { name: 'trip', strict: true, schema: TRIP } };
  const ask = { model: back.model(), messages: [user('Plan a trip')], response_format };
  const whole = await client.chat.completions.create(ask);
  const trip = JSON.parse(whole.choices[0].message.content);
  assert.deepEqual(Object.keys(trip).sort(), ['legs', 'nights', 'title']);
  const streamed = await client.chat.completions.stream(ask).finalContent();
  assert.deepEqual(JSON.parse(streamed), trip);
});

each('an image is taken', {}, async (back) => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } };
  const answer = await say(back.model(), [{ type: 'text', text: 'What is this?' }, image]);
  assert.match(answer.choices[0].message.content, /What is this\?/);
});

each('limits and stop sequences end an answer', { can: ['stop'] }, async (back) => {
  const short = await say(back.model(), SENTENCE, { max_completion_tokens: 4 });
  assert.equal(short.choices[0].finish_reason, 'length');
  const stopped = await say(back.model(), SENTENCE, { stop: ['brown'] });
  assert.equal(stopped.choices[0].message.content.trimEnd(), 'You said: the quick');
  assert.equal(stopped.choices[0].finish_reason, 'stop');
});

each('reasoning is shown, and can be sent back', {}, async (back) => {
  const ask = { model: back.model(), reasoning_effort: 'low', tools: TOOLS.slice(0, 1) };
  const asked = [user('Weather?')];
  const { message } = (await client.chat.completions.create({ ...ask, messages: asked })).choices[0];
  assert.match(message.reasoning_content, /Weather\?/);
  const result = { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'Snow' };
  const final = await client.chat.completions.create({ ...ask, messages: [...asked, message, result] });
  assert.match(final.choices[0].message.content, /Snow/);
});

each('embeddings are the same in either encoding', { can: ['embed'] }, async (back) => {
  const ask = { model: back.model('embed'), input: ['one', 'two'], dimensions: 16 };
  const packed = await client.embeddings.create(ask);
  const plain = await client.embeddings.create({ ...ask, encoding_format: 'float' });
  packed.data.forEach((vector, at) => {
    assert.equal(vector.index, at);
    assert.equal(vector.embedding.length, 16);
    vector.embedding.forEach((number, i) => assert.ok(Math.abs(number - plain.data[at].embedding[i]) < 1e-6));
  });
});

each('an old completion is answered and streamed', {}, async (back) => {
  const ask = { model: back.model(), prompt: SENTENCE };
  const whole = await client.completions.create(ask);
  assert.deepEqual([whole.object, whole.choices[0].text], ['text_completion', `You said: ${SENTENCE}`]);
  const chunks = await collect(await client.completions.create({ ...ask, stream: true }));
  assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(''), whole.choices[0].text);
});

once('every model is listed', async () => {
  const listed = await collect(client.models.list());
  assert.deepEqual(listed.map((model) => model.id).sort(), [...modelNames].sort());
});

once('a wrong key and an unknown model are refused', async () => {
  const stranger = new OpenAI({ ...WITH, apiKey: 'sk-wrong' });
  await assert.rejects(
    stranger.models.list(),
    (error) => error instanceof OpenAI.AuthenticationError && assertShape(error),
  );
  await assert.rejects(say('nobody'), (error) => [400, 404].includes(error.status) && assertShape(error));
});

each("a provider's fault has the SDK's class", {}, async (back) => {
  const kinds = {
    limited: OpenAI.RateLimitError,
    failing: OpenAI.InternalServerError,
    overloaded: OpenAI.InternalServerError,
    gone: OpenAI.NotFoundError,
    long: OpenAI.BadRequestError,
  };
  for (const [mood, kind] of Object.entries(kinds)) {
    for (const stream of [false, true]) {
      await assert.rejects(say(back.model(mood), 'Hi', { stream }), (error) => {
        assert.ok(error instanceof kind, `${mood}: ${error}`);
        if (mood === 'limited') assert.equal(error.headers.get('retry-after'), '7');
        return assertShape(error);
      });
    }
  }
});

each('a stream that fails midway throws', {}, async (back) => {
  for (const mood of session.direct ? ['breaks'] : ['breaks', 'cut', 'short']) {
    const seen = [];
    const stream = await say(back.model(mood), SENTENCE, { stream: true });
    await assert.rejects(collect(stream, seen), OpenAI.APIError, mood);
    assert.ok(textOf(seen) && `You said: ${SENTENCE}`.startsWith(textOf(seen)));
    assert.ok(seen.every((chunk) => !chunk.choices[0]?.finish_reason));
  }
});

each('many calls at once get their own answers', {}, async (back) => {
  const numbers = Array.from({ length: 32 }, (_, number) => `caller number ${number}`);
  const answers = await Promise.all(numbers.map((text) => say(back.model(), text)));
  assert.deepEqual(
    answers.map((answer) => answer.choices[0].message.content),
    numbers.map((text) => `You said: ${text}`),
  );
});
