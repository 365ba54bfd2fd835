use tokio::time::advance;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn grant(secret: &str) -> Grant {
    let fields = vec![("client_secret", Text::Said(Secret::new(secret)))];
    Grant::Form { url: "https://issuer.example/token".to_owned(), headers: Vec::new(), fields }
}

fn token(text: &str) -> Result<(Fetched, Duration), String> {
    Ok((Fetched::Token(Secret::new(text)), 60 * MINUTE))
}

#[tokio::test(start_paused = true)]
async fn a_token_is_fetched_at_once_and_again_five_minutes_before_its_end() {
    let held = AccessTokens::default().of(grant("s"));
    assert!(held.take_turn());
    assert!(!held.take_turn(), "somebody is at it");
    held.put(token("one"));
    assert_eq!(held.header(Duration::ZERO).await.unwrap(), "Bearer one");
    advance(54 * MINUTE).await;
    assert!(!held.take_turn());
    advance(MINUTE).await;
    assert!(held.take_turn());
    assert_eq!(held.now().unwrap(), "Bearer one", "it holds while the next one is fetched");
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_before_the_first_token_waits_for_it() {
    let held = AccessTokens::default().of(grant("s"));
    let (header, ()) = tokio::join!(held.header(MINUTE), async {
        advance(Duration::from_secs(1)).await;
        held.put(token("one"));
    });
    assert_eq!(header.unwrap(), "Bearer one");
}

#[tokio::test(start_paused = true)]
async fn without_a_token_the_caller_hears_why_at_once_and_no_secret() {
    let held = AccessTokens::default().of(grant("s3cret"));
    held.put(Err("the answer has status 401".to_owned()));
    let fault = held.header(MINUTE).await.unwrap_err();
    assert!(fault.message.contains("status 401"), "{}", fault.message);
    assert_eq!((fault.kind, fault.side), (FaultKind::Unavailable, Side::Gateway));
    assert!(!format!("{held:?}").contains("s3cret"));
    held.put(Ok((Fetched::Token(Secret::new("a\nb")), MINUTE)));
    assert!(held.header(MINUTE).await.is_err(), "a header cannot hold it");
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_soon_and_then_ever_more_seldom_while_the_old_token_holds() {
    let held = AccessTokens::default().of(grant("s"));
    held.put(token("one"));
    advance(55 * MINUTE).await;
    let mut tries = 0;
    for _ in 0..300 {
        if held.take_turn() {
            tries += 1;
            held.put(Err("down".to_owned()));
        }
        advance(Duration::from_secs(1)).await;
    }
    assert!((8..=12).contains(&tries), "{tries}");
    assert_eq!(held.now(), None, "it has ended");
    assert_eq!(held.trouble().as_deref(), Some("down"));
}

#[test]
fn who_asks_alike_shares_a_token_and_who_does_not_has_another() {
    let all = AccessTokens::default();
    let (one, same, other) = (all.of(grant("a")), all.of(grant("a")), all.of(grant("b")));
    assert!(Arc::ptr_eq(&one, &same) && !Arc::ptr_eq(&one, &other));
    assert_eq!(all.all().len(), 2);
    drop((one, same));
    assert_eq!(all.all().len(), 1, "nobody needs it any more");
}
