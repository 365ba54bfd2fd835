// Official SDKs for Node against providers' own APIs behind the gateway's prefixes.
import assert from 'node:assert/strict';
import Anthropic from '@anthropic-ai/sdk';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { TRICKY, call, collect, logged, once, session } from './stand.mjs';

const SAID = `You said: ${TRICKY}`;
const TURN = [{ role: 'user', content: TRICKY }];
const ownKey = async () => (await call('/key/generate', {})).key;
const at = (prefix, apiKey) => ({ baseURL: `${session.base}${prefix}`, apiKey, maxRetries: 0, timeout: 30_000 });

// The log has two calls of a key, each of them with its tokens and what they cost.
async function check(key, provider) {
  const calls = await logged(key, 2);
  assert.equal(calls.length, 2);
  for (const one of calls) {
    assert.deepEqual([one.call_type, one.custom_llm_provider], ['pass_through_endpoint', provider]);
    assert.ok(one.prompt_tokens > 0 && one.completion_tokens > 0);
    const cost = one.prompt_tokens * 0.000001 + one.completion_tokens * 0.000002;
    assert.ok(Math.abs(one.spend - cost) < 1e-12, `${one.spend} is not ${cost}`);
  }
}

once('Anthropic answers and is paid for', async () => {
  const key = await ownKey();
  const client = new Anthropic(at('/anthropic', key));
  const asked = { model: 'claude-haiku-4-5', max_tokens: 100, messages: TURN };
  assert.equal((await client.messages.create(asked)).content[0].text, SAID);
  assert.equal(await client.messages.stream(asked).finalText(), SAID);
  await check(key, 'anthropic');
  const limited = { ...asked, model: 'claude-haiku-4-5@status=429' };
  await assert.rejects(client.messages.create(limited), Anthropic.RateLimitError);
  const stranger = new Anthropic(at('/anthropic', 'sk-nobody'));
  await assert.rejects(stranger.messages.create(asked), Anthropic.AuthenticationError);
});

once('OpenAI answers and is paid for', async () => {
  const key = await ownKey();
  const client = new OpenAI(at('/openai_passthrough/v1', key));
  const asked = { model: 'demo', messages: TURN };
  assert.equal((await client.chat.completions.create(asked)).choices[0].message.content, SAID);
  const stream = { ...asked, stream: true, stream_options: { include_usage: true } };
  const pieces = await collect(await client.chat.completions.create(stream));
  assert.equal(pieces.map((piece) => piece.choices[0]?.delta.content ?? '').join(''), SAID);
  await check(key, 'openai');
});

once('Gemini answers and is paid for', async () => {
  const key = await ownKey();
  const google = createGoogleGenerativeAI({ baseURL: `${session.base}/gemini/v1beta`, apiKey: key });
  const asked = { model: google('gemini-2.5-flash'), prompt: TRICKY, maxRetries: 0 };
  assert.equal((await generateText(asked)).text, SAID);
  assert.equal((await collect(streamText(asked).textStream)).join(''), SAID);
  await check(key, 'gemini');
});
