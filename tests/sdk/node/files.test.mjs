// The OpenAI SDK for Node against the gateway: files, and batches that are made of them.
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';
import { TRICKY, backs, call, collect, logged, session } from './stand.mjs';

const each = backs('openai-back');
const FILES = { can: ['files'] };
const connected = (apiKey) => new OpenAI({ baseURL: `${session.base}/v1`, apiKey, maxRetries: 0, timeout: 30_000 });
const ownKey = async () => (session.direct ? session.key : (await call('/key/generate', {})).key);

const lines = (model) =>
  ['Good morning', TRICKY]
    .map((content, at) => {
      const body = { model, messages: [{ role: 'user', content }] };
      return `${JSON.stringify({ custom_id: `${at}`, method: 'POST', url: '/v1/chat/completions', body })}\n`;
    })
    .join('');
const keep = async (client, model) =>
  client.files.create({ file: await toFile(Buffer.from(lines(model)), 'calls.jsonl'), purpose: 'batch' });
const make = (client, file) =>
  client.batches.create({ input_file_id: file.id, endpoint: '/v1/chat/completions', completion_window: '24h' });

each('a file is kept, shown, read and forgotten', FILES, async () => {
  const client = connected(await ownKey());
  const content = Buffer.from(TRICKY.repeat(1000));
  const file = await client.files.create({ file: await toFile(content, 'notes.txt'), purpose: 'user_data' });
  assert.deepEqual([file.filename, file.bytes, file.purpose], ['notes.txt', content.length, 'user_data']);
  assert.deepEqual(await client.files.retrieve(file.id), file);
  assert.deepEqual(Buffer.from(await (await client.files.content(file.id)).arrayBuffer()), content);
  const ids = async () => (await collect(client.files.list({ purpose: 'user_data' }))).map((one) => one.id);
  assert.ok((await ids()).includes(file.id));
  assert.equal((await client.files.delete(file.id)).deleted, true);
  assert.ok(!(await ids()).includes(file.id));
  await assert.rejects(client.files.retrieve(file.id), OpenAI.NotFoundError);
});

each('a batch is made, read and stopped', FILES, async (back) => {
  const client = connected(await ownKey());
  const file = await keep(client, back.model());
  const done = await client.batches.retrieve((await make(client, file)).id);
  assert.deepEqual([done.status, done.input_file_id, done.request_counts.completed], ['completed', file.id, 2]);
  const output = await (await client.files.content(done.output_file_id)).text();
  const answers = output.trim().split('\n').map((line) => JSON.parse(line).response.body);
  assert.deepEqual(
    answers.map((answer) => answer.choices[0].message.content),
    ['You said: Good morning', `You said: ${TRICKY}`],
  );
  const stopped = await client.batches.cancel((await make(client, file)).id);
  assert.equal(stopped.status, 'cancelling');
  assert.equal((await client.batches.retrieve(stopped.id)).status, 'cancelled');
  const [newest] = (await client.batches.list({ limit: 1 })).data;
  assert.equal(newest.id, stopped.id);
});

each('a batch is in the log with what it cost', { ...FILES, gateway: true }, async (back) => {
  const key = await ownKey();
  const client = connected(key);
  await client.batches.retrieve((await make(client, await keep(client, back.model()))).id);
  const [entry] = await logged(key, 1, (one) => one.call_type === 'aretrieve_batch' && one.spend > 0);
  const cost = (entry.prompt_tokens * 0.000001 + entry.completion_tokens * 0.000002) / 2;
  assert.ok(entry.prompt_tokens > 0 && Math.abs(entry.spend - cost) < 1e-12);
});
