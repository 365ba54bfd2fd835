//! Choosing one deployment of a group.

/// A deployment of a group, as far as choosing needs to know it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Member {
    /// Share of the traffic, from `weight`; 0 if not given.
    pub weight: f64,
    /// Requests per minute; stands in for the weight where no member has one.
    pub rpm: f64,
    /// Tokens per minute; stands in where no member has weight or rpm.
    pub tpm: f64,
    /// Members of a lower order come first.
    pub order: i64,
    /// Whether it rests after faults, or was tried for this call already.
    pub out: bool,
}

/// Picks one of the members that are not out: the lowest `order` first, within it at random by weight (or rpm, or
/// tpm, whichever is set first for any of them), evenly if none is set. `dice` is a random number from 0 to 1.
pub fn pick(members: &[Member], dice: f64) -> Option<usize> {
    let order = members.iter().filter(|member| !member.out).map(|member| member.order).min()?;
    let fit = |member: &Member| !member.out && member.order == order;
    let measures: [fn(&Member) -> f64; 3] = [|m| m.weight, |m| m.rpm, |m| m.tpm];
    let measure = measures.into_iter().find(|measure| members.iter().any(|m| fit(m) && measure(m) > 0.0));
    let share = |member: &Member| match measure {
        _ if !fit(member) => 0.0,
        Some(measure) => measure(member),
        None => 1.0,
    };
    let total: f64 = members.iter().map(share).sum();
    let mut left = dice * total;
    let mut chosen = None;
    for (index, member) in members.iter().enumerate().filter(|(_, member)| share(member) > 0.0) {
        chosen = Some(index);
        left -= share(member);
        if left < 0.0 {
            break;
        }
    }
    chosen
}

#[cfg(test)]
mod tests;
