// Written from the description of the API by `LOCKGATE_WRITE_DOCS=1 cargo test -p gateway typescript`.

/** A key that was just made: the only time its secret is shown, in `key`. */
export interface IssuedKey {
  key_name: string
  key_alias: string | null
  soft_budget_cooldown: boolean
  spend: number
  expires: string | null
  models: (string)[]
  aliases: Record<string, string>
  config: Record<string, unknown>
  router_settings: Record<string, unknown> | null
  user_id: string | null
  team_id: string | null
  agent_id: string | null
  project_id: string | null
  organization_id: string | null
  org_id: string | null
  permissions: Record<string, unknown>
  metadata: Record<string, unknown>
  blocked: boolean
  model_spend: Record<string, number>
  budget_fallbacks: Record<string, (string)[]>
  allowed_cache_controls: (string)[]
  allowed_routes: (string)[]
  key_type: string | null
  access_group_ids: (string)[]
  object_permission_id: string | null
  object_permission: Record<string, unknown> | null
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
  last_active: string | null
  rotation_count: number
  auto_rotate: boolean
  rotation_interval: string | null
  last_rotation_at: string | null
  key_rotation_at: string | null
  delegated?: boolean
  max_budget: number | null
  soft_budget: number | null
  budget_duration: string | null
  budget_reset_at: string | null
  budget_id: string | null
  tpm_limit: number | null
  rpm_limit: number | null
  tpd_limit: number | null
  max_parallel_requests: number | null
  model_max_budget: Record<string, { budget_limit?: number | null; time_period?: string | null; tpm_limit?: number | null; rpm_limit?: number | null }>
  model_rpm_limit: Record<string, number> | null
  model_tpm_limit: Record<string, number> | null
  budget_limits: ({ budget_duration: string; max_budget: number | null; reset_at: string | null })[] | null
  litellm_budget_table: Budget | null
  key: string
  token: string
  policies: (string)[] | null
  [name: string]: unknown
}

/** A budget, which several may share. */
export interface Budget {
  budget_id: string
  max_budget: number | null
  soft_budget: number | null
  max_parallel_requests: number | null
  tpm_limit: number | null
  rpm_limit: number | null
  tpd_limit: number | null
  model_max_budget: Record<string, { budget_limit?: number | null; time_period?: string | null; tpm_limit?: number | null; rpm_limit?: number | null }>
  budget_duration: string | null
  budget_reset_at: string | null
  allowed_models: (string)[]
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
}

/** A virtual key, with the hash that names it. */
export interface KeyRow {
  key_name: string
  key_alias: string | null
  soft_budget_cooldown: boolean
  spend: number
  expires: string | null
  models: (string)[]
  aliases: Record<string, string>
  config: Record<string, unknown>
  router_settings: Record<string, unknown> | null
  user_id: string | null
  team_id: string | null
  agent_id: string | null
  project_id: string | null
  organization_id: string | null
  org_id: string | null
  permissions: Record<string, unknown>
  metadata: Record<string, unknown>
  blocked: boolean
  model_spend: Record<string, number>
  budget_fallbacks: Record<string, (string)[]>
  allowed_cache_controls: (string)[]
  allowed_routes: (string)[]
  key_type: string | null
  access_group_ids: (string)[]
  object_permission_id: string | null
  object_permission: Record<string, unknown> | null
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
  last_active: string | null
  rotation_count: number
  auto_rotate: boolean
  rotation_interval: string | null
  last_rotation_at: string | null
  key_rotation_at: string | null
  delegated?: boolean
  policies: (string)[]
  max_budget: number | null
  soft_budget: number | null
  budget_duration: string | null
  budget_reset_at: string | null
  budget_id: string | null
  tpm_limit: number | null
  rpm_limit: number | null
  tpd_limit: number | null
  max_parallel_requests: number | null
  model_max_budget: Record<string, { budget_limit?: number | null; time_period?: string | null; tpm_limit?: number | null; rpm_limit?: number | null }>
  model_rpm_limit: Record<string, number> | null
  model_tpm_limit: Record<string, number> | null
  budget_limits: ({ budget_duration: string; max_budget: number | null; reset_at: string | null })[] | null
  litellm_budget_table: Budget | null
  token: string
  key?: string
}

/** A virtual key. */
export interface KeyInfo {
  key_name: string
  key_alias: string | null
  soft_budget_cooldown: boolean
  spend: number
  expires: string | null
  models: (string)[]
  aliases: Record<string, string>
  config: Record<string, unknown>
  router_settings: Record<string, unknown> | null
  user_id: string | null
  team_id: string | null
  agent_id: string | null
  project_id: string | null
  organization_id: string | null
  org_id: string | null
  permissions: Record<string, unknown>
  metadata: Record<string, unknown>
  blocked: boolean
  model_spend: Record<string, number>
  budget_fallbacks: Record<string, (string)[]>
  allowed_cache_controls: (string)[]
  allowed_routes: (string)[]
  key_type: string | null
  access_group_ids: (string)[]
  object_permission_id: string | null
  object_permission: Record<string, unknown> | null
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
  last_active: string | null
  rotation_count: number
  auto_rotate: boolean
  rotation_interval: string | null
  last_rotation_at: string | null
  key_rotation_at: string | null
  delegated?: boolean
  policies: (string)[]
  max_budget: number | null
  soft_budget: number | null
  budget_duration: string | null
  budget_reset_at: string | null
  budget_id: string | null
  tpm_limit: number | null
  rpm_limit: number | null
  tpd_limit: number | null
  max_parallel_requests: number | null
  model_max_budget: Record<string, { budget_limit?: number | null; time_period?: string | null; tpm_limit?: number | null; rpm_limit?: number | null }>
  model_rpm_limit: Record<string, number> | null
  model_tpm_limit: Record<string, number> | null
  budget_limits: ({ budget_duration: string; max_budget: number | null; reset_at: string | null })[] | null
  litellm_budget_table: Budget | null
}

/** A virtual key, with whom it belongs to. */
export interface Key {
  key_name: string
  key_alias: string | null
  soft_budget_cooldown: boolean
  spend: number
  expires: string | null
  models: (string)[]
  aliases: Record<string, string>
  config: Record<string, unknown>
  router_settings: Record<string, unknown> | null
  user_id: string | null
  team_id: string | null
  agent_id: string | null
  project_id: string | null
  organization_id: string | null
  org_id: string | null
  permissions: Record<string, unknown>
  metadata: Record<string, unknown>
  blocked: boolean
  model_spend: Record<string, number>
  budget_fallbacks: Record<string, (string)[]>
  allowed_cache_controls: (string)[]
  allowed_routes: (string)[]
  key_type: string | null
  access_group_ids: (string)[]
  object_permission_id: string | null
  object_permission: Record<string, unknown> | null
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
  last_active: string | null
  rotation_count: number
  auto_rotate: boolean
  rotation_interval: string | null
  last_rotation_at: string | null
  key_rotation_at: string | null
  delegated?: boolean
  policies: (string)[]
  max_budget: number | null
  soft_budget: number | null
  budget_duration: string | null
  budget_reset_at: string | null
  budget_id: string | null
  tpm_limit: number | null
  rpm_limit: number | null
  tpd_limit: number | null
  max_parallel_requests: number | null
  model_max_budget: Record<string, { budget_limit?: number | null; time_period?: string | null; tpm_limit?: number | null; rpm_limit?: number | null }>
  model_rpm_limit: Record<string, number> | null
  model_tpm_limit: Record<string, number> | null
  budget_limits: ({ budget_duration: string; max_budget: number | null; reset_at: string | null })[] | null
  litellm_budget_table: Budget | null
  token: string
  team_alias: string | null
  user_email: string | null
  deleted_at?: string
  deleted_by?: string | null
  deleted_by_api_key?: string | null
}

/** A key that runs in circles: what tripped it, and what is done. */
export interface Loop {
  token: string
  key_alias: string | null
  key_name: string | null
  user_id: string | null
  team_id: string | null
  cause: 'same' | 'alike' | 'burst'
  action: 'off' | 'alert' | 'slow' | 'block'
  calls: number
  limit: number
  since: string
  last: string
  blocked_until: string | null
}

/** A user that was just made, with a key: the only time its secret is shown, in `key`; empty if there is none. */
export interface NewUser {
  user_id: string
  user_alias: string | null
  user_email: string | null
  user_role: 'proxy_admin' | 'proxy_admin_viewer' | 'org_admin' | 'internal_user' | 'internal_user_viewer'
  sso_user_id: string | null
  team_id: string | null
  teams: (string)[]
  organization_id: string | null
  organization_memberships: ({ user_id: string; organization_id: string; user_role: 'proxy_admin' | 'proxy_admin_viewer' | 'org_admin' | 'internal_user' | 'internal_user_viewer'; spend: number; budget_id: string | null; created_at: string; updated_at: string })[]
  spend: number
  models: (string)[]
  metadata: Record<string, unknown>
  blocked: boolean
  allowed_cache_controls: (string)[]
  policies: (string)[]
  object_permission: Record<string, unknown> | null
  object_permission_id: string | null
  model_spend: Record<string, number>
  created_at: string
  updated_at: string
  max_budget: number | null
  soft_budget: number | null
  budget_duration: string | null
  budget_reset_at: string | null
  budget_id: string | null
  tpm_limit: number | null
  rpm_limit: number | null
  tpd_limit: number | null
  max_parallel_requests: number | null
  model_max_budget: Record<string, { budget_limit?: number | null; time_period?: string | null; tpm_limit?: number | null; rpm_limit?: number | null }>
  model_rpm_limit: Record<string, number> | null
  model_tpm_limit: Record<string, number> | null
  budget_limits: ({ budget_duration: string; max_budget: number | null; reset_at: string | null })[] | null
  litellm_budget_table: Budget | null
  key: string
  [name: string]: unknown
}

/** A user. */
export interface User {
  user_id: string
  user_alias: string | null
  user_email: string | null
  user_role: 'proxy_admin' | 'proxy_admin_viewer' | 'org_admin' | 'internal_user' | 'internal_user_viewer'
  sso_user_id: string | null
  team_id: string | null
  teams: (string)[]
  organization_id: string | null
  organization_memberships: ({ user_id: string; organization_id: string; user_role: 'proxy_admin' | 'proxy_admin_viewer' | 'org_admin' | 'internal_user' | 'internal_user_viewer'; spend: number; budget_id: string | null; created_at: string; updated_at: string })[]
  spend: number
  models: (string)[]
  metadata: Record<string, unknown>
  blocked: boolean
  allowed_cache_controls: (string)[]
  policies: (string)[]
  object_permission: Record<string, unknown> | null
  object_permission_id: string | null
  model_spend: Record<string, number>
  created_at: string
  updated_at: string
  max_budget: number | null
  soft_budget: number | null
  budget_duration: string | null
  budget_reset_at: string | null
  budget_id: string | null
  tpm_limit: number | null
  rpm_limit: number | null
  tpd_limit: number | null
  max_parallel_requests: number | null
  model_max_budget: Record<string, { budget_limit?: number | null; time_period?: string | null; tpm_limit?: number | null; rpm_limit?: number | null }>
  model_rpm_limit: Record<string, number> | null
  model_tpm_limit: Record<string, number> | null
  budget_limits: ({ budget_duration: string; max_budget: number | null; reset_at: string | null })[] | null
  litellm_budget_table: Budget | null
  key_count?: number
}

/** A team. */
export interface Team {
  team_id: string
  team_alias: string | null
  organization_id: string | null
  admins: (string)[]
  members: (string)[]
  members_with_roles: (Member)[]
  team_member_permissions: (string)[]
  team_member_budget_table: Budget | null
  metadata: Record<string, unknown>
  models: (string)[]
  model_id: number | null
  litellm_model_table: { model_aliases: Record<string, string> } | null
  model_aliases: Record<string, string>
  blocked: boolean
  router_settings: Record<string, unknown> | null
  access_group_ids: (string)[]
  default_team_member_models: (string)[]
  policies: (string)[]
  object_permission: Record<string, unknown> | null
  object_permission_id: string | null
  allow_team_guardrail_config: boolean
  spend: number
  model_spend: Record<string, number>
  created_at: string
  updated_at: string
  max_budget: number | null
  soft_budget: number | null
  budget_duration: string | null
  budget_reset_at: string | null
  budget_id: string | null
  tpm_limit: number | null
  rpm_limit: number | null
  tpd_limit: number | null
  max_parallel_requests: number | null
  model_max_budget: Record<string, { budget_limit?: number | null; time_period?: string | null; tpm_limit?: number | null; rpm_limit?: number | null }>
  model_rpm_limit: Record<string, number> | null
  model_tpm_limit: Record<string, number> | null
  budget_limits: ({ budget_duration: string; max_budget: number | null; reset_at: string | null })[] | null
  litellm_budget_table: Budget | null
}

/** A member of a team. */
export interface Member {
  user_id: string
  user_email: string | null
  role: 'admin' | 'user'
}

/** A link by which a user chooses a password. */
export interface Invitation {
  id: string
  user_id: string
  is_accepted: boolean
  accepted_at: string | null
  expires_at: string
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
  email_sent?: boolean
}

/** Who is signed in, or how to. `open`: everybody may do everything, as there is no master key. */
export interface Session {
  signed_in: boolean
  open: boolean
  database: boolean
  version: string
  sso: Sso | null
  user_id?: string | null
  user_email?: string | null
  user_alias?: string | null
  user_role?: 'proxy_admin' | 'proxy_admin_viewer' | 'org_admin' | 'internal_user' | 'internal_user_viewer' | null
  has_password?: boolean
  session?: boolean
  expires?: string | null
  teams?: ({ team_id: string; team_alias: string | null; role: 'admin' | 'user' })[]
  organizations?: ({ organization_id: string; organization_alias: string | null; role: 'proxy_admin' | 'proxy_admin_viewer' | 'org_admin' | 'internal_user' | 'internal_user_viewer' })[]
}

/** A provider of identities: where signing in begins, whether browsers go there without being asked, whether users' passwords do not count, and where browsers go that signed out. */
export interface Sso {
  name: string
  path: string
  at_once: boolean
  replaces_passwords: boolean
  logout_url: string | null
}

/** A user, as far as somebody knows them who may not see users. */
export interface Person {
  user_id: string
  user_alias: string | null
  user_email: string | null
}

/** A project of a team. */
export interface Project {
  project_id: string
  project_alias: string | null
  description: string | null
  team_id: string
  models: (string)[]
  blocked: boolean
  metadata: Record<string, unknown>
  spend: number
  model_spend: Record<string, number>
  model_rpm_limit: Record<string, number>
  model_tpm_limit: Record<string, number>
  budget_id: string | null
  litellm_budget_table: Budget | null
  object_permission: Record<string, unknown> | null
  object_permission_id: string | null
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
}

/** An organization. */
export interface OrganizationRow {
  organization_id: string
  organization_alias: string | null
  budget_id: string | null
  metadata: Record<string, unknown>
  models: (string)[]
  spend: number
  model_spend: Record<string, number>
  object_permission_id: string | null
  object_permission: Record<string, unknown> | null
  litellm_budget_table: Budget | null
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
}

/** An organization with its members and teams. */
export interface Organization {
  organization_id: string
  organization_alias: string | null
  budget_id: string | null
  metadata: Record<string, unknown>
  models: (string)[]
  spend: number
  model_spend: Record<string, number>
  object_permission_id: string | null
  object_permission: Record<string, unknown> | null
  litellm_budget_table: Budget | null
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
  members: (OrganizationMember)[]
  teams: (Team)[]
}

/** A member of an organization. */
export interface OrganizationMember {
  user_id: string
  user_email: string | null
  organization_id: string
  user_role: 'proxy_admin' | 'proxy_admin_viewer' | 'org_admin' | 'internal_user' | 'internal_user_viewer'
  spend: number
  budget_id: string | null
  litellm_budget_table: Budget | null
  user: User | Person | null
  created_at: string
  updated_at: string
}

/** Somebody on whose behalf calls are made. */
export interface Customer {
  user_id: string
  alias: string | null
  blocked: boolean
  spend: number
  allowed_model_region: string | null
  default_model: string | null
  models: (string)[]
  budget_id: string | null
  litellm_budget_table: Budget | null
  object_permission_id: string | null
  object_permission: Record<string, unknown> | null
  created_at: string
  updated_at: string
}

/** A field that can be set, and its value. */
export interface Setting {
  field_name: string
  field_type: string
  field_description: string
  field_value: unknown
  stored_in_db: boolean | null
  field_default_value: unknown
  premium_field?: boolean
}

/** A word for what calls are for. */
export interface Tag {
  name: string
  description: string | null
  models: (string)[]
  model_info: Record<string, unknown>
  spend: number
  budget_id: string | null
  litellm_budget_table: Budget | null
  created_at: string
  created_by: string | null
  updated_at: string
}

/** A deployment that was added by this API. */
export interface AddedDeployment {
  model_name: string
  litellm_params: DeploymentParams
  model_info: ModelInfo
  blocked: boolean
  model_id: string
  created_at: string
  created_by: string | null
  updated_at: string
  updated_by: string | null
}

/** What the configuration says of a deployment, without secrets. */
export interface DeploymentParams {
  model: string
  api_base?: unknown
  rpm?: unknown
  tpm?: unknown
  [name: string]: unknown
}

/** What is known of the model of a deployment, in the names of the price map. */
export interface ModelInfo {
  id: string
  db_model: boolean
  mode?: string | null
  litellm_provider?: string | null
  max_input_tokens?: number | null
  max_output_tokens?: number | null
  input_cost_per_token?: number | null
  output_cost_per_token?: number | null
  team_id?: string | null
  [name: string]: unknown
}

/** A deployment, with prices and abilities. */
export interface Deployment {
  model_name: string
  litellm_params: DeploymentParams
  model_info: ModelInfo
  blocked: boolean
}

/** All deployments under one name. */
export interface ModelGroup {
  model_group: string
  providers: (string)[]
  max_input_tokens: number | null
  max_output_tokens: number | null
  input_cost_per_token: number | null
  output_cost_per_token: number | null
  mode: string | null
  tpm: number | null
  rpm: number | null
  itpm: number | null
  otpm: number | null
  supports_parallel_function_calling: boolean
  supports_vision: boolean
  supports_web_search: boolean
  supports_url_context: boolean
  supports_reasoning: boolean
  supports_function_calling: boolean
  supported_openai_params: (string)[] | null
  configurable_clientside_auth_params: (string)[] | null
  is_public_model_group: boolean
  health_status: string | null
}

/** A model that can be called, in OpenAI's words or in Anthropic's. */
export interface Model {
  id: string
  object?: string
  created?: number
  owned_by?: string
  type?: string
  display_name?: string
  created_at?: string
}

/** What calls and answers are looked over for. */
export interface Guardrail {
  guardrail_name: string
  guardrail_definition_location: string
  litellm_params: { guardrail: string; mode: (string)[]; default_on: boolean }
  guardrail_info: Record<string, unknown> | null
}

/** A credential for providers; secrets are stars. */
export interface Credential {
  credential_name: string
  credential_values: Record<string, unknown>
  credential_info: Record<string, unknown>
}

/** A path that is passed on; headers, and other secrets, are stars. */
export interface PassThroughEndpoint {
  id: string
  path: string
  target: string
  headers: Record<string, string>
  default_query_params: Record<string, unknown>
  include_subpath: boolean
  auth: boolean
  forward_headers: boolean
  cost_per_request: number | null
  methods: (string)[] | null
  timeout: number | null
  guardrails: unknown
  is_from_config: boolean
  created_at?: string
  created_by?: string | null
  updated_at?: string
  updated_by?: string | null
}

/** A call, as the log has it. */
export interface Call {
  request_id: string
  litellm_call_id: string
  session_id: string | null
  call_type: string
  api_key: string
  spend: number
  total_tokens: number
  prompt_tokens: number
  completion_tokens: number
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
  cache_hit: 'True' | 'False'
  cache_key: string | null
  request_tags: (string)[]
  metadata: CallMetadata
  messages: unknown
  response: unknown
  proxy_server_request: unknown
  status: 'success' | 'failure'
  mcp_namespaced_tool_name: string | null
  agent_id: string | null
  outcome: string
  stream: boolean
  status_code: number
  attempts: number
  fallbacks: number
  queue_ms: number
  overhead_ms: number
  first_token_ms: number | null
  route: string | null
  guardrails: (Verdict)[]
  dropped_params: (string)[]
  events?: number
  story?: { attempts: (Attempt)[]; spend: number }
  content_cut?: boolean
}

/** Whose call it was, and what it cost. */
export interface CallMetadata {
  user_api_key: string
  user_api_key_alias: string | null
  user_api_key_user_id: string | null
  user_api_key_user_email: string | null
  user_api_key_team_id: string | null
  user_api_key_team_alias: string | null
  user_api_key_org_id: string | null
  requester_ip_address: string | null
  status: string
  cost_breakdown: { input_cost: number; output_cost: number; tool_usage_cost: number; total_cost: number | null }
  usage_object: UsageObject
  energy_wh?: number
  saved_cache_cost?: number | null
  semantic_similarity?: number | null
  error_information?: ErrorInformation
  spend_logs_metadata?: unknown
}

/** Tokens; `estimated` where no provider told them. */
export interface UsageObject {
  prompt_tokens: number | null
  completion_tokens: number | null
  total_tokens?: number | null
  cache_read_input_tokens: number | null
  cache_creation_input_tokens: number | null
  reasoning_tokens: number | null
  estimated: boolean
}

/** What went wrong. */
export interface ErrorInformation {
  error_code: string
  error_class: string
  error_message: string
}

/** What a guardrail said to a call. */
export interface Verdict {
  name: string
  mode: string
  verdict: string
  found: ((string | number)[])[]
  took_us: number
}

/** One try of one deployment. */
export interface Attempt {
  attempt_id: string
  outcome: string
  started_at: string
  first_token_at: string | null
  ended_at: string | null
  offset_ms: number
  duration_ms: number | null
  first_token_ms: number | null
  model: string
  model_id: string
  custom_llm_provider: string
  api_base: string
  spend: number | null
  energy_wh: number | null
  cost_lines: Record<string, number>
  usage: UsageObject
  error: ErrorInformation | null
}

/** A page of the log. Behind a cursor nothing is counted; `complete` says whether the page is as full as it can be, or the time for it was over. */
export interface CallPage {
  data: (Call)[]
  next_cursor: string | null
  complete: boolean
  total?: number
  total_is_exact?: boolean
  page?: number
  total_pages?: number
  page_size?: number
}

/** Sums of what is compared, by day if that was asked for. */
export interface Usage {
  by: 'all' | 'model_group' | 'model' | 'provider' | 'call_type' | 'key' | 'user' | 'team' | 'organization' | 'customer' | 'tag'
  rows: (UsageRow)[]
  complete: boolean
  others?: { count: number; rows: (UsageRow)[] }
}

/** Sums of one of what is compared. Calls without a price (`unpriced`) cost more than `spend` says; savings are what answers had cost that were given again, and what models of one's own would have cost elsewhere, less what they did. */
export interface UsageRow {
  day: string | null
  name: string
  label: string | null
  spend: number
  cache_savings: number
  local_savings: number
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
}

/** Sums by day, with who and what had which part. */
export interface DailyActivity {
  results: ({ date: string; metrics: DayMetrics; breakdown: Record<string, Record<string, ShareOfDay>> })[]
  metadata: Record<string, unknown>
}

/** Sums of a day. */
export interface DayMetrics {
  spend: number
  prompt_tokens: number
  completion_tokens: number
  cache_read_input_tokens: number
  cache_creation_input_tokens: number
  total_tokens: number
  successful_requests: number
  failed_requests: number
  api_requests: number
}

/** What one of them had of a day. */
export interface ShareOfDay {
  metrics: DayMetrics
  metadata: Record<string, unknown>
  api_key_breakdown?: Record<string, { metrics: DayMetrics; metadata: Record<string, unknown> }>
}

/** Models among which calls are split, compared. */
export interface Experiment {
  experiment: string
  arms: ({ model: string; weight: number | null; attempts: number; answers: number; faults: number; fault_rate: number | null; spend: number; spend_per_answer: number | null; prompt_tokens: number; completion_tokens: number; mean_duration_ms: number | null; mean_first_token_ms: number | null; feedback: number; good: number; bad: number; mean_score: number | null })[]
}

/** What a drill found; before the first one, which faults there could be. */
export interface Drill {
  running: boolean
  drills: (DrillFinding)[]
  faults?: (string)[]
  id?: string
  drilled?: string
  most_calls_lost?: number | null
  what_to_change?: (string)[]
  ended_because?: string | null
  started_at?: string
}

/** What calls noticed of one fault of one deployment. */
export interface DrillFinding {
  model: string
  deployment: string
  deployment_id: string
  fault: string
  drilled: boolean
  calls: number
  calls_lost: number
  calls_broken_off: number
  attempts_at_it: number
  detected_after_ms: number | null
  recovered_after_ms: number | null
  passed_over: boolean
  extra_cost_usd_per_1000_calls: number | null
  money_at_risk_usd_per_1000_calls: number | null
}

/** What would become of a call, and why. */
export interface Explanation {
  model: string
  router: Record<string, unknown> | null
  input_tokens: number | null
  payers: (Payer)[]
  groups: (GroupLook)[]
  chosen: string | null
  upstream_request: { url: string; headers: Record<string, unknown>; body: unknown; dropped_params: (string)[]; held: number | null } | null
  error: Refusal | null
}

/** Somebody who pays for a call, and what they have left. */
export interface Payer {
  type: string
  name: string | null
  limits: ({ limit_type: string; limit: unknown; remaining: unknown })[]
  budgets: ({ max_budget: number; budget_duration: string | null; spend: number; held: number; remaining: number })[]
}

/** A model group that a call would try. */
export interface GroupLook {
  model_group: string
  strategy: string
  candidates: (Candidate)[]
  messages_left_out: number
  error: Refusal | null
}

/** A deployment that could serve a call; the lowest score is best, the chance is that of being picked. */
export interface Candidate {
  model_id: string
  model: string
  chosen: boolean
  kept: boolean
  reason: Reason | null
  score: number | null
  chance: number
  calls_under_way: number
  rests_for_ms: number
  expected: Record<string, unknown>
  left?: (unknown)[]
}

/** Why a deployment gets no call. */
export interface Reason {
  type: 'tags' | 'region' | 'issuer' | 'context' | 'rest' | 'order' | 'limit' | 'budget'
  [name: string]: unknown
}

/** What a caller would be told. */
export interface Refusal {
  message: string
  code: string | null
  param: string | null
  status: number
  retry_after_ms: number | null
}

/** Machines that run models, the one this is, and who waits. */
export interface Nodes {
  nodes: (Node)[]
  host: Host
  queues: (Queue)[]
}

/** A machine that runs models. */
export interface Node {
  api_base: string
  status: 'asleep' | 'out' | 'loading' | 'busy' | 'idle'
  slots: number
  max_loaded_models: number
  vram_bytes?: number
  running: number
  out_for_ms?: number
  loaded: (Loaded)[]
  loading?: Loaded
  is_this_machine: boolean
  watts?: number
  watts_from?: 'measured' | 'declared'
}

/** A model in the memory of a node. */
export interface Loaded {
  model: string
  num_ctx: number
  vram_bytes: number
  running: number
}

/** The machine that the gateway runs on; what is not known is not there. */
export interface Host {
  memory_bytes?: number
  memory_available_bytes?: number
  processors?: number
  load?: number
  watts?: number
  energy_wh?: number
  gpus: (Gpu)[]
}

/** A graphics processor; what is not known is not there. */
export interface Gpu {
  name?: string
  vram_bytes?: number
  vram_used_bytes?: number
  watts?: number
  temperature_celsius?: number
  busy_percent?: number
}

/** Calls that wait for a place of a model group, or for a model of nodes. */
export interface Queue {
  model?: string
  model_group?: string
  waiting: number
  calls: ({ priority: number; position: number; expected_ms?: number; waited_ms?: number })[]
}

/** What the cache has, and what it saved; `is_there` says whether the place beside memory answers, null if there is none. */
export interface CacheStats {
  cache_type: 'local' | 'redis' | 'disk' | 's3' | 'gcs'
  is_there: boolean | null
  entries: number
  bytes: number
  max_bytes: number
  hits: number
  misses: number
  saved: number
  hits_without_price: number
  semantic: SemanticCache | null
}

/** Questions that are compared by what they mean. */
export interface SemanticCache {
  model: string
  embedder_rests: boolean
  entries: number
  max_entries: number
  bytes: number
  max_bytes: number
  groups: (SemanticGroup)[]
}

/** How alike questions of a model group must be, and how often audits found that an answer did not fit; the rate is null as long as there was none. */
export interface SemanticGroup {
  model_group: string
  configured_threshold: number
  threshold: number
  hits: number
  misses: number
  audits: number
  false_hits: number
  false_hit_rate: number | null
}

/** The last look at a deployment; without details there are two fields. */
export interface Health {
  model: string
  model_id: string
  model_name?: string
  api_base?: string
  checked_by?: 'completion' | 'listing'
  checked_at?: string
  response_time_ms?: number
  error?: string | null
  rests_for_ms?: number
  calls_under_way?: number
  calls_this_minute?: { succeeded: number; failed: number }
}

/** A look at a deployment. */
export interface HealthCheck {
  model_name: string
  model_id: string
  status: 'healthy' | 'unhealthy'
  healthy_count: number
  unhealthy_count: number
  error_message: string | null
  response_time_ms: number
  checked_by: 'completion' | 'listing'
  checked_at: string
}

/** Channels that alerts go to. */
export interface Alerting {
  channels: (AlertChannel)[]
  alert_types: (string)[]
  mail: boolean
  base_url: string | null
}

/** A channel that alerts go to. */
export interface AlertChannel {
  channel: number
  service: 'slack' | 'discord' | 'teams' | 'webhook' | 'email'
  host: string
  to: (string)[] | null
  alert_types: (string)[]
  last_sent_at: string | null
  last_error: string | null
}

/** A change of an object: by whom, from what, to what. */
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

/** What is found in a configuration, and what a reload of it would change. */
export interface CheckedConfig {
  valid: boolean
  findings: (string)[]
  changes?: ({ path: string; before?: string; after?: string })[]
}

/** What each path answers, by method. */
export interface Answers {
  'GET /models': { object?: string; data: (Model)[]; has_more?: boolean; first_id?: string | null; last_id?: string | null }
  'GET /v1/models': { object?: string; data: (Model)[]; has_more?: boolean; first_id?: string | null; last_id?: string | null }
  [path: `GET /models/${string}`]: Model
  [path: `GET /v1/models/${string}`]: Model
  'GET /v1beta/models': Record<string, unknown>
  [path: `GET /v1beta/models/${string}`]: Record<string, unknown>
  'GET /api/tags': Record<string, unknown>
  'POST /api/show': Record<string, unknown>
  'GET /api/ps': Record<string, unknown>
  'GET /api/version': Record<string, unknown>
  'GET /nodes': Nodes
  'POST /nodes/load': { status: string; model?: string; api_base?: string }
  'POST /nodes/unload': { status: string; model?: string; api_base?: string }
  'POST /nodes/wake': { status: string; model?: string; api_base?: string }
  'GET /cache/ping': { status: string; cache_type: string; ping_response: boolean; set_cache_response: string; litellm_cache_params: Record<string, unknown> }
  'GET /cache/stats': CacheStats
  'POST /cache/delete': { status: string; deleted: number }
  'POST /cache/flushall': { status: string; deleted: number }
  'GET /cache/redis/info': { num_clients: number; info: Record<string, unknown> }
  'GET /health': { healthy_endpoints: (Health)[]; unhealthy_endpoints: (Health)[]; healthy_count: number; unhealthy_count: number }
  'GET /health/latest': { total_models: number; latest_health_checks: Record<string, HealthCheck> }
  'GET /health/history': { health_checks: (HealthCheck)[]; total_records: number; limit: number; offset: number }
  'GET /health/liveliness': string
  'GET /health/liveness': string
  'GET /health/readiness': { status: string; db: string; redis?: string }
  'POST /utils/route': Explanation
  'POST /utils/transform_request': { raw_request_api_base: string | null; raw_request_body: unknown; raw_request_headers: Record<string, unknown> | null; error: string | null }
  'POST /utils/token_counter': { total_tokens: number; request_model: string; model_used: string | null; tokenizer_type: string; original_response: unknown; error: unknown }
  'POST /config/reload': { status: string; findings: (string)[] }
  'POST /config/check': CheckedConfig
  'GET /openapi.json': Record<string, unknown>
  'POST /v2/login': { redirect_url: string }
  'GET /session': Session
  'GET /onboarding/get_token': { user_id: string; user_email: string | null }
  'POST /onboarding/claim_token': { redirect_url: string; user_id: string }
  'POST /key/generate': IssuedKey
  'POST /key/service-account/generate': IssuedKey
  'POST /key/update': KeyRow
  'POST /key/bulk_update': { total_requested: number; successful_updates: ({ key: string; key_info: KeyRow })[]; failed_updates: (unknown)[] }
  'POST /team/key/bulk_update': { total_requested: number; successful_updates: ({ key: string; key_info: KeyRow })[]; failed_updates: (unknown)[] }
  'POST /key/delete': { deleted_keys: (string)[] }
  'GET /key/info': { key: string; info: KeyInfo }
  'POST /v2/key/info': { key: (string)[]; info: (KeyRow)[] }
  'GET /key/list': { keys: (Key | string)[]; total_count: number; current_page: number; total_pages: number }
  'GET /key/aliases': { aliases: (string)[]; size: number; total_count: number; current_page: number; total_pages: number }
  'POST /key/regenerate': IssuedKey
  [path: `POST /key/${string}/regenerate`]: IssuedKey
  [path: `POST /key/${string}/reset_spend`]: { key_hash: string; spend: number; previous_spend: number; max_budget: number | null; budget_reset_at: string | null }
  'POST /key/block': KeyRow
  'POST /key/unblock': KeyRow
  'POST /key/health': { key: string; logging_callbacks: unknown }
  'POST /user/new': NewUser
  'POST /user/update': { user_id: string; data: User }
  'POST /user/bulk_update': { results: ({ user_id: string | null; user_email: string | null; success: boolean; error: string | null; updated_user: User | null })[]; total_requested: number; successful_updates: number; failed_updates: number }
  'POST /user/delete': number
  'GET /user/info': { user_id: string | null; user_info: User | null; keys: (KeyRow)[]; teams: (Team)[] }
  'GET /v2/user/info': User
  'GET /user/list': { users: (User)[]; total: number; page: number; page_size: number; total_pages: number }
  'GET /user/filter/ui': (User)[]
  'GET /user/available_roles': Record<string, { description: string; ui_label: string }>
  'POST /user/password/change': { user_id: string; message: string }
  'POST /logout': { status?: string; success?: boolean; message?: string }
  'POST /invitation/new': Invitation
  'GET /invitation/info': Invitation
  'POST /invitation/update': Invitation
  'POST /invitation/delete': Invitation
  'POST /team/new': Team
  'POST /team/update': { team_id: string; data: Team }
  [path: `PATCH /team/${string}`]: { team_id: string; data: Team }
  'POST /team/delete': { deleted_teams: (string)[] }
  'POST /team/block': Team
  'POST /team/unblock': Team
  'POST /team/model/add': Team
  'POST /team/model/delete': Team
  'GET /team/info': { team_id: string; team_info: Team; keys: (KeyRow)[]; team_memberships: ({ user_id: string; team_id: string; budget_id: string | null; spend: number; total_spend: number; allowed_models: (string)[]; litellm_budget_table: Budget | null })[] }
  'GET /team/list': (Team & { keys?: (KeyRow)[]; team_memberships?: ({ user_id: string; team_id: string; budget_id: string | null; spend: number; total_spend: number; allowed_models: (string)[]; litellm_budget_table: Budget | null })[]; members_count?: number })[]
  'GET /v2/team/list': { teams: (Team & { keys?: (KeyRow)[]; team_memberships?: ({ user_id: string; team_id: string; budget_id: string | null; spend: number; total_spend: number; allowed_models: (string)[]; litellm_budget_table: Budget | null })[]; members_count?: number })[]; total: number; page: number; page_size: number; total_pages: number }
  'GET /team/filter/ui': (Team)[]
  'GET /team/available': ({ team_id: string; team_alias: string | null; models: (string)[]; members_with_roles: (Record<string, unknown>)[] })[]
  'GET /team/permissions_list': { team_id: string; team_member_permissions: (string)[]; all_available_permissions: (string)[] }
  'POST /team/permissions_update': Team
  'POST /team/permissions_bulk_update': { message: string; teams_updated: number; permissions_appended: (string)[] }
  'POST /team/member_add': Team & { updated_users: (User | Person)[]; updated_team_memberships: ({ user_id: string; team_id: string; budget_id: string | null; spend: number; total_spend: number; allowed_models: (string)[]; litellm_budget_table: Budget | null })[] }
  'POST /team/bulk_member_add': { team_id: string; results: ({ user_id: string | null; user_email: string | null; success: boolean; error: string | null; updated_user: User | Person | null; updated_team_membership: { user_id: string; team_id: string; budget_id: string | null; spend: number; total_spend: number; allowed_models: (string)[]; litellm_budget_table: Budget | null } | null })[]; total_requested: number; successful_additions: number; failed_additions: number; updated_team: Team | null }
  'POST /team/member_update': { user_id: string; team_id: string; budget_id: string | null; spend: number; total_spend: number; allowed_models: (string)[]; litellm_budget_table: Budget | null; user_email: string | null; max_budget_in_team: number | null; budget_duration: string | null; tpm_limit: number | null; rpm_limit: number | null; role: 'admin' | 'user' }
  'POST /team/member_delete': Team
  [path: `GET /team/${string}/members/me`]: Record<string, unknown>
  [path: `POST /team/${string}/member/${string}/reset_spend`]: { team_id: string; user_id: string; spend: number; previous_spend: number }
  [path: `POST /team/${string}/member/${string}/reset_budget`]: Record<string, unknown>
  'POST /project/new': Project
  'POST /project/update': Project
  'DELETE /project/delete': (Project)[]
  'GET /project/info': Project
  'GET /project/list': (Project)[]
  'POST /organization/new': OrganizationRow
  'PATCH /organization/update': Organization
  [path: `PATCH /v2/organization/${string}`]: Organization
  'DELETE /organization/delete': (OrganizationRow)[]
  'GET /organization/list': (Organization)[]
  'GET /organization/info': Organization
  'POST /organization/info': (Organization)[]
  'POST /organization/member_add': { organization_id: string; updated_users: (User | Person)[]; updated_organization_memberships: (OrganizationMember)[] }
  'PATCH /organization/member_update': OrganizationMember
  'DELETE /organization/member_delete': OrganizationMember
  'POST /customer/new': Customer
  'POST /end_user/new': Customer
  'POST /customer/update': Customer
  'POST /end_user/update': Customer
  'POST /customer/delete': { deleted_customers: number; message: string }
  'POST /end_user/delete': { deleted_customers: number; message: string }
  'POST /customer/block': { blocked_users: (Customer)[] }
  'POST /end_user/block': { blocked_users: (Customer)[] }
  'POST /customer/unblock': { blocked_users: (Customer)[] }
  'POST /end_user/unblock': { blocked_users: (Customer)[] }
  'GET /customer/info': Customer
  'GET /end_user/info': Customer
  'GET /customer/list': (Customer)[]
  'GET /end_user/list': (Customer)[]
  'POST /budget/new': Budget
  'POST /budget/update': Budget
  'POST /budget/delete': Budget
  'POST /budget/info': (Budget)[]
  'GET /budget/list': (Budget)[]
  'GET /budget/settings': (Setting)[]
  'POST /tag/new': { message: string; tag: Tag }
  'POST /tag/update': { message: string; tag: Tag }
  'POST /tag/delete': { status?: string; success?: boolean; message?: string }
  'POST /tag/info': Record<string, Tag>
  'GET /tag/list': (Tag)[]
  'POST /access_group/new': { access_group: string; model_names: (string)[]; models_updated: number }
  'GET /access_group/list': { access_groups: ({ access_group: string; model_names: (string)[]; deployment_count: number })[] }
  [path: `GET /access_group/${string}/info`]: { access_group: string; model_names: (string)[]; deployment_count: number }
  [path: `PUT /access_group/${string}/update`]: { access_group: string; model_names: (string)[]; models_updated: number }
  [path: `DELETE /access_group/${string}/delete`]: { access_group: string; models_updated: number; message: string }
  'POST /model/new': AddedDeployment
  'POST /model/update': AddedDeployment
  [path: `PATCH /model/${string}/update`]: AddedDeployment
  'POST /model/delete': { status?: string; success?: boolean; message?: string }
  'POST /model/block': AddedDeployment
  'POST /model/unblock': AddedDeployment
  'GET /model/info': { data: (Deployment)[] }
  'GET /v1/model/info': { data: (Deployment)[] }
  'GET /v2/model/info': { data: (Deployment)[]; size: number; total_count: number; current_page: number; total_pages: number }
  'GET /model_group/info': { data: (ModelGroup)[] }
  'GET /guardrails/list': { guardrails: (Guardrail)[] }
  'GET /v2/guardrails/list': { guardrails: (Guardrail)[] }
  'POST /guardrails/apply_guardrail': { response_text: string }
  'POST /credentials/migrate-encryption': { status: string; credentials_migrated: number; models_migrated: number; pass_through_endpoints_migrated: number }
  'GET /credentials/migrate-encryption/check': { credentials: { total: number; to_migrate: number; unreadable: number }; models: { total: number; to_migrate: number; unreadable: number }; pass_through_endpoints: { total: number; to_migrate: number; unreadable: number } }
  'POST /credentials': { status?: string; success?: boolean; message?: string }
  'GET /credentials': { success: boolean; credentials: (Credential)[] }
  [path: `GET /credentials/by_name/${string}`]: Credential
  [path: `GET /credentials/by_model/${string}`]: Credential
  [path: `PATCH /credentials/${string}`]: { status?: string; success?: boolean; message?: string }
  [path: `DELETE /credentials/${string}`]: { status?: string; success?: boolean; message?: string }
  'GET /config/pass_through_endpoint': { endpoints: (PassThroughEndpoint)[] }
  'POST /config/pass_through_endpoint': { endpoints: (PassThroughEndpoint)[] }
  'DELETE /config/pass_through_endpoint': { endpoints: (PassThroughEndpoint)[] }
  [path: `GET /config/pass_through_endpoint/team/${string}`]: { endpoints: (PassThroughEndpoint)[] }
  [path: `POST /config/pass_through_endpoint/${string}`]: { endpoints: (PassThroughEndpoint)[] }
  'GET /spend/keys': (KeyRow)[]
  'GET /spend/users': (User)[]
  'GET /spend/tags': ({ individual_request_tag: string; log_count: number; total_spend: number })[]
  'POST /spend/calculate': { cost: number | null }
  'POST /cost/estimate': { model: string; input_tokens: number; output_tokens: number; cost_per_request: number; input_cost_per_request: number; output_cost_per_request: number; margin_cost_per_request: number; num_requests_per_day: number | null; num_requests_per_month: number | null; total_cost: number | null; daily_cost: number | null; monthly_cost: number | null }
  'GET /spend/logs': (Call | { startTime: string; spend: number; api_keys: Record<string, number>; models: Record<string, number>; users: Record<string, number> })[]
  'GET /spend/logs/v2': CallPage
  'GET /spend/logs/ui': CallPage
  [path: `GET /spend/logs/ui/${string}`]: Call
  'GET /spend/logs/session/ui': CallPage
  'GET /global/spend': { spend: number; max_budget: number | null }
  'GET /global/spend/logs': ({ date: string; spend: number })[]
  'GET /global/spend/keys': ({ api_key: string; key_alias: string | null; key_name: string | null; total_spend: number })[]
  'GET /global/spend/models': ({ model: string; total_spend: number })[]
  'GET /global/spend/provider': ({ provider: string; spend: number })[]
  'GET /provider/budgets': { providers: Record<string, { budget_limit: number | null; time_period: string | null; spend: number; remaining: number | null; budget_reset_at: string | null }> }
  'GET /router/experiments': { experiments: (Experiment)[] }
  'GET /global/spend/teams': { daily_spend: (Record<string, unknown>)[]; teams: (string)[]; total_spend_per_team: ({ team_id: string; total_spend: number })[] }
  'GET /global/spend/tags': { spend_per_tag: ({ name: string; spend: number; log_count: number })[] }
  'GET /global/spend/all_tag_names': { tag_names: (string)[] }
  'GET /global/spend/report': ({ group_by_day: string; teams?: ({ team_name?: string; organization_name?: string; customer?: string; total_spend: number; metadata: ({ model: string; spend: number; total_tokens: number; api_key: string })[] })[]; organizations?: ({ team_name?: string; organization_name?: string; customer?: string; total_spend: number; metadata: ({ model: string; spend: number; total_tokens: number; api_key: string })[] })[]; customers?: ({ team_name?: string; organization_name?: string; customer?: string; total_spend: number; metadata: ({ model: string; spend: number; total_tokens: number; api_key: string })[] })[] })[] | ({ api_key: string; total_cost: number; total_input_tokens: number; total_output_tokens: number; model_details: ({ model: string; total_cost: number; total_input_tokens: number; total_output_tokens: number })[]; internal_user_id?: string })[]
  'POST /global/spend/end_users': ({ end_user: string; total_count: number; total_spend: number })[]
  'POST /global/spend/reset': { status?: string; success?: boolean; message?: string }
  'POST /global/spend/refresh': { status?: string; success?: boolean; message?: string; refreshed_at: string }
  'GET /global/all_end_users': { end_users: (string)[] }
  'GET /key/spend/report': ({ api_key: string; total_cost: number; total_input_tokens: number; total_output_tokens: number; model_details: ({ model: string; total_cost: number; total_input_tokens: number; total_output_tokens: number })[]; internal_user_id?: string })[]
  'GET /user/spend/report': ({ api_key: string; total_cost: number; total_input_tokens: number; total_output_tokens: number; model_details: ({ model: string; total_cost: number; total_input_tokens: number; total_output_tokens: number })[]; internal_user_id?: string })[]
  'GET /team/spend/report': ({ group_by_day: string; teams?: ({ team_name?: string; organization_name?: string; customer?: string; total_spend: number; metadata: ({ model: string; spend: number; total_tokens: number; api_key: string })[] })[]; organizations?: ({ team_name?: string; organization_name?: string; customer?: string; total_spend: number; metadata: ({ model: string; spend: number; total_tokens: number; api_key: string })[] })[]; customers?: ({ team_name?: string; organization_name?: string; customer?: string; total_spend: number; metadata: ({ model: string; spend: number; total_tokens: number; api_key: string })[] })[] })[]
  'GET /organization/spend/report': ({ group_by_day: string; teams?: ({ team_name?: string; organization_name?: string; customer?: string; total_spend: number; metadata: ({ model: string; spend: number; total_tokens: number; api_key: string })[] })[]; organizations?: ({ team_name?: string; organization_name?: string; customer?: string; total_spend: number; metadata: ({ model: string; spend: number; total_tokens: number; api_key: string })[] })[]; customers?: ({ team_name?: string; organization_name?: string; customer?: string; total_spend: number; metadata: ({ model: string; spend: number; total_tokens: number; api_key: string })[] })[] })[]
  'GET /tag/distinct': { results: ({ tag: string })[] }
  'GET /tag/summary': { results: ({ tag: string; unique_users: number; total_requests: number; successful_requests: number; failed_requests: number; total_tokens: number; total_spend: number })[] }
  'GET /tag/dau': { results: ({ tag: string; active_users: number; date: string; period_start: string; period_end: string })[] }
  'GET /tag/wau': { results: ({ tag: string; active_users: number; date: string; period_start: string; period_end: string })[] }
  'GET /tag/mau': { results: ({ tag: string; active_users: number; date: string; period_start: string; period_end: string })[] }
  'POST /v1/feedback': { status: string; call_id: string; experiment?: string; model?: string; reason?: string }
  'POST /feedback': { status: string; call_id: string; experiment?: string; model?: string; reason?: string }
  'POST /drill/start': Drill
  'POST /drill/stop': Drill
  'GET /drill': Drill
  'GET /drill/list': { reports: (Drill)[] }
  'GET /global/activity': { daily_data: ({ date: string; api_requests: number; total_tokens: number })[]; sum_api_requests: number; sum_total_tokens: number }
  'GET /global/activity/model': ({ daily_data: ({ date: string; api_requests: number; total_tokens: number })[]; sum_api_requests: number; sum_total_tokens: number; model: string })[]
  'GET /global/activity/cache_hits': (Record<string, unknown>)[]
  'GET /global/activity/exceptions': { daily_data: ({ date: string; num_rate_limit_exceptions: number })[]; sum_num_rate_limit_exceptions: number }
  'GET /global/activity/exceptions/deployment': ({ daily_data: ({ date: string; num_rate_limit_exceptions: number })[]; sum_num_rate_limit_exceptions: number; api_base: string })[]
  'GET /usage': Usage
  'GET /user/daily/activity': DailyActivity
  'GET /user/daily/activity/aggregated': DailyActivity
  'GET /team/daily/activity': DailyActivity
  'GET /team/daily/activity/aggregated': DailyActivity
  'GET /organization/daily/activity': DailyActivity
  'GET /organization/daily/activity/aggregated': DailyActivity
  'GET /customer/daily/activity': DailyActivity
  'GET /customer/daily/activity/aggregated': DailyActivity
  'GET /end_user/daily/activity': DailyActivity
  'GET /end_user/daily/activity/aggregated': DailyActivity
  'GET /tag/daily/activity': DailyActivity
  'GET /tag/daily/activity/aggregated': DailyActivity
  'GET /loops': { data: (Loop)[] }
  'POST /loops/release': { released: boolean }
  'GET /get/allowed_ips': { data: (string)[] }
  'POST /add/allowed_ip': { status?: string; success?: boolean; message?: string }
  'POST /delete/allowed_ip': { status?: string; success?: boolean; message?: string }
  'GET /alerts': Alerting
  'POST /alerts/report': { status: string; report: Record<string, unknown> }
  'GET /alerting/settings': (Setting)[]
  'GET /health/services': { status?: string; success?: boolean; message?: string }
  'GET /audit': { audit_logs: (AuditEntry)[]; total: number; page: number; page_size: number; total_pages: number }
  [path: `GET /audit/${string}`]: AuditEntry
  'GET /routes': { routes: ({ path: string; methods: (string)[] })[] }
}
