//! People and programs whom a provider of identities vouches for: sign-in by SSO, and tokens in the place of keys,
//! against the real binary and an issuer with real keys.

mod issuer;
mod sso;
mod tokens;
