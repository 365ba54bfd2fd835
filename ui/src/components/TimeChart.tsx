// Days on a line, as areas on top of each other or as lines beside each other: uPlot, in the colours of the page.

import { Box, Group, Text, useComputedColorScheme } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useEffect, useMemo, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'

import { day } from '../lib/format'

export interface Series {
  name: string
  values: (number | null)[]
}

interface Props {
  label: string
  days: string[]
  series: Series[]
  format: (value: number) => string
  height?: number
  stacked?: boolean
  /** Colours by their place in the palette, where the usual order does not fit. */
  colors?: string[]
}

export const PALETTE = ['#4f62e8', '#17a2a2', '#e08a2b', '#c2559f', '#5c9e3a', '#8a63d2', '#d2574b', '#6b7686']

export function TimeChart({ label, days, series, format, height = 200, stacked = false, colors = PALETTE }: Props) {
  const scheme = useComputedColorScheme('light')
  const { ref, width } = useElementSize()
  const place = useRef<HTMLDivElement>(null)
  const drawn = useMemo(() => (stacked ? stack(series) : series.map(one => one.values)), [series, stacked])

  useEffect(() => {
    if (!place.current || width === 0) return
    const line = scheme === 'dark' ? '#272c38' : '#e9ebf1'
    const ink = scheme === 'dark' ? '#9aa3b2' : '#5f6672'
    const color = (index: number) => colors[index % colors.length] ?? '#4f62e8'
    const axis = { stroke: ink, font: '11px system-ui', ticks: { show: false } }
    const chart = new uPlot(
      {
        width,
        height,
        padding: [8, 4, 0, 0],
        cursor: { y: false, points: { size: 6 } },
        legend: { show: false },
        scales: { x: { time: true }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
        axes: [
          { ...axis, size: 24, grid: { show: false }, values: (_, at) => at.map(dayAt), space: 70 },
          {
            ...axis,
            grid: { stroke: line, width: 1 },
            values: (_, at) => at.map(value => (value === 0 ? '0' : format(value))),
            size: 58,
            space: 36,
          },
        ],
        series: [
          {},
          ...series.map((one, index) => ({
            label: one.name,
            stroke: color(index),
            width: 1.75,
            // Of series on top of each other the lowest has an area of its own, the others have bands.
            fill: stacked
              ? index === series.length - 1
                ? color(index) + '44'
                : undefined
              : series.length === 1
                ? color(index) + '22'
                : undefined,
            points: { show: days.length === 1, size: 6 },
          })),
        ],
        bands: stacked
          ? series.slice(1).map((_, at) => ({ series: [at + 1, at + 2] as [number, number], fill: color(at) + '44' }))
          : undefined,
        hooks: { setCursor: [chart => showTip(chart, days, series, format)] },
      },
      [days.map(at => Date.parse(at) / 1000), ...drawn] as uPlot.AlignedData,
      place.current,
    )
    return () => chart.destroy()
  }, [colors, days, drawn, format, height, scheme, series, stacked, width])

  return (
    <Box role="img" aria-label={`${label}: ${describe(days, series, format)}`}>
      <div ref={ref}>
        <div ref={place} style={{ position: 'relative', minHeight: height }} />
      </div>
      {series.length > 1 && (
        <Group gap="md" mt={6} aria-hidden>
          {series.map((one, index) => (
            <Group key={one.name} gap={6}>
              <Box w={9} h={9} style={{ borderRadius: 3, background: colors[index % colors.length] }} />
              <Text size="xs" c="dimmed">
                {one.name}
              </Text>
            </Group>
          ))}
        </Group>
      )}
    </Box>
  )
}

function dayAt(seconds: number): string {
  return day(new Date(seconds * 1000).toISOString().slice(0, 10))
}

/** Each series on top of those behind it; the first one is the highest. */
function stack(series: Series[]): (number | null)[][] {
  const sums: number[] = []
  const drawn: (number | null)[][] = []
  for (const one of [...series].reverse()) {
    drawn.unshift(one.values.map((value, at) => (sums[at] = (sums[at] ?? 0) + (value ?? 0))))
  }
  return drawn
}

function describe(days: string[], series: Series[], format: (value: number) => string): string {
  const parts = series.map(one => {
    const known = one.values.filter(value => value !== null)
    return `${one.name} ${format(known.reduce((sum, value) => sum + value, 0))}`
  })
  return `${days.length} days, ${parts.join(', ')}`
}

/** What a day was like, beside the pointer. */
function showTip(chart: uPlot, days: string[], series: Series[], format: (value: number) => string) {
  const over = chart.over
  let tip = over.querySelector<HTMLDivElement>('.tip')
  if (!tip) {
    tip = document.createElement('div')
    tip.className = 'tip'
    over.append(tip)
  }
  const at = chart.cursor.idx
  const name = at === null || at === undefined ? undefined : days[at]
  if (name === undefined || at === null || at === undefined || (chart.cursor.left ?? -1) < 0) {
    tip.hidden = true
    return
  }
  const lines = series
    .map(one => ({ name: one.name, value: one.values[at] ?? null }))
    .filter(one => one.value !== null && (series.length === 1 || one.value > 0))
  tip.hidden = false
  tip.replaceChildren(
    ...[day(name), ...lines.map(one => `${one.name}: ${format(one.value ?? 0)}`)].map(text => {
      const line = document.createElement('div')
      line.textContent = text
      return line
    }),
  )
  const left = chart.cursor.left ?? 0
  const right = left > over.clientWidth / 2
  tip.style.left = right ? '' : `${left + 12}px`
  tip.style.right = right ? `${over.clientWidth - left + 12}px` : ''
}
