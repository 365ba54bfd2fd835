// The OpenAI SDK for Node against the gateway: realtime sessions, by the library `ws` and as browsers have them. The SDK
// opens them at wss: addresses alone; the gateway of these suites has no certificate, so both are led past TLS.
import assert from 'node:assert/strict';
import { once as event } from 'node:events';
import { connect } from 'node:net';
import OpenAI from 'openai';
import { OpenAIRealtimeWebSocket } from 'openai/realtime/websocket';
import { OpenAIRealtimeWS } from 'openai/realtime/ws';
import { WebSocket } from 'ws';
import { backs, session } from './stand.mjs';

const client = new OpenAI({ baseURL: `${session.base}/v1`, apiKey: session.key, maxRetries: 0, timeout: 30_000 });
const each = backs('openai-back');
const { hostname, port } = new URL(session.base);
const plain = { createConnection: () => connect({ host: hostname, port: Number(port) }) };

globalThis.WebSocket = class extends WebSocket {
  constructor(url, protocols) {
    super(url.replace(/^wss:/, 'ws:'), protocols);
  }
};

// All events up to the first of this kind. An error is an event like others here.
const until = (realtime, kind) =>
  new Promise((resolve, reject) => {
    const events = [];
    realtime.on('error', reject);
    realtime.on('event', (event) => {
      events.push(event);
      if (event.type === kind) resolve(events);
    });
  });

const talk = async (realtime) => {
  const done = until(realtime, 'response.done');
  realtime.once('session.created', () => {
    const content = [{ type: 'input_text', text: 'Grüße, 世界' }];
    realtime.send({ type: 'conversation.item.create', item: { type: 'message', role: 'user', content } });
    realtime.send({ type: 'response.create', response: { output_modalities: ['text'] } });
  });
  const events = await done;
  const deltas = events.filter((event) => event.type === 'response.output_text.delta').map((event) => event.delta);
  assert.deepEqual(deltas, ['0 Grüße, 世界 ', '1 Grüße, 世界 ']);
  assert.equal(events.at(-1).response.usage.output_tokens, 2);
};

each('a session by the library ws', { can: ['talk'] }, async (back) => {
  const realtime = new OpenAIRealtimeWS({ model: back.model('talk'), options: plain }, client);
  await talk(realtime);
  realtime.close({ code: 1000, reason: 'bye' });
  const [code, reason] = await event(realtime.socket, 'close');
  assert.deepEqual([code, reason.toString()], [1000, 'bye']);
});

each('a session as browsers have it, by a secret', { can: ['talk'], gateway: true }, async (back) => {
  const asked = { session: { type: 'realtime', model: back.model('talk') } };
  const secret = await client.realtime.clientSecrets.create(asked);
  const browser = new OpenAI({ baseURL: `${session.base}/v1`, apiKey: secret.value, dangerouslyAllowBrowser: true });
  const realtime = new OpenAIRealtimeWebSocket({ model: back.model('talk') }, browser);
  await talk(realtime);
  realtime.close();
});
