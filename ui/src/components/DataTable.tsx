// The one table: it sorts, searches and turns pages, by itself or with the gateway's help, and keeps its state in the
// address of the page.

import { Box, Group, Pagination, ScrollArea, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { IconArrowDown, IconArrowUp, IconSearch } from '@tabler/icons-react'
import {
  flexRender,
  getCoreRowModel,
  getFilteredRowModel,
  getPaginationRowModel,
  getSortedRowModel,
  useReactTable,
  type ColumnDef,
  type RowData,
} from '@tanstack/react-table'
import { useState, type ReactNode } from 'react'

import { count } from '../lib/format'
import { useSearchState } from '../lib/search'
import { Empty, Failure, Waiting } from './feedback'

declare module '@tanstack/react-table' {
  // eslint-disable-next-line @typescript-eslint/no-unused-vars
  interface ColumnMeta<TData extends RowData, TValue> {
    numeric?: boolean
  }
}

export interface TableState {
  page: number
  sort: string | undefined
  descending: boolean
  search: string
}

/** What the address says about the table. */
export function useTableState(usual: { sort?: string; descending?: boolean } = {}): TableState {
  const [search] = useSearchState()
  const [sort, order] = (search.sort ?? '').split('.')
  return {
    page: Math.max(1, Number(search.page) || 1),
    sort: sort || usual.sort,
    descending: sort ? order === 'desc' : (usual.descending ?? false),
    search: search.q ?? '',
  }
}

// A table has columns of many types of values.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Columns<T> = ColumnDef<T, any>[]

interface Props<T> {
  name: string
  columns: Columns<T>
  rows: T[] | undefined
  state: TableState
  /** All rows there are, where the gateway sorts, searches and turns pages. */
  total?: number
  /** Whether there are even more than that. */
  more?: boolean
  size?: number
  error?: unknown
  retry?: () => void
  empty: { title: string; hint?: ReactNode; action?: ReactNode }
  searches?: string
  tools?: ReactNode
  open?: (row: T) => void
}

export function DataTable<T>(props: Props<T>) {
  const { name, columns, rows, state, total, more, size = 25, error, retry, empty, searches, tools, open } = props
  const [, change] = useSearchState()
  const byGateway = total !== undefined
  // eslint-disable-next-line react-hooks/incompatible-library -- no compiler memoizes here
  const table = useReactTable({
    data: rows ?? [],
    columns,
    state: {
      sorting: state.sort ? [{ id: state.sort, desc: state.descending }] : [],
      globalFilter: byGateway ? '' : state.search,
      pagination: { pageIndex: byGateway ? 0 : state.page - 1, pageSize: size },
    },
    manualSorting: byGateway,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    getFilteredRowModel: getFilteredRowModel(),
    getPaginationRowModel: getPaginationRowModel(),
    globalFilterFn: 'includesString',
    getColumnCanGlobalFilter: () => true,
    autoResetPageIndex: false,
  })
  const found = total ?? table.getFilteredRowModel().rows.length
  const pages = Math.max(1, Math.ceil(found / size))
  const narrowed = state.search !== ''

  return (
    <Box>
      {(searches || tools) && (
        <Group p="sm" gap="xs" justify="space-between">
          {searches ? <SearchBox label={searches} value={state.search} /> : <span />}
          <Group gap="xs">{tools}</Group>
        </Group>
      )}
      {error && !rows ? (
        <Box p="sm">
          <Failure why={error} retry={retry} />
        </Box>
      ) : !rows ? (
        <Waiting />
      ) : found === 0 && narrowed ? (
        <Empty title="Nothing fits">No row has “{state.search}” in it. Search for something else.</Empty>
      ) : found === 0 ? (
        <Empty title={empty.title} action={empty.action}>
          {empty.hint}
        </Empty>
      ) : (
        <ScrollArea
          type="auto"
          offsetScrollbars="present"
          viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': name }}
        >
          <Table className="data-table" aria-label={name}>
            <Table.Thead>
              <Table.Tr>
                {table.getFlatHeaders().map(header => {
                  const { column } = header
                  const sorted = column.getIsSorted()
                  const title = flexRender(column.columnDef.header, header.getContext())
                  return (
                    <Table.Th
                      key={header.id}
                      className={column.columnDef.meta?.numeric ? 'number' : undefined}
                      aria-sort={sorted ? (sorted === 'desc' ? 'descending' : 'ascending') : undefined}
                    >
                      {column.getCanSort() ? (
                        <button
                          type="button"
                          className="sort"
                          onClick={() => {
                            const descending = sorted ? sorted === 'asc' : Boolean(column.columnDef.meta?.numeric)
                            change({ sort: `${column.id}.${descending ? 'desc' : 'asc'}`, page: null })
                          }}
                        >
                          {title}
                          {sorted === 'desc' && <IconArrowDown size={12} aria-hidden />}
                          {sorted === 'asc' && <IconArrowUp size={12} aria-hidden />}
                        </button>
                      ) : (
                        title
                      )}
                    </Table.Th>
                  )
                })}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {table.getRowModel().rows.map(row => (
                <Table.Tr
                  key={row.id}
                  data-opens={open ? true : undefined}
                  tabIndex={open ? 0 : undefined}
                  onClick={open && (() => open(row.original))}
                  onKeyDown={
                    open &&
                    (event => {
                      // Buttons in the row have keys of their own.
                      if (event.key === 'Enter' && event.target === event.currentTarget) open(row.original)
                    })
                  }
                >
                  {row.getVisibleCells().map(cell => (
                    <Table.Td key={cell.id} className={cell.column.columnDef.meta?.numeric ? 'number' : undefined}>
                      {flexRender(cell.column.columnDef.cell, cell.getContext())}
                    </Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </ScrollArea>
      )}
      {found > 0 && rows && (
        <Group justify="space-between" p="sm" gap="xs">
          <Text size="xs" c="dimmed">
            {more ? `more than ${count(found)}` : `${count(found)} in all`}
          </Text>
          {pages > 1 && (
            <Pagination
              size="sm"
              total={pages}
              value={Math.min(state.page, pages)}
              onChange={page => change({ page: page === 1 ? null : String(page) })}
              getControlProps={control => ({ 'aria-label': `${control} page` })}
              aria-label={`Pages of ${name}`}
            />
          )}
        </Group>
      )}
    </Box>
  )
}

function SearchBox({ label, value }: { label: string; value: string }) {
  const [, change] = useSearchState()
  const [text, setText] = useState(value)
  const search = useDebouncedCallback((q: string) => change({ q, page: null }), 250)
  return (
    <TextInput
      aria-label={label}
      placeholder={label}
      leftSection={<IconSearch size={14} />}
      value={text}
      w={{ base: '100%', xs: 260 }}
      onChange={event => {
        setText(event.currentTarget.value)
        search(event.currentTarget.value)
      }}
    />
  )
}
