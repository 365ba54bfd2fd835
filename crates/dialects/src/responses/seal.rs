//! Reasoning that a provider of this API has encrypted, on its way through the words of chats: with its id and the mark of the
//! account that alone understands it.

use crate::Issuer;

/// What begins a proof that is such reasoning. No other provider's proofs do.
const TAG: &str = "rsn.";

/// Encrypted reasoning as a proof.
pub(crate) fn close(id: &str, blob: &str) -> String {
    format!("{TAG}{id}.{blob}")
}

/// Whether a proof is such reasoning, which means nothing to anybody else.
pub(crate) fn is_closed(proof: &str) -> bool {
    proof.starts_with(TAG)
}

/// The same proof with the mark of the account that gave it.
pub(crate) fn mark(proof: &mut String, issuer: Issuer) {
    if is_closed(proof) {
        proof.insert_str(TAG.len(), &format!("{issuer}."));
    }
}

/// The id of the reasoning and what is encrypted, where `target` understands it.
pub(crate) fn open(proof: &str, target: Option<Issuer>) -> Option<(&str, &str)> {
    let (issuer, rest) = proof.strip_prefix(TAG)?.split_once('.')?;
    let issuer = Issuer::parse(issuer)?;
    target.is_some_and(|target| target.understands(issuer)).then(|| rest.split_once('.'))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_opens_at_the_account_that_set_it_and_nowhere_else() {
        let (own, other) = (Issuer { account: 1, deployment: 2 }, Issuer { account: 3, deployment: 4 });
        let mut proof = close("rs_1", "gAAA.b");
        mark(&mut proof, own);
        assert_eq!(open(&proof, Some(own)), Some(("rs_1", "gAAA.b")));
        assert!(open(&proof, Some(other)).is_none() && open(&proof, None).is_none());
        let mut theirs = "EqRc".to_owned();
        mark(&mut theirs, own);
        assert!(theirs == "EqRc" && !is_closed(&theirs) && is_closed(&proof));
    }
}
