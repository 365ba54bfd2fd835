// Budgets and limits in forms: the same for keys, users, teams and everybody else.

import { NumberInput, Select, SimpleGrid } from '@mantine/core'

export interface AllowanceForm {
  max_budget: number | string
  soft_budget: number | string
  budget_duration: string | null
  rpm_limit: number | string
  tpm_limit: number | string
  max_parallel_requests: number | string
}

type Given = { [name in keyof AllowanceForm]?: number | string | null }

const SPANS = [
  { value: '1d', label: 'each day' },
  { value: '7d', label: 'each week' },
  { value: '1mo', label: 'each month' },
]

export function allowanceOf(given: Given | null | undefined): AllowanceForm {
  return {
    max_budget: given?.max_budget ?? '',
    soft_budget: given?.soft_budget ?? '',
    budget_duration: given?.budget_duration ? String(given.budget_duration) : null,
    rpm_limit: given?.rpm_limit ?? '',
    tpm_limit: given?.tpm_limit ?? '',
    max_parallel_requests: given?.max_parallel_requests ?? '',
  }
}

/** What is sent: an empty field is none. */
export function sent(form: AllowanceForm) {
  // What is no number is refused by the gateway, by name.
  const number = (value: number | string) => (value === '' ? null : (value as number))
  return {
    max_budget: number(form.max_budget),
    soft_budget: number(form.soft_budget),
    budget_duration: form.budget_duration,
    rpm_limit: number(form.rpm_limit),
    tpm_limit: number(form.tpm_limit),
    max_parallel_requests: number(form.max_parallel_requests),
  }
}

/** A new object gets only what was filled in: nothing overrides what the gateway gives by itself. */
export function filled<F extends object>(fields: F): F {
  const empty = (value: unknown) => value === null || value === '' || (Array.isArray(value) && value.length === 0)
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !empty(value))) as F
}

export function AllowanceFields({
  value,
  change,
  soft = true,
}: {
  value: AllowanceForm
  change: (value: AllowanceForm) => void
  soft?: boolean
}) {
  const number = (name: keyof AllowanceForm, label: string, description?: string, dollars = false) => (
    <NumberInput
      label={label}
      description={description}
      value={value[name] ?? ''}
      onChange={given => change({ ...value, [name]: given })}
      min={0}
      prefix={dollars ? '$' : undefined}
      allowDecimal={dollars}
      thousandSeparator=","
      placeholder="no limit"
      hideControls
    />
  )
  const known = SPANS.some(span => span.value === value.budget_duration) || !value.budget_duration
  const spans = known
    ? SPANS
    : [...SPANS, { value: value.budget_duration ?? '', label: `per ${value.budget_duration}` }]
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="sm">
      {number('max_budget', 'Budget', undefined, true)}
      <Select
        label="Begins anew"
        data={spans}
        value={value.budget_duration}
        onChange={span => change({ ...value, budget_duration: span })}
        placeholder="never"
        clearable
      />
      {soft && number('soft_budget', 'Warn from', undefined, true)}
      {number('rpm_limit', 'Requests a minute')}
      {number('tpm_limit', 'Tokens a minute')}
      {number('max_parallel_requests', 'Calls at a time')}
    </SimpleGrid>
  )
}
