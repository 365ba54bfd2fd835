// What the gateway's API answers: every shape the UI knows is here. What it takes is in requests.ts.

export type Role = 'proxy_admin' | 'proxy_admin_viewer' | 'org_admin' | 'internal_user' | 'internal_user_viewer'

export interface Session {
  signed_in: boolean
  /** Whether everybody may do everything, as there is no master key. */
  open: boolean
  database: boolean
  version: string
  /** The provider of identities, if people can sign in by one. */
  sso?: Sso | null
  user_id?: string | null
  user_email?: string | null
  user_alias?: string | null
  user_role?: Role | null
  has_password?: boolean
  session?: boolean
  expires?: string | null
  teams?: { team_id: string; team_alias: string | null; role: 'admin' | 'user' }[]
  organizations?: { organization_id: string; organization_alias: string | null; role: Role }[]
}

export interface Sso {
  name: string
  /** Where signing in begins. */
  path: string
  /** Whether browsers go there without being asked. */
  at_once: boolean
  /** Whether users' passwords do not count. */
  replaces_passwords: boolean
  /** Where browsers go that signed out. */
  logout_url: string | null
}

/** Budgets and limits, as keys, users, teams and others have them. */
export interface Allowance {
  max_budget: number | null
  soft_budget?: number | null
  budget_duration: string | null
  budget_reset_at: string | null
  budget_id: string | null
  tpm_limit: number | null
  rpm_limit: number | null
  max_parallel_requests: number | null
  litellm_budget_table: Budget | null
}

export interface Budget {
  budget_id: string
  max_budget: number | null
  soft_budget: number | null
  budget_duration: string | null
  budget_reset_at: string | null
  tpm_limit: number | null
  rpm_limit: number | null
  max_parallel_requests: number | null
  allowed_models?: string[]
  created_at: string
}

export interface Key extends Allowance {
  token: string
  key_name: string
  key_alias: string | null
  user_id: string | null
  user_email: string | null
  team_id: string | null
  team_alias: string | null
  organization_id: string | null
  project_id: string | null
  models: string[]
  metadata: Record<string, unknown>
  allowed_routes: string[]
  spend: number
  expires: string | null
  blocked: boolean
  created_at: string
  created_by: string | null
  delegated?: boolean
}

/** A key that was just made: the only time its secret is shown. */
export interface IssuedKey extends Omit<Key, 'token'> {
  key: string
  token: string
}

export interface User extends Allowance {
  user_id: string
  user_alias: string | null
  user_email: string | null
  user_role: Role
  teams: string[]
  organization_memberships: { organization_id: string; user_role: Role }[]
  models: string[]
  spend: number
  blocked: boolean
  key_count?: number
  created_at: string
}

export interface Member {
  user_id: string
  user_email: string | null
  role: 'admin' | 'user'
}

export interface Team extends Allowance {
  team_id: string
  team_alias: string | null
  organization_id: string | null
  members_with_roles: Member[]
  models: string[]
  spend: number
  blocked: boolean
  created_at: string
}

export interface Organization {
  organization_id: string
  organization_alias: string | null
  models: string[]
  spend: number
  litellm_budget_table: Budget | null
  members: { user_id: string; user_email: string | null; user_role: Role }[]
  teams: Team[]
  created_at: string
}

export interface Customer {
  user_id: string
  alias: string | null
  blocked: boolean
  spend: number
  default_model: string | null
  litellm_budget_table: Budget | null
  created_at: string
}

export interface Deployment {
  model_name: string
  litellm_params: { model: string; api_base?: string; rpm?: number; tpm?: number; [name: string]: unknown }
  model_info: {
    id: string
    litellm_provider?: string | null
    mode?: string | null
    max_input_tokens?: number | null
    input_cost_per_token?: number | null
    output_cost_per_token?: number | null
    db_model: boolean
    team_id?: string | null
  }
  blocked: boolean
}

export interface Health {
  model: string
  model_name: string
  model_id: string
  api_base: string | null
  checked_by: string | null
  checked_at: string | null
  response_time_ms: number | null
  error: string | null
  rests_for_ms: number
  calls_under_way: number
  calls_this_minute: { succeeded: number; failed: number }
}

/** What can be compared in usage. */
export type Compared =
  | 'all'
  | 'model_group'
  | 'model'
  | 'provider'
  | 'call_type'
  | 'key'
  | 'user'
  | 'team'
  | 'organization'
  | 'customer'
  | 'tag'

export interface UsageRow {
  day: string | null
  name: string
  label: string | null
  spend: number
  /** Calls whose price nobody knows: with any of them, the spend is more than what is said. */
  unpriced: number
  requests: number
  successes: number
  failures: number
  cache_hits: number
  prompt_tokens: number
  completion_tokens: number
  cache_read_tokens: number
  reasoning_tokens: number
  timed: number
  duration_ms: number
  first_tokens: number
  first_token_ms: number
  /** Dollars that answers had cost which were given again. */
  cache_savings: number
  /** Dollars that the operator’s own models would have cost elsewhere, less what they did. */
  local_savings: number
}

export interface Usage {
  by: Compared
  rows: UsageRow[]
  complete: boolean
  /** What the largest ones leave: how many others there are, and their days together. */
  others?: { count: number; rows: UsageRow[] }
}

/** A call, as the ledger has it. */
/** `GET /cache/stats` */
export interface CacheStats {
  cache_type: 'local' | 'redis' | 'disk'
  /** Whether the place beside memory answers; `null` if there is none. */
  is_there: boolean | null
  entries: number
  bytes: number
  max_bytes: number
  hits: number
  misses: number
  saved: number
  hits_without_price: number
  /** Questions that mean the same; `null` if none are compared. */
  semantic: SemanticCache | null
}

export interface SemanticCache {
  model: string
  embedder_rests: boolean
  entries: number
  max_entries: number
  bytes: number
  max_bytes: number
  groups: SemanticGroup[]
}

export interface SemanticGroup {
  model_group: string
  configured_threshold: number
  threshold: number
  hits: number
  misses: number
  audits: number
  false_hits: number
  /** `null` as long as there was no audit. */
  false_hit_rate: number | null
}

/** `GET /guardrails/list` */
export interface Guardrail {
  guardrail_name: string
  litellm_params: { guardrail: string; mode: string[]; default_on: boolean }
}

/** `GET /loops` */
export interface Loop {
  token: string
  key_alias: string | null
  key_name: string | null
  cause: 'same' | 'alike' | 'burst'
  action: 'off' | 'alert' | 'slow' | 'block'
  calls: number
  limit: number
  since: string
  last: string
  blocked_until: string | null
}

/** What a guardrail said to a call. */
export interface Verdict {
  name: string
  mode: string
  verdict: string
  found: [string, number][]
  took_us: number
}

export interface Call {
  request_id: string
  litellm_call_id: string
  session_id: string | null
  call_type: string
  api_key: string
  spend: number | null
  total_tokens: number | null
  prompt_tokens: number | null
  completion_tokens: number | null
  startTime: string
  endTime: string | null
  completionStartTime: string | null
  request_duration_ms: number | null
  model: string
  model_id: string
  model_group: string
  custom_llm_provider: string
  api_base: string
  user: string | null
  team_id: string | null
  organization_id: string | null
  end_user: string | null
  requester_ip_address: string | null
  cache_hit: string
  request_tags: string[]
  status: string
  outcome?: string
  status_code?: number
  attempts?: number
  queue_ms?: number | null
  overhead_ms?: number | null
  first_token_ms?: number | null
  route?: string | null
  story?: { attempts: Attempt[]; spend: number | null }
  /** What was asked, where that is kept: the body of the request. */
  proxy_server_request?: unknown
  /** What was answered, in the caller's dialect. */
  response?: unknown
  /** Whether something of either is missing, for it was too long. */
  content_cut?: boolean
  /** What guardrails said. */
  guardrails?: Verdict[]
  metadata: {
    user_api_key_alias?: string | null
    user_api_key_team_alias?: string | null
    cost_breakdown?: Record<string, number | null> | null
    usage_object?: Record<string, number | boolean | null> | null
    energy_wh?: number
    error_information?: { error_code?: string | number; error_class?: string; error_message?: string } | null
    [name: string]: unknown
  }
}

/** One attempt of a call. */
export interface Attempt {
  attempt_id: string
  outcome: string
  started_at: string
  offset_ms: number
  duration_ms: number | null
  first_token_ms: number | null
  model: string
  model_id: string
  custom_llm_provider: string
  api_base: string
  spend: number | null
  cost_lines?: Record<string, number | null>
  error: { error_code?: string | number; error_class?: string; error_message?: string } | null
}

export interface CallPage {
  data: Call[]
  /** Behind a cursor nothing is counted. */
  total?: number
  total_is_exact?: boolean
  /** Whether the page is as full as it can be; otherwise the time for it was over. */
  complete?: boolean
  next_cursor?: string | null
}

/** What would become of a call, and why. */
export interface Explanation {
  model: string
  router: Record<string, unknown> | null
  input_tokens: number | null
  payers: Record<string, unknown>[]
  groups: {
    model_group: string
    strategy: string
    candidates: Candidate[]
    error: { message?: string } | string | null
  }[]
  chosen: string | null
  error: { message?: string } | string | null
}

export interface Candidate {
  model_id: string
  model: string
  chosen: boolean
  kept: boolean
  reason: string | null
  score: number | null
  chance: number | null
  calls_under_way: number
  rests_for_ms: number
}

export interface Experiment {
  experiment: string
  arms: {
    model: string
    weight: number | null
    attempts: number
    fault_rate: number | null
    spend_per_answer: number | null
    mean_duration_ms: number | null
  }[]
}

export interface Loaded {
  model: string
  num_ctx?: number | null
  vram_bytes?: number | null
  running?: number | null
}

export interface Node {
  api_base: string
  status: string
  slots?: number | null
  vram_bytes?: number | null
  running?: number | null
  out_for_ms?: number | null
  loaded: Loaded[]
  loading?: Loaded | null
  is_this_machine?: boolean
  watts?: number
  watts_from?: 'measured' | 'declared'
}

/** The machine that the gateway runs on; what is not known is not there. */
export interface Host {
  memory_bytes?: number
  memory_available_bytes?: number
  processors?: number
  load?: number
  watts?: number
  energy_wh?: number
  gpus: Gpu[]
}

export interface Gpu {
  name?: string
  vram_bytes?: number
  vram_used_bytes?: number
  watts?: number
  temperature_celsius?: number
  busy_percent?: number
}

export interface AuditEntry {
  id: string
  updated_at: string
  changed_by: string | null
  changed_by_api_key: string | null
  action: string
  table_name: string
  object_id: string
  before_value: Record<string, unknown> | null
  updated_values: Record<string, unknown> | null
}

export interface Invitation {
  id: string
  user_id: string
  expires_at: string
}

/** A channel that alerts go to. */
export interface AlertChannel {
  channel: number
  service: 'slack' | 'discord' | 'teams' | 'webhook' | 'email'
  host: string
  to: string[] | null
  alert_types: string[]
  last_sent_at: string | null
  last_error: string | null
}

export interface Alerting {
  channels: AlertChannel[]
  alert_types: string[]
}
