// The OpenAI SDK for Node against the gateway: moderations, pictures and sound.
import assert from 'node:assert/strict';
import OpenAI, { toFile } from 'openai';
import { PNG, backs, collect, session } from './stand.mjs';

const client = new OpenAI({ baseURL: `${session.base}/v1`, apiKey: session.key, maxRetries: 0, timeout: 30_000 });
const each = backs('openai-back');
const SOUND = Buffer.alloc(2500, 7);

const text = (picture) => Buffer.from(picture.b64_json, 'base64').toString();

each('texts are judged', { can: ['guard'] }, async (back) => {
  const answer = await client.moderations.create({ model: back.model('guard'), input: 'I hate you' });
  assert.equal(answer.results[0].flagged, true);
  assert.equal(answer.results[0].categories.hate, true);
});

each('pictures are made, whole and in parts', { can: ['painter'] }, async (back) => {
  const asked = { model: back.model('painter'), prompt: 'a cat', quality: 'low' };
  const answer = await client.images.generate(asked);
  assert.equal(text(answer.data[0]), 'a picture of a cat');
  assert.equal(answer.usage.output_tokens, 272);
  const events = await collect(await client.images.generate({ ...asked, stream: true, partial_images: 1 }));
  assert.deepEqual(
    events.map((event) => event.type),
    ['image_generation.partial_image', 'image_generation.completed'],
  );
});

each('pictures are edited', { can: ['painter'] }, async (back) => {
  const image = await toFile(Buffer.from(PNG, 'base64'), 'one.png', { type: 'image/png' });
  const answer = await client.images.edit({ model: back.model('painter'), prompt: 'with a hat', image });
  assert.equal(text(answer.data[0]), 'a picture of with a hat');
});

each('texts are read aloud', { can: ['voice'] }, async (back) => {
  const asked = { model: back.model('voice'), voice: 'alloy', input: 'hello' };
  const spoken = Buffer.from(await (await client.audio.speech.create(asked)).arrayBuffer());
  assert.equal(spoken[0], 0xff);
  assert.ok(spoken.includes('hello'));
});

each('recordings are written down, whole and word by word', { can: ['ear'] }, async (back) => {
  const asked = async (more) => ({ model: back.model('ear'), file: await toFile(SOUND, 'talk.mp3'), ...more });
  const answer = await client.audio.transcriptions.create(await asked({}));
  assert.equal(answer.text, 'talk.mp3 lasts 3 seconds');
  const events = await collect(await client.audio.transcriptions.create(await asked({ stream: true })));
  assert.equal(events.at(-1).type, 'transcript.text.done');
  assert.equal(events.slice(0, -1).map((event) => event.delta).join(''), answer.text);
});
