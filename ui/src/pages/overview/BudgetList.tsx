// The budgets that are nearest to their end.

import { Badge, Group, SimpleGrid, Text } from '@mantine/core'

import { useKeys, useOrganizations, useTeams } from '../../api/queries'
import { BudgetBar, Card } from '../../components/bits'
import { Empty } from '../../components/feedback'
import { useSession } from '../../lib/session'

interface Row {
  kind: string
  name: string
  spent: number
  budget: number
  span: string | null
}

const MOST = 8

export function BudgetList() {
  const { rights } = useSession()
  const keys = useKeys({ size: 100, sort: 'spend', descending: true })
  const teams = useTeams({ size: 100, sort: 'spend', descending: true }, rights.seesAll || rights.inTeam)
  const organizations = useOrganizations(rights.seesAll || rights.inOrganization)
  const rows: Row[] = []
  const note = (kind: string, name: string, spent: number, budget: number | null | undefined, span?: string | null) => {
    if (typeof budget === 'number') rows.push({ kind, name, spent, budget, span: span ?? null })
  }
  for (const row of organizations.data ?? []) {
    const budget = row.litellm_budget_table
    const name = row.organization_alias ?? row.organization_id
    note('Organization', name, row.spend, budget?.max_budget, budget?.budget_duration)
  }
  for (const row of teams.data?.teams ?? []) {
    note('Team', row.team_alias ?? row.team_id, row.spend, row.max_budget, row.budget_duration)
  }
  for (const row of keys.data?.keys ?? []) {
    note('Key', row.key_alias ?? row.key_name, row.spend, row.max_budget, row.budget_duration)
  }
  const share = (row: Row) => (row.budget > 0 ? row.spent / row.budget : 1)
  rows.sort((one, other) => share(other) - share(one))
  return (
    <Card title="Budgets that are nearest to their end">
      {rows.length === 0 ? (
        <Empty title="No budgets">
          Give a key or a team a budget, and this shows how much of it is left. Whoever has spent theirs is refused.
        </Empty>
      ) : (
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="lg" verticalSpacing="sm">
          {rows.slice(0, MOST).map(row => (
            <div key={row.kind + row.name}>
              <Group gap={6} wrap="nowrap" mb={2}>
                <Badge color="gray" size="xs">
                  {row.kind}
                </Badge>
                <Text size="sm" truncate>
                  {row.name}
                </Text>
              </Group>
              <BudgetBar spent={row.spent} budget={row.budget} span={row.span} />
            </div>
          ))}
        </SimpleGrid>
      )}
    </Card>
  )
}
