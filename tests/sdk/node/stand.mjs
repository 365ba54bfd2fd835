// Gives every test its back, and the session that tools/sdk.py prepared. No test is ever skipped: a test runs for the
// backs that can do what it is about, and only the direct mode leaves some out.
import { test } from 'node:test';

if (!process.env.LOCKGATE_SDK) {
  throw new Error('start these suites with tools/sdk.py: they need a gateway and a mock provider');
}

export const session = JSON.parse(process.env.LOCKGATE_SDK);
const TIMEOUT_MS = 60_000;

// One test per back that can do all of `can`. In direct mode only `native`, the back whose dialect the SDK speaks.
// `gateway` marks what holds for a gateway, but not for the mock alone.
export function backs(native) {
  const wanted = Object.entries(session.backs).filter(([name]) => !session.direct || name === native);
  return (title, { can = [], gateway = false } = {}, body) => {
    if (gateway && session.direct) return;
    for (const [name, back] of wanted.filter(([, back]) => can.every((ability) => back.can.includes(ability)))) {
      test(`${title} [${name}]`, { timeout: TIMEOUT_MS }, () =>
        body({ name, can: back.can, model: (mood = 'chat') => back.models[mood] }),
      );
    }
  };
}

// A test that is not about one back.
export function once(title, body) {
  if (!session.direct) test(title, { timeout: TIMEOUT_MS }, body);
}

export const modelNames = Object.values(session.backs).flatMap((back) => Object.values(back.models));

export const TRICKY = 'Grüße, 世界 👋🏽 "quoted" \\ back\\slash\n\ttab </s> data: [DONE]';
export const SENTENCE = 'the quick brown fox jumps over the lazy dog';
// One red pixel.
export const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC';

const object = (properties) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
export const WEATHER = object({
  city: { type: 'string' },
  unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
  days: { type: 'integer' },
});
export const CLOCK = object({ zone: { type: 'string' } });
export const TRIP = object({
  title: { type: 'string' },
  nights: { type: 'integer' },
  legs: { type: 'array', items: object({ to: { type: 'string' }, by: { type: 'string', enum: ['train', 'bus'] } }) },
});

// Collects an asynchronous iterable; what came before a failure is kept in `into`.
export async function collect(stream, into = []) {
  for await (const item of stream) into.push(item);
  return into;
}

const PATIENCE_MS = 20_000;

// What the gateway's own API answers its administrator.
export async function call(path, body) {
  const headers = { authorization: `Bearer ${session.key}`, 'content-type': 'application/json' };
  const asked = body === undefined ? { headers } : { method: 'POST', headers, body: JSON.stringify(body) };
  return (await fetch(session.base + path, asked)).json();
}

// The key's calls that are wanted, as soon as the log has so many of them.
export async function logged(key, count, wanted = () => true) {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const calls = (await call(`/spend/logs?api_key=${key}`)).filter(wanted);
    if (calls.length >= count || Date.now() > until) return calls;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
