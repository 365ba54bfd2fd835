// A chat with a model through the gateway, as any application has it: OpenAI's API, streamed.

import { post, send } from '../api/client'

export type Message = {
  role: 'system' | 'user' | 'assistant'
  content: string
}

export interface Outcome {
  /** Milliseconds to the first piece of text, and to the end. */
  firstMs: number | null
  tookMs: number
  promptTokens: number | null
  completionTokens: number | null
  /** Dollars, as the gateway says; `null` if the price is not known. */
  cost: number | null
  deployment: string | null
  callId: string | null
}

interface Chunk {
  choices?: { delta?: { content?: string | null } }[]
  usage?: { prompt_tokens?: number; completion_tokens?: number; cost?: number } | null
  error?: { message?: string }
}

export interface Question {
  model: string
  messages: Message[]
  temperature?: number
  maxTokens?: number
}

export function bodyOf({ model, messages, temperature, maxTokens }: Question) {
  return { model, messages, stream: true, temperature, max_tokens: maxTokens }
}

/** Asks, and tells `hear` each piece of the answer. */
export async function chat(question: Question, hear: (text: string) => void, signal: AbortSignal): Promise<Outcome> {
  const began = performance.now()
  const body = { ...bodyOf(question), stream_options: { include_usage: true } }
  const response = await send(post('/v1/chat/completions', body), signal)
  const header = (name: string) => response.headers.get(name)
  const outcome: Outcome = {
    firstMs: null,
    tookMs: 0,
    promptTokens: null,
    completionTokens: null,
    cost: null,
    deployment: header('x-litellm-model-id'),
    callId: header('x-litellm-call-id'),
  }
  for await (const chunk of chunks(response)) {
    if (chunk.error) throw new Error(chunk.error.message ?? 'The answer broke off.')
    const text = chunk.choices?.[0]?.delta?.content
    if (text) {
      outcome.firstMs ??= performance.now() - began
      hear(text)
    }
    if (chunk.usage) {
      outcome.promptTokens = chunk.usage.prompt_tokens ?? null
      outcome.completionTokens = chunk.usage.completion_tokens ?? null
      outcome.cost = chunk.usage.cost ?? null
    }
  }
  outcome.tookMs = performance.now() - began
  return outcome
}

/** The events of a stream. */
async function* chunks(response: Response): AsyncGenerator<Chunk> {
  if (!response.body) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    rest += value
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const data = line.startsWith('data:') ? line.slice(5).trim() : ''
      if (data && data !== '[DONE]') yield JSON.parse(data) as Chunk
    }
  }
}
