//! Pictures for callers of OpenAI's dialect.

use types::{Answer, ModelFacts, Operation};

use super::*;
use crate::{Back, Front, Gemini, OpenAi, Quirks, Stamp, Target};

fn written(model: &str, body: &str, drop_params: bool) -> Result<String, Fault> {
    let (facts, quirks) = (ModelFacts::default(), Quirks::default());
    let (version, num_ctx, issuer) = (None, None, None);
    let target = Target { model, name: "g", facts: &facts, quirks: &quirks, drop_params, version, num_ctx, issuer };
    let request = OpenAi.read_request(Operation::Image, body.as_bytes())?;
    let outgoing = Gemini.write_request(&request, &target)?;
    Ok(String::from_utf8(outgoing.body.to_vec()).unwrap())
}

#[test]
fn a_prompt_becomes_a_chat_or_a_prediction() {
    let body = r#"{"model":"m","prompt":"a cat","size":"1792x1024","quality":"high","user":"u"}"#;
    let expected = r#"{"contents":[{"role":"user","parts":[{"text":"a cat"}]}],"generationConfig":{"responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"16:9"}}}"#;
    assert_eq!(written("gemini-2.5-flash-image", body, false).unwrap(), expected);
    let body = r#"{"prompt":"a cat","n":2,"size":"1365x2048"}"#;
    let expected = r#"{"instances":[{"prompt":"a cat"}],"parameters":{"sampleCount":2,"aspectRatio":"3:4","sampleImageSize":"2K"}}"#;
    assert_eq!(written("imagen-4.0-generate-001", body, false).unwrap(), expected);
    let path = |model| Gemini.path(Operation::Image, model, false).unwrap();
    assert_eq!(path("gemini-x"), "/models/gemini-x:generateContent");
    assert_eq!(path("imagen-4"), "/models/imagen-4:predict");
}

#[test]
fn pictures_to_be_edited_follow_what_is_wanted_of_them() {
    let body = br#"{"prompt":"a hat","images":[{"image_url":"data:image/png;base64,aGk="}]}"#;
    let written = |body: &[u8]| {
        let request = OpenAi.read_request(Operation::ImageEdit, body)?;
        assert_eq!(request.operation(), Operation::ImageEdit);
        let upstream = crate::trial::Upstream::new("gemini-2.5-flash-image");
        upstream.write(&Gemini, &request).map(|outgoing| String::from_utf8(outgoing.body.to_vec()).unwrap())
    };
    let sent = written(body).unwrap();
    assert!(
        sent.contains(r#""parts":[{"text":"a hat"},{"inlineData":{"mimeType":"image/png","data":"aGk="}}]"#),
        "{sent}"
    );
    assert_eq!(Gemini.path(Operation::ImageEdit, "imagen-4", false), None);
    let masked = br#"{"prompt":"a","mask":{"filename":"m"},"images":[{"image_url":"data:image/png;base64,aGk="}]}"#;
    assert_eq!(written(masked).unwrap_err().param.as_deref(), Some("mask"));
    let away = br#"{"prompt":"a","images":[{"image_url":"https://example.com/a.png"}]}"#;
    let fault = OpenAi.read_request(Operation::ImageEdit, away).unwrap_err();
    assert!(fault.message.contains("data:"), "{}", fault.message);
}

#[test]
fn what_would_be_another_picture_is_refused() {
    for (body, param) in [
        (r#"{"prompt":"a","n":2}"#, "n"),
        (r#"{"prompt":"a","stream":true}"#, "stream"),
        (r#"{"prompt":"a","response_format":"url"}"#, "response_format"),
        (r#"{"prompt":"a","background":"transparent"}"#, "background"),
        (r#"{"n":1}"#, "prompt"),
        (r#"{"prompt":"a","size":"large"}"#, "size"),
    ] {
        let fault = written("gemini-2.5-flash-image", body, false).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some(param)), "{body}");
    }
    assert!(written("gemini-x", r#"{"prompt":"a","response_format":"url","style":"vivid"}"#, true).is_ok());
}

#[test]
fn pictures_come_back_as_base64_with_what_they_consumed() {
    let shown = |body: &str| {
        let answer = Gemini.read_answer(Operation::Image, body.as_bytes())?;
        let stamp = Stamp { created: 7, ..Stamp::default() };
        Ok::<_, Fault>(String::from_utf8(OpenAi.write_answer(Operation::Image, &answer, &stamp).to_vec()).unwrap())
    };
    let drawn = r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"Here it is."},
        {"inlineData":{"mimeType":"image/png","data":"aGk="}}]},"finishReason":"STOP"}],
        "usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":1300,"totalTokenCount":1305,
        "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1290}]}}"#;
    let expected = r#"{"created":7,"data":[{"b64_json":"aGk="}],"output_format":"png","usage":{"input_tokens":5,"input_tokens_details":{"text_tokens":5,"image_tokens":0},"output_tokens":1300,"output_tokens_details":{"text_tokens":10,"image_tokens":1290},"total_tokens":1305}}"#;
    assert_eq!(shown(drawn).unwrap(), expected);
    let predicted =
        r#"{"predictions":[{"mimeType":"image/jpeg","bytesBase64Encoded":"aGk="},{"bytesBase64Encoded":"aG8="}]}"#;
    let expected = r#"{"created":7,"data":[{"b64_json":"aGk="},{"b64_json":"aG8="}],"output_format":"jpeg"}"#;
    assert_eq!(shown(predicted).unwrap(), expected);
    let Answer::Pictures(pictures) = Gemini.read_answer(Operation::Image, predicted.as_bytes()).unwrap() else {
        panic!("they are pictures");
    };
    assert_eq!(pictures.usage.images_made, Some(2));
    for nothing in ["{}", r#"{"predictions":[]}"#, r#"{"predictions":[{"raiFilteredReason":"no"}]}"#] {
        assert_eq!(shown(nothing).unwrap_err().kind, FaultKind::ContentPolicy, "{nothing}");
    }
    let talked = r#"{"candidates":[{"content":{"parts":[{"text":"I cannot."}]},"finishReason":"STOP"}]}"#;
    assert_eq!(shown(talked).unwrap_err().kind, FaultKind::Malformed);
}
