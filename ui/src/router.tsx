// Which address shows what: a route for each page of the list, loaded when it is first looked at.

import { Button, Paper } from '@mantine/core'
import type { ComponentType } from 'react'
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Link } from '@tanstack/react-router'

import { Empty, Failure, NotForYou, Waiting } from './components/feedback'
import { parseSearch, stringifySearch, type Search } from './lib/search'
import { useSession } from './lib/session'
import { PAGES, type PageEntry } from './pages'
import { Shell } from './shell/Shell'

const root = createRootRoute({ component: Shell })

function page(entry: PageEntry) {
  const Page: ComponentType = lazyRouteComponent(entry.load)
  function Guarded() {
    const { rights } = useSession()
    return entry.sees(rights) ? <Page /> : <NotForYou />
  }
  return createRoute({
    getParentRoute: () => root,
    path: entry.path,
    validateSearch: (search: Record<string, unknown>) => search as Search,
    component: Guarded,
  })
}

export const router = createRouter({
  routeTree: root.addChildren(PAGES.map(page)),
  basepath: '/ui',
  parseSearch,
  stringifySearch,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Waiting />,
  defaultErrorComponent: ({ error, reset }) => <Failure why={error} retry={reset} />,
  defaultNotFoundComponent: () => (
    <Paper>
      <Empty
        title="There is no such page"
        action={
          <Button component={Link} to="/">
            Go to the overview
          </Button>
        }
      >
        The address may be mistyped, or the page may have moved.
      </Empty>
    </Paper>
  ),
})
