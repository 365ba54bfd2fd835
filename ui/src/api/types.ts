// Names for parts of what the gateway answers; all else is in answers.ts, which is written from its description.

import type { Session, Usage } from './answers'

export type * from './answers'

export type Role = NonNullable<Session['user_role']>

/** What can be compared in usage. */
export type Compared = Usage['by']
