//! A request's journey, from the caller's bytes to the caller's bytes (see [`serve`]).
//!
//! The engine carries out what `policy` decides, in the words of `dialects`, over what `providers` connects. It
//! knows nothing of listening sockets, configuration files or databases.

mod access;
mod access_token;
mod ask;
mod asked;
mod attempt;
mod attempts;
mod attribution;
#[cfg(test)]
mod balance;
mod bells;
mod bond;
mod booking;
pub mod cache;
mod caller;
mod defect;
mod deliver;
mod detour;
mod dice;
mod doorway;
mod embed;
mod explain;
mod fit;
mod flow;
mod forecast;
mod gate;
mod gauge;
mod guards;
mod health;
mod hold;
mod journey;
mod kept;
mod keyring;
mod ledger;
mod letter;
mod line;
mod loops;
mod meaning;
mod meters;
pub mod nodes;
mod note;
mod pace;
mod pass;
mod passing;
mod pieces;
mod quota;
pub mod realtime;
mod record;
mod reply;
#[cfg(test)]
mod rig;
mod route;
mod search;
mod seat;
mod setup;
pub mod sharing;
mod signing;
#[cfg(test)]
mod storm;
mod taking;
mod telemetry;
mod terms;
pub mod tokens;
mod trace;
mod transcript;
mod window;
mod wire;

pub use access::{Access, Identity};
pub use access_token::{AccessToken, AccessTokens, Fetched, Grant, Subject, SubjectSource};
pub use ask::Call;
pub use caller::Caller;
pub use deliver::Delivery;
pub use dice::Dice;
pub use doorway::Doorway;
pub use explain::{Dropped, Explanation, Foreseen, Judged, Look, Means, Moment, Money, Upstream, explain};
pub use gate::Gate;
pub use gauge::Gauge;
pub use guards::{Check, FieldGuard, FieldPath, Finder, Guard, Guardrails, Modes, Remote, Size, Way};
pub use health::{Health, Roll};
pub use journey::{answer_call, refuse, refuse_call, serve};
pub use kept::{Found, Inquiry, Pieces, inquire, keeper};
pub use keyring::Keyring;
pub use ledger::{Durable, Ledger};
pub use line::{LineView, Lines, Queueing};
pub use loops::Loops;
pub use meters::{Meters, Spend};
pub use passing::{
    Ahead, PassBody, PassCall, PassContent, PassReply, Passage, Passages, Relay, note_refused_pass, pass_on,
};
pub use quota::Quota;
pub use realtime::SessionBounds;
pub use record::{Stranger, note_answer, note_refusal};

pub use reply::{Content, Reply};
pub use route::RuleSaid;
pub use seat::{Accounts, Bounds};
pub use setup::{ClientParams, Counted, Deployment, Group, Intake, Limits, Pattern, Pricing, Setup, Spending};
pub use signing::{AwsGrant, AwsSource, Sent, Signer, Signing, Text};
pub use telemetry::Telemetry;
pub use window::Excess;
pub use wire::Wire;
