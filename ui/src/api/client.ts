// The one way to the gateway: JSON in, JSON out, errors in words.

import type { Answers } from './answers'
import type { Requests } from './requests'

/** Why the gateway did not do what it was asked. */
export class ApiError extends Error {
  readonly status: number
  readonly retryAfter: number | null
  /** The field that is wrong, if it is one. */
  readonly param: string | null

  constructor(status: number, message: string, param: string | null = null, retryAfter: number | null = null) {
    super(message)
    this.status = status
    this.param = param
    this.retryAfter = retryAfter
  }
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE'

/** The paths that take a method. */
export type PathOf<M extends Method> = keyof Requests extends infer K
  ? K extends `${M} ${infer P}`
    ? P
    : never
  : never

/** What a path reads, as the gateway describes it: a field of another name or type does not pass the check of types. */
export type Fields<M extends Method, P extends string> = Requests[`${M} ${P}` & keyof Requests]

/** What a path answers, as the gateway describes it; unknown where that is up to a provider. */
export type AnswerOf<M extends Method, P extends string> = `${M} ${P}` extends keyof Answers
  ? Answers[`${M} ${P}`]
  : unknown

/** What is sent, and the type of what comes back. */
export interface ApiRequest<T = unknown> {
  method: Method
  path: string
  body?: unknown
  query?: object
  /** Never there: it carries the type of the answer. */
  answer?: T
}

export function get<P extends PathOf<'GET'>>(path: P, query?: Fields<'GET', P>): ApiRequest<AnswerOf<'GET', P>> {
  return { method: 'GET', path, query }
}

export function post<P extends PathOf<'POST'>>(path: P, body: Fields<'POST', P>): ApiRequest<AnswerOf<'POST', P>> {
  return { method: 'POST', path, body }
}

export function patch<P extends PathOf<'PATCH'>>(path: P, body: Fields<'PATCH', P>): ApiRequest<AnswerOf<'PATCH', P>> {
  return { method: 'PATCH', path, body }
}

export function del<P extends PathOf<'DELETE'>>(path: P, body: Fields<'DELETE', P>): ApiRequest<AnswerOf<'DELETE', P>> {
  return { method: 'DELETE', path, body }
}

const listeners = new Set<() => void>()

/** Tells `listener` whenever the gateway no longer knows who we are. */
export function onSignedOut(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Sends a request, and returns the answer as it comes, if it is none of refusal. */
export async function send({ method, path, body, query }: ApiRequest, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = 'application/json'
  let response: Response
  try {
    response = await fetch(path + queryString(query), {
      method,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: 'same-origin',
      headers,
      signal,
    })
  } catch (why) {
    if (why instanceof DOMException && why.name === 'AbortError') throw why
    throw new ApiError(0, 'The gateway does not answer. Check that it runs and that you are connected to it.')
  }
  if (response.ok) return response
  const refusal = await refusalOf(response)
  if (response.status === 401 && !path.startsWith('/v2/login') && !path.startsWith('/onboarding')) {
    listeners.forEach(listener => listener())
  }
  throw refusal
}

/** Asks for something and reads the answer. */
export async function api<T>(request: ApiRequest<T>, signal?: AbortSignal): Promise<T> {
  const response = await send(request, signal)
  return (await response.json()) as T
}

export function queryString(query: object = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '')
  if (given.length === 0) return ''
  return '?' + new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
}

async function refusalOf(response: Response): Promise<ApiError> {
  const retryAfter = Number(response.headers.get('retry-after')) || null
  const text = await response.text()
  try {
    const body: unknown = JSON.parse(text)
    const { message, param } = words(body)
    if (message) return new ApiError(response.status, message, param, retryAfter)
  } catch {
    // What is no JSON came from something between us and the gateway.
  }
  return new ApiError(response.status, `The gateway answered with status ${response.status}.`, null, retryAfter)
}

interface Refusal {
  error?: { message?: string; param?: string | null } | string
  detail?: { loc?: (string | number)[]; msg?: string }[] | string
}

function words(body: unknown): { message: string | null; param: string | null } {
  const { error, detail } = (body ?? {}) as Refusal
  if (typeof error === 'string') return { message: error, param: null }
  if (error?.message) return { message: error.message, param: error.param ?? null }
  if (typeof detail === 'string') return { message: detail, param: null }
  const first = detail?.[0]
  if (first?.msg) {
    const place = (first.loc ?? []).slice(1).join('.')
    return { message: place ? `${place}: ${first.msg}` : first.msg, param: place || null }
  }
  return { message: null, param: null }
}
