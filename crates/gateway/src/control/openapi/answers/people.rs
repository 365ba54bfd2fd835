//! Keys, users, teams, organizations, customers, and who is signed in.

use super::super::shape::Shape::{Any, Count, Flag, ListOf, MapOf, Maybe, Moment, Named, Number, Object, OneOf, Text};
use super::super::shape::{Kind, Part, Shape, has, kind, may_have};
use super::money::{ALLOWANCE, BUDGET_OR_NULL, COUNTS};
use super::{COUNT_OR_NULL, MAP, MAP_OR_NULL, MOMENT_OR_NULL, NUMBER_OR_NULL, TEXT_OR_NULL, TEXTS};

/// Roles in the gateway.
const ROLE: Shape = OneOf(&["proxy_admin", "proxy_admin_viewer", "org_admin", "internal_user", "internal_user_viewer"]);
const MEMBER_ROLE: Shape = OneOf(&["admin", "user"]);

const KEY: &[Part] = &[
    has("key_name", Text),
    has("key_alias", TEXT_OR_NULL),
    has("soft_budget_cooldown", Flag),
    has("spend", Number),
    has("expires", MOMENT_OR_NULL),
    has("models", TEXTS),
    has("aliases", MapOf(&Text)),
    has("config", MAP),
    has("router_settings", MAP_OR_NULL),
    has("user_id", TEXT_OR_NULL),
    has("team_id", TEXT_OR_NULL),
    has("agent_id", TEXT_OR_NULL),
    has("project_id", TEXT_OR_NULL),
    has("organization_id", TEXT_OR_NULL),
    has("org_id", TEXT_OR_NULL),
    has("permissions", MAP),
    has("metadata", MAP),
    has("blocked", Flag),
    has("model_spend", MapOf(&Number)),
    has("budget_fallbacks", MapOf(&TEXTS)),
    has("allowed_cache_controls", TEXTS),
    has("allowed_routes", TEXTS),
    has("key_type", TEXT_OR_NULL),
    has("access_group_ids", TEXTS),
    has("object_permission_id", TEXT_OR_NULL),
    has("object_permission", MAP_OR_NULL),
    has("created_at", Moment),
    has("created_by", TEXT_OR_NULL),
    has("updated_at", Moment),
    has("updated_by", TEXT_OR_NULL),
    has("last_active", MOMENT_OR_NULL),
    has("rotation_count", Count),
    has("auto_rotate", Flag),
    has("rotation_interval", TEXT_OR_NULL),
    has("last_rotation_at", MOMENT_OR_NULL),
    has("key_rotation_at", MOMENT_OR_NULL),
    // Whether it was handed out by another user, and so makes its holder nobody.
    may_have("delegated", Flag),
];

const POLICIES: &[Part] = &[has("policies", TEXTS)];

/// A key without its hash.
pub const KEY_INFO: Kind = kind("KeyInfo", "A virtual key", &[KEY, POLICIES, ALLOWANCE]);
/// A key with its hash.
pub const KEY_ROW: Kind = kind(
    "KeyRow",
    "A virtual key, with the hash that names it",
    &[KEY, POLICIES, ALLOWANCE, &[has("token", Text), may_have("key", Text)]],
);
/// A key of a list.
pub const LISTED_KEY: Kind = kind(
    "Key",
    "A virtual key, with whom it belongs to",
    &[
        KEY,
        POLICIES,
        ALLOWANCE,
        &[
            has("token", Text),
            has("team_alias", TEXT_OR_NULL),
            has("user_email", TEXT_OR_NULL),
            may_have("deleted_at", Moment),
            may_have("deleted_by", TEXT_OR_NULL),
            may_have("deleted_by_api_key", TEXT_OR_NULL),
        ],
    ],
);
/// A key that was just made.
pub const ISSUED_KEY: Kind = Kind {
    name: "IssuedKey",
    about: "A key that was just made: the only time its secret is shown, in `key`",
    parts: &[KEY, ALLOWANCE, &[has("key", Text), has("token", Text), has("policies", Maybe(&TEXTS))]],
    // What the incumbent shows beside `metadata`.
    others: Some(Any),
};

/// A user.
pub const USER: Kind = kind("User", "A user", &[USER_PARTS, ALLOWANCE, &[may_have("key_count", Count)]]);
/// A user that was just made.
pub const NEW_USER: Kind = Kind {
    name: "NewUser",
    about: "A user that was just made, with a key: the only time its secret is shown, in `key`; empty if there is none",
    parts: &[USER_PARTS, ALLOWANCE, &[has("key", Text)]],
    // What is known of the key.
    others: Some(Any),
};
const USER_PARTS: &[Part] = &[
    has("user_id", Text),
    has("user_alias", TEXT_OR_NULL),
    has("user_email", TEXT_OR_NULL),
    has("user_role", ROLE),
    has("sso_user_id", TEXT_OR_NULL),
    has("team_id", TEXT_OR_NULL),
    has("teams", TEXTS),
    has("organization_id", TEXT_OR_NULL),
    has(
        "organization_memberships",
        ListOf(&Object(&[&[
            has("user_id", Text),
            has("organization_id", Text),
            has("user_role", ROLE),
            has("spend", Number),
            has("budget_id", TEXT_OR_NULL),
            has("created_at", Moment),
            has("updated_at", Moment),
        ]])),
    ),
    has("spend", Number),
    has("models", TEXTS),
    has("metadata", MAP),
    has("blocked", Flag),
    has("allowed_cache_controls", TEXTS),
    has("policies", TEXTS),
    has("object_permission", MAP_OR_NULL),
    has("object_permission_id", TEXT_OR_NULL),
    has("model_spend", MapOf(&Number)),
    has("created_at", Moment),
    has("updated_at", Moment),
];

/// A user as far as those know them who may not see users.
const PERSON: Kind = kind(
    "Person",
    "A user, as far as somebody knows them who may not see users",
    &[&[has("user_id", Text), has("user_alias", TEXT_OR_NULL), has("user_email", TEXT_OR_NULL)]],
);

/// A member of a team.
const MEMBER: Kind = kind(
    "Member",
    "A member of a team",
    &[&[has("user_id", Text), has("user_email", TEXT_OR_NULL), has("role", MEMBER_ROLE)]],
);

/// A team.
pub const TEAM: Kind = kind(
    "Team",
    "A team",
    &[
        &[
            has("team_id", Text),
            has("team_alias", TEXT_OR_NULL),
            has("organization_id", TEXT_OR_NULL),
            has("admins", TEXTS),
            has("members", TEXTS),
            has("members_with_roles", ListOf(&Named(&MEMBER))),
            has("team_member_permissions", TEXTS),
            has("team_member_budget_table", BUDGET_OR_NULL),
            has("metadata", MAP),
            has("models", TEXTS),
            has("model_id", COUNT_OR_NULL),
            has("litellm_model_table", Maybe(&Object(&[&[has("model_aliases", MapOf(&Text))]]))),
            has("model_aliases", MapOf(&Text)),
            has("blocked", Flag),
            has("router_settings", MAP_OR_NULL),
            has("access_group_ids", TEXTS),
            has("default_team_member_models", TEXTS),
            has("policies", TEXTS),
            has("object_permission", MAP_OR_NULL),
            has("object_permission_id", TEXT_OR_NULL),
            has("allow_team_guardrail_config", Flag),
            has("spend", Number),
            has("model_spend", MapOf(&Number)),
            has("created_at", Moment),
            has("updated_at", Moment),
        ],
        ALLOWANCE,
    ],
);

/// What a member of a team may spend there.
pub const MEMBERSHIP: &[Part] = &[
    has("user_id", Text),
    has("team_id", Text),
    has("budget_id", TEXT_OR_NULL),
    has("spend", Number),
    has("total_spend", Number),
    has("allowed_models", TEXTS),
    has("litellm_budget_table", BUDGET_OR_NULL),
];

/// A membership that was changed.
pub const CHANGED_MEMBERSHIP: &[Part] = &[
    has("user_email", TEXT_OR_NULL),
    has("max_budget_in_team", NUMBER_OR_NULL),
    has("budget_duration", TEXT_OR_NULL),
    has("tpm_limit", COUNT_OR_NULL),
    has("rpm_limit", COUNT_OR_NULL),
    has("role", MEMBER_ROLE),
];

const ORGANIZATION_PARTS: &[Part] = &[
    has("organization_id", Text),
    has("organization_alias", TEXT_OR_NULL),
    has("budget_id", TEXT_OR_NULL),
    has("metadata", MAP),
    has("models", TEXTS),
    has("spend", Number),
    has("model_spend", MapOf(&Number)),
    has("object_permission_id", TEXT_OR_NULL),
    has("object_permission", MAP_OR_NULL),
    has("litellm_budget_table", BUDGET_OR_NULL),
    has("created_at", Moment),
    has("created_by", TEXT_OR_NULL),
    has("updated_at", Moment),
    has("updated_by", TEXT_OR_NULL),
];

/// An organization by itself.
pub const ORGANIZATION_ROW: Kind = kind("OrganizationRow", "An organization", &[ORGANIZATION_PARTS]);
/// An organization with all that is in it.
pub const ORGANIZATION: Kind = kind(
    "Organization",
    "An organization with its members and teams",
    &[ORGANIZATION_PARTS, &[has("members", ListOf(&Named(&ORGANIZATION_MEMBER))), has("teams", ListOf(&Named(&TEAM)))]],
);

/// A member of an organization.
pub const ORGANIZATION_MEMBER: Kind = kind(
    "OrganizationMember",
    "A member of an organization",
    &[&[
        has("user_id", Text),
        has("user_email", TEXT_OR_NULL),
        has("organization_id", Text),
        has("user_role", ROLE),
        has("spend", Number),
        has("budget_id", TEXT_OR_NULL),
        has("litellm_budget_table", BUDGET_OR_NULL),
        has("user", Maybe(&SOMEBODY)),
        has("created_at", Moment),
        has("updated_at", Moment),
    ]],
);

/// A user, or what may be seen of one.
pub const SOMEBODY: Shape = Shape::Either(&[Named(&USER), Named(&PERSON)]);

/// A project of a team.
pub const PROJECT: Kind = kind(
    "Project",
    "A project of a team",
    &[&[
        has("project_id", Text),
        has("project_alias", TEXT_OR_NULL),
        has("description", TEXT_OR_NULL),
        has("team_id", Text),
        has("models", TEXTS),
        has("blocked", Flag),
        has("metadata", MAP),
        has("spend", Number),
        has("model_spend", MapOf(&Number)),
        has("model_rpm_limit", COUNTS),
        has("model_tpm_limit", COUNTS),
        has("budget_id", TEXT_OR_NULL),
        has("litellm_budget_table", BUDGET_OR_NULL),
        has("object_permission", MAP_OR_NULL),
        has("object_permission_id", TEXT_OR_NULL),
        has("created_at", Moment),
        has("created_by", TEXT_OR_NULL),
        has("updated_at", Moment),
        has("updated_by", TEXT_OR_NULL),
    ]],
);

/// A customer.
pub const CUSTOMER: Kind = kind(
    "Customer",
    "Somebody on whose behalf calls are made",
    &[&[
        has("user_id", Text),
        has("alias", TEXT_OR_NULL),
        has("blocked", Flag),
        has("spend", Number),
        has("allowed_model_region", TEXT_OR_NULL),
        has("default_model", TEXT_OR_NULL),
        has("models", TEXTS),
        has("budget_id", TEXT_OR_NULL),
        has("litellm_budget_table", BUDGET_OR_NULL),
        has("object_permission_id", TEXT_OR_NULL),
        has("object_permission", MAP_OR_NULL),
        has("created_at", Moment),
        has("updated_at", Moment),
    ]],
);

/// A tag.
pub const TAG: Kind = kind(
    "Tag",
    "A word for what calls are for",
    &[&[
        has("name", Text),
        has("description", TEXT_OR_NULL),
        has("models", TEXTS),
        has("model_info", MAP),
        has("spend", Number),
        has("budget_id", TEXT_OR_NULL),
        has("litellm_budget_table", BUDGET_OR_NULL),
        has("created_at", Moment),
        has("created_by", TEXT_OR_NULL),
        has("updated_at", Moment),
    ]],
);

/// An invitation.
pub const INVITATION: Kind = kind(
    "Invitation",
    "A link by which a user chooses a password",
    &[&[
        has("id", Text),
        has("user_id", Text),
        has("is_accepted", Flag),
        has("accepted_at", MOMENT_OR_NULL),
        has("expires_at", Moment),
        has("created_at", Moment),
        has("created_by", TEXT_OR_NULL),
        has("updated_at", Moment),
        has("updated_by", TEXT_OR_NULL),
        may_have("email_sent", Flag),
    ]],
);

/// `GET /session`
pub const SESSION: Kind = kind(
    "Session",
    "Who is signed in, or how to. `open`: everybody may do everything, as there is no master key",
    &[&[
        has("signed_in", Flag),
        has("open", Flag),
        has("database", Flag),
        has("version", Text),
        has("sso", Maybe(&Named(&SSO))),
        may_have("user_id", TEXT_OR_NULL),
        may_have("user_email", TEXT_OR_NULL),
        may_have("user_alias", TEXT_OR_NULL),
        may_have("user_role", Maybe(&ROLE)),
        may_have("has_password", Flag),
        may_have("session", Flag),
        may_have("expires", MOMENT_OR_NULL),
        may_have(
            "teams",
            ListOf(&Object(&[&[has("team_id", Text), has("team_alias", TEXT_OR_NULL), has("role", MEMBER_ROLE)]])),
        ),
        may_have(
            "organizations",
            ListOf(&Object(&[&[
                has("organization_id", Text),
                has("organization_alias", TEXT_OR_NULL),
                has("role", ROLE),
            ]])),
        ),
    ]],
);

const SSO: Kind = kind(
    "Sso",
    "A provider of identities: where signing in begins, whether browsers go there without being asked, whether users' \
     passwords do not count, and where browsers go that signed out",
    &[&[
        has("name", Text),
        has("path", Text),
        has("at_once", Flag),
        has("replaces_passwords", Flag),
        has("logout_url", TEXT_OR_NULL),
    ]],
);
