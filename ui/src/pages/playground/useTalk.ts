// A talk with one model: what was said, and what each answer took.

import { useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'

import { wordsOf } from '../../api/queries'
import { chat, type Message, type Outcome } from '../../lib/chat'

export interface Turn {
  question: string
  answer: string
  outcome: Outcome | null
  error: string | null
}

export interface Talk {
  turns: Turn[]
  busy: boolean
  ask: (question: string) => void
  stop: () => void
  clear: () => void
}

export function useTalk(model: string, system: string): Talk {
  const [turns, setTurns] = useState<Turn[]>([])
  const [busy, setBusy] = useState(false)
  const abort = useRef<AbortController | null>(null)
  const client = useQueryClient()
  useEffect(() => () => abort.current?.abort(), [])

  const amend = (change: (turn: Turn) => Turn) =>
    setTurns(all => all.map((turn, at) => (at === all.length - 1 ? change(turn) : turn)))

  const run = async (question: string) => {
    const messages: Message[] = system.trim() ? [{ role: 'system', content: system }] : []
    for (const turn of turns.filter(turn => turn.error === null)) {
      messages.push({ role: 'user', content: turn.question }, { role: 'assistant', content: turn.answer })
    }
    messages.push({ role: 'user', content: question })
    setTurns(all => [...all, { question, answer: '', outcome: null, error: null }])
    setBusy(true)
    abort.current = new AbortController()
    try {
      const hear = (text: string) => amend(turn => ({ ...turn, answer: turn.answer + text }))
      const outcome = await chat({ model, messages }, hear, abort.current.signal)
      amend(turn => ({ ...turn, outcome }))
    } catch (why) {
      const stopped = why instanceof DOMException && why.name === 'AbortError'
      amend(turn => ({ ...turn, error: stopped ? 'Stopped.' : wordsOf(why) }))
    } finally {
      setBusy(false)
      void client.invalidateQueries({ queryKey: ['usage'] })
    }
  }

  return {
    turns,
    busy,
    ask: question => void run(question),
    stop: () => abort.current?.abort(),
    clear: () => {
      abort.current?.abort()
      setTurns([])
    },
  }
}
