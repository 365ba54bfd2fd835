//! Regions that data must stay in.

/// Whether deployments in `region`, as vendors name them (`eu-west-1`, `europe-west4`), are within `allowed`, which is
/// such a name or `eu` or `us`.
pub fn is_within(region: &str, allowed: &str) -> bool {
    let (region, allowed) = (region.to_ascii_lowercase(), allowed.to_ascii_lowercase());
    let area = region.split('-').next().unwrap_or_default();
    region == allowed || area == allowed || area == "europe" && allowed == "eu"
}

#[cfg(test)]
mod tests;
